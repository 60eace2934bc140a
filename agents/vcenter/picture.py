"""The picture that vCenter shows of its hosts: in which state each is, and by whose word.

This module decides which master's view is shown (fact sheet 3.1 [AG50-PART]), and what a host's own report counts for
while no master tells of it. It leaves messages, and what vCenter asks of hosts, to `vcenter.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from herzschlag.agents import records
from herzschlag.agents.protocol.messages import ClusterView
from herzschlag.agents.records import AnyEntry
from herzschlag.agents.settings import Timers
from herzschlag.agents.states import HostState, Role

_STATE_OF_ROLE: dict[Role, HostState] = {
    "uninitialized": "uninitialized",
    "election": "election",
    "slave": "connectedToMaster",
    "master": "master",
    "isolated": "networkIsolated",
}
"""Host state that a host's own report implies while no master is heard (fact sheet 3.1)."""

_UNJOINED = ("uninitialized", "election")


class KnownHost:
    """What vCenter knows of one host."""

    __slots__ = ("access", "boot", "config", "last_ns", "newest", "reported_ns", "role", "sequence", "vms")

    def __init__(self) -> None:
        self.boot = self.sequence = 0
        """Its life (`boot`; 0: it was not heard yet), and the number of its newest message."""
        self.config = 0
        self.role: Role = "uninitialized"
        self.vms: frozenset[str] = frozenset()
        self.reported_ns = 0
        """When it last said what it runs."""
        self.access: dict[str, str] = {}
        self.last_ns: int | None = None
        self.newest: dict[str, tuple[int, int]] = {}
        """Network, or kind of message, to (boot, sequence) of the newest: what is not newer is a replay or old news."""


class _View(NamedTuple):
    """The last report of one master."""

    message: ClusterView
    at_ns: int


class Picture:
    def __init__(self, timers: Timers, trace: Callable[[AnyEntry], None]) -> None:
        self._timeout_ns = timers.host_timeout_ns
        self._trace = trace
        self._hosts: dict[str, KnownHost] = {}
        self._since_ns = 0
        """When this life of vCenter began."""
        self._views: dict[str, _View] = {}
        self.master = ""
        """Whose view is shown; empty: no master's."""
        self.states: dict[str, HostState] = {}
        """What is shown, by host."""
        self._unshown: HostState | Literal["unknown"] = "uninitialized"
        """Of a host not shown yet; unknown after a restart: what is seen then is the picture of the life before."""
        self._silent: set[str] = set()
        """Hosts whose own reports stay away."""

    def begin(self, hosts: dict[str, KnownHost], now_ns: int, *, restarted: bool) -> None:
        """A life of vCenter begins; `hosts` is kept up to date by the caller."""
        self._hosts, self._since_ns = hosts, now_ns
        if restarted:
            self._unshown = "unknown"

    def masters_view(self) -> ClusterView | None:
        """The view that is shown; None while no master's is."""
        return self._views[self.master].message if self.master else None

    # --- what happens ---

    def told(self, moid: str, view: ClusterView, now_ns: int) -> None:
        """A master told its view."""
        self._views[moid] = _View(view, now_ns)
        self.show(now_ns)

    def reported(self, moid: str, now_ns: int) -> None:
        """A host reported."""
        if self._hosts[moid].role != "master":
            self._views.pop(moid, None)
        self.show(now_ns, moid)

    # --- what is due ---

    def listen(self, now_ns: int) -> None:
        """Notice hosts that fall silent or report again; no state follows, for a master speaks for its hosts."""
        for moid, host in self._hosts.items():
            silent = host.last_ns is not None and host.last_ns < now_ns - self._timeout_ns
            if silent and moid not in self._silent:
                self._trace(records.Reports(host=moid, from_="heard", to="silent", because="no report for 10 s"))
            elif not silent and moid in self._silent:
                self._trace(records.Reports(host=moid, from_="silent", to="heard", because="it reports again"))
            (self._silent.add if silent else self._silent.discard)(moid)

    def show(self, now_ns: int, only: str = "") -> None:
        """vCenter shows the view of one master; it stays with it as long as that one is heard (fact sheet 3.1).
        `only`: nothing is new but this host's own report."""
        fresh_ns = now_ns - self._timeout_ns
        fresh = {moid: view for moid, view in self._views.items() if view.at_ns >= fresh_ns}
        if self.master not in fresh:
            best = max(fresh, key=lambda m: (len(fresh[m].message.owned), m), default="")
            if best != self.master:
                why = f"{best} reports as master" if best else f"{self.master} is not heard for 10 s"
                self._trace(records.MasterSeen(master=best, because=why))
                self.master, only = best, ""
        states = fresh[self.master].message.hosts if self.master else {}
        for moid in (only,) if only else self._hosts:
            host = self._hosts[moid]
            recent = host.last_ns is not None and host.last_ns >= fresh_ns
            state = states.get(moid)
            because = ""
            if recent and (state is None or state in _UNJOINED):
                own = _STATE_OF_ROLE[host.role]
                if state is None or own in _UNJOINED:
                    state, because = own, "its own report"
            elif not self.master and self._since_ns <= fresh_ns:  # Before, a restarted vCenter cannot know.
                state, because = "fdmUnreachable", "neither a master nor the host itself is heard"
            if state is None:
                continue  # A new master has no opinion yet: the old picture stays.
            before = self.states.get(moid, self._unshown)
            if state != before:
                because = because or f"{self.master} says so"
                self._trace(records.HostOpinion(host=moid, from_=before, to=state, because=because))
            self.states[moid] = state
