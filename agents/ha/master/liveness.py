"""One host as a master sees it: from silence to an opinion.

```
 heard ──3 s──> watching ──10 s──> pinging ──5 s──> decided: hostDown | networkPartitionedFromMaster |
   ^  (datastore heartbeats)  (unreachable)         |        networkIsolated | fdmUnreachable
   └──────────────── any datagram ──────────────────┘        re-judged with every ping and datastore heartbeat
```

This module decides when to watch, ping and read, and what to conclude: the timeline of fact sheet 1.1 and the table of
3.2. It leaves sending and reading to `host_book.py`, which carries out the steps returned here. Other systems decide
differently: Corosync declares a node lost after one token timeout (3 s since RHEL 8.4), Pacemaker then fences;
memberlist lets peers vote. vSphere HA asks the datastore and a ping first, so its chain is longer.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from herzschlag.agents.records import SilencePhase
from herzschlag.agents.settings import NEVER_NS, Timers
from herzschlag.agents.states import HostState

WatchPhase = Literal["heard", "watching", "pinging", "decided"]


class WatchStep(msgspec.Struct, frozen=True, gc=False):
    """Something the master must do or record for the watched host."""

    do: Literal["watch", "unwatch", "ping", "read-poweron", "phase", "state"]
    because: str = ""
    phase: SilencePhase = "heard"
    """With `do="phase"`."""
    state: HostState = "uninitialized"
    before: HostState | None = None
    """The opinion until now; None: there was none."""


NOT_OURS = ("election", "networkPartitionedFromMaster", "networkIsolated")
"""States of a host that lives and does not follow us."""
RESTS = "it is in maintenance mode"


class HostWatch:
    """One host for one master: its liveness, and the one opinion about it. All times are monotonic ns."""

    def __init__(
        self,
        timers: Timers,
        *,
        last_heard_ns: int,
        has_heartbeat_datastores: bool,
        state: HostState | None = None,
        watch_began_ns: int | None = None,
    ) -> None:
        self._t = timers
        self.state = state
        """The state in which the master sees the host; None: it has no opinion yet."""
        self.resting = False
        """Whether the host is in maintenance mode."""
        self.phase: WatchPhase = "heard"
        self.last_heard_ns = last_heard_ns
        self.has_heartbeat_datastores = has_heartbeat_datastores
        self.watch_began_ns = watch_began_ns
        self.moved_ns: int | None = None
        """Last movement of its datastore heartbeat, seen while watching."""
        self.isolated_flag = False
        """Line 1 of its poweron file, as last read."""
        self.poweron_read = False
        self._ping_began_ns = 0
        self._next_ping_ns = 0
        self._next_poll_ns = 0
        self.answered_ns: int | None = None
        self._doubt_ns = NEVER_NS
        """When the datastore heartbeat that the last judgement was based on is too old."""

    # --- opinions ---

    def opine(self, state: HostState, because: str) -> list[WatchStep]:
        """Take the host for `state`. In maintenance mode it is not part of HA: silent or not, it is `uninitialized`
        (fact sheet 3.1 [API-ST]). Without power it is down all the same, and its VMs are to be restarted."""
        if self.resting and state != "hostDown":
            state, because = "uninitialized", RESTS
        if state == self.state:
            return []
        if state in NOT_OURS and self.phase == "heard":
            # It may not hear us: its file says whether it is isolated, and what it runs.
            self._next_poll_ns = self.last_heard_ns + self._t.host_timeout_ns
        before, self.state = self.state, state
        return [WatchStep("state", because, state=state, before=before)]

    def rest(self, resting: bool) -> list[WatchStep]:
        """The host is in maintenance mode from now on, or is not."""
        self.resting = resting
        return self.opine("uninitialized", RESTS) if resting else []

    def shows_heartbeat(self, somewhere: bool, now_ns: int) -> list[WatchStep]:
        """Whether the host has heartbeat datastores from now on. One that is silent already may show a heartbeat on
        the first that vCenter chose for it again."""
        self.has_heartbeat_datastores = somewhere
        if not somewhere or self.phase == "heard" or self.watch_began_ns is not None:
            return []
        self.watch_began_ns = now_ns
        return [WatchStep("watch")]

    # --- what happens ---

    def heard(self, now_ns: int) -> list[WatchStep]:
        """A datagram of the host arrived. This costs nothing while all is well."""
        self.last_heard_ns = now_ns
        if self.phase == "heard":
            return []
        steps = [WatchStep("phase", phase="heard", because="its datagrams arrive again")]
        if self.watch_began_ns is not None:
            steps.append(WatchStep("unwatch"))
        self.phase = "heard"
        self.watch_began_ns = self.moved_ns = self.answered_ns = None
        self.isolated_flag = self.poweron_read = False
        if self.state in ("hostDown", "fdmUnreachable", "networkPartitionedFromMaster", "networkIsolated"):
            steps += self.opine("election", "its datagrams arrive again; it has not joined yet")
        return steps

    def heartbeat_seen(self, now_ns: int) -> list[WatchStep]:
        """Its datastore heartbeat moved."""
        self.moved_ns = now_ns
        return self._judge(now_ns) if self.phase == "decided" else []

    def ping_answered(self, now_ns: int) -> list[WatchStep]:
        self.answered_ns = now_ns
        return self._judge(now_ns) if self.phase == "decided" else []

    def poweron(self, isolated: bool, now_ns: int) -> list[WatchStep]:
        """Its poweron file was read."""
        self.isolated_flag = isolated
        self.poweron_read = True
        if self.heard_apart():
            if isolated:
                return self.opine("networkIsolated", "it is heard, but not as ours; its poweron file says isolated")
            if self.state == "networkIsolated":
                return self.opine("election", "it is heard, and is not isolated any more")
            return []
        return self._judge(now_ns) if self.phase == "decided" else []

    def read_again(self, now_ns: int) -> list[WatchStep]:
        """What its poweron file said until now is too old for a new question."""
        self.poweron_read = False
        return self._poll(now_ns) if self.phase in ("pinging", "decided") or self.heard_apart() else []

    def heard_apart(self) -> bool:
        """Whether the host is heard and not ours: it looks for a master, leads itself, or hears no host. No heartbeat
        of a slave comes then, so that its file is read as that of a silent host (fact sheet 3.2)."""
        return self.phase in ("heard", "watching") and self.state in NOT_OURS

    # --- what is due ---

    def due_ns(self) -> int:
        """When `check` must be called next."""
        if self.phase == "heard":
            after = self._t.datastore_watch_after_ns if self.has_heartbeat_datastores else self._t.host_timeout_ns
            due = self.last_heard_ns + after
            return min(due, self._next_poll_ns) if self.heard_apart() else due
        if self.phase == "watching":
            return self.last_heard_ns + self._t.host_timeout_ns
        due = min(self._next_ping_ns, self._next_poll_ns)
        if self.phase == "pinging":
            return min(due, self._verdict_ns())
        return min(due, self._doubt_ns)

    def check(self, now_ns: int) -> list[WatchStep]:
        """Do what has become due."""
        steps: list[WatchStep] = []
        if self.phase == "heard" and self.heard_apart() and now_ns >= self._next_poll_ns:
            steps += self._poll(now_ns)
        if self.phase == "heard" and now_ns >= self.due_ns():
            steps += self._begin_watch(now_ns)
        if self.phase == "watching" and now_ns - self.last_heard_ns >= self._t.host_timeout_ns:
            steps += self._begin_ping(now_ns)
        if self.phase in ("pinging", "decided"):
            steps += self._ask_again(now_ns)
        if self.phase == "pinging" and now_ns >= self._verdict_ns():
            self.phase = "decided"
            self._next_ping_ns = now_ns + self._t.dead_ping_interval_ns
            steps += self._judge(now_ns)
        elif self.phase == "decided":
            steps += self._judge(now_ns)
        return steps

    def alive_elsewhere(self, now_ns: int) -> bool:
        """Whether anything says the host lives: datagrams, a datastore heartbeat, a ping (fact sheet 3.2). It counts as
        living until it was pinged for long enough to say otherwise."""
        asked = self.phase == "pinging" and now_ns < self._ping_over_ns()
        return self.phase in ("heard", "watching") or asked or self._beats(now_ns) or self._answers()

    # --- how ---

    def _begin_watch(self, now_ns: int) -> list[WatchStep]:
        self.phase = "watching"
        if not self.has_heartbeat_datastores:
            return []
        steps = [WatchStep("phase", phase="watching", because="no network heartbeat for 3 s")]
        if self.watch_began_ns is None:
            self.watch_began_ns = now_ns
            steps.append(WatchStep("watch"))
        return steps

    def _begin_ping(self, now_ns: int) -> list[WatchStep]:
        self.phase = "pinging"
        self._ping_began_ns = self._next_ping_ns = self._next_poll_ns = now_ns
        return [WatchStep("phase", phase="unreachable", because="no network heartbeat for 10 s")]

    def _ask_again(self, now_ns: int) -> list[WatchStep]:
        steps = []
        if now_ns >= self._next_ping_ns:
            steps.append(WatchStep("ping"))
            interval = self._t.ping_interval_ns if self.phase == "pinging" else self._t.dead_ping_interval_ns
            self._next_ping_ns = now_ns + interval
        if now_ns >= self._next_poll_ns:
            steps += self._poll(now_ns)
        return steps

    def _poll(self, now_ns: int) -> list[WatchStep]:
        self._next_poll_ns = now_ns + self._t.poweron_poll_ns
        return [WatchStep("read-poweron")] if self.has_heartbeat_datastores else []

    def _ping_over_ns(self) -> int:
        return self._ping_began_ns + self._t.icmp_ping_timeout_ns

    def _verdict_ns(self) -> int:
        """When the verdict is due: T15, or T18 while no sign came and the datastore watch goes on (fact sheet 1.1)."""
        over = self._ping_over_ns()
        if self.watch_began_ns is None or self._answers() or self.moved_ns is not None:
            return over
        return max(over, self.watch_began_ns + self._t.datastore_watch_ns)

    def _answers(self) -> bool:
        """Whether a ping was answered during the continuous pings, or lately while pings are repeated."""
        if self.answered_ns is None:
            return False
        if self.phase == "pinging":
            return self.answered_ns >= self._ping_began_ns
        limit = self._t.dead_ping_interval_ns + self._t.icmp_ping_timeout_ns
        return self._next_ping_ns - self._t.dead_ping_interval_ns - self.answered_ns <= limit

    def _beats(self, now_ns: int) -> bool:
        return self.moved_ns is not None and now_ns - self.moved_ns < self._t.datastore_watch_ns

    def _judge(self, now_ns: int) -> list[WatchStep]:
        """The decision table of fact sheet 3.2, for a host without network heartbeats."""
        self._doubt_ns = NEVER_NS
        if self._answers():
            return self.opine("fdmUnreachable", "no network heartbeat, but it answers ping")
        if self.moved_ns is not None and self._beats(now_ns):
            self._doubt_ns = self.moved_ns + self._t.datastore_watch_ns
            if self.isolated_flag:
                return self.opine("networkIsolated", "datastore heartbeat, no ping; its poweron file says isolated")
            return self.opine(
                "networkPartitionedFromMaster",
                "datastore heartbeat, no network heartbeat, no ping",
            )
        where = "no datastore heartbeat" if self.has_heartbeat_datastores else "no heartbeat datastore to ask"
        return self.opine("hostDown", f"no network heartbeat, no answer to ping, {where}")
