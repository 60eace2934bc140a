"""The detection of isolation: no agent traffic on any network, and no answer from an isolation address.

This module decides when to ping isolation addresses, when isolation is declared and when its response is due: T30/T60
for a slave, T5/T35 for a master (fact sheet 1.3, 1.4, 6). It leaves the response itself to
`roles/isolation_response.py`.
"""

from __future__ import annotations

from herzschlag.agents.settings import Timers


class IsolationProbe:
    """The silence around one master (an elected one, or a host that elected itself). All times are monotonic ns."""

    def __init__(self, timers: Timers, *, since_ns: int, probe_at_once: bool, declared: bool = False) -> None:
        """`declared`: the host is isolated already, and pings only to learn when that ends."""
        self._t = timers
        self._declared = declared
        self.quiet_since_ns = since_ns
        """Last agent traffic, election win or answered ping, whichever was latest."""
        wait = 0 if probe_at_once else timers.isolation_probe_after_ns
        self.next_ping_ns = since_ns + wait
        self.probing = False

    def traffic(self, now_ns: int) -> bool:
        """Another agent was heard. Returns whether that ended a running probe."""
        was, self.probing = self.probing, False
        self.quiet_since_ns = now_ns
        self.next_ping_ns = now_ns + self._t.isolation_probe_after_ns
        return was

    def answered(self, now_ns: int) -> None:
        """An isolation address answered: the host is not isolated for the next five seconds."""
        self.quiet_since_ns = now_ns

    def due_ns(self) -> int:
        if self._declared:
            return self.next_ping_ns
        return min(self.next_ping_ns, self.quiet_since_ns + self._t.isolation_ping_ns)

    def ping_due(self, now_ns: int) -> bool:
        """Whether to ping all isolation addresses now; once a second while alone."""
        if now_ns < self.next_ping_ns:
            return False
        self.probing = True
        self.next_ping_ns = now_ns + self._t.ping_interval_ns
        return True

    def isolated(self, now_ns: int) -> bool:
        """Whether five seconds passed without a sign of another agent or an answer (fact sheet 6 [WP50])."""
        return now_ns - self.quiet_since_ns >= self._t.isolation_ping_ns
