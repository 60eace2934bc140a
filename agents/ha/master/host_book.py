"""The hosts of a master's cluster: a watch for each, which have joined, and the state in which the master sees each.

This module decides which hosts are taken in, and what a host's own words (heartbeats, offers) say about its state. It
leaves silence to the watches of `liveness.py`, which hold the opinions, and carries out what they ask for: pings,
reads, records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from herzschlag.agents import records
from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.master.liveness import HostWatch, WatchStep
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.protocol.actions import Ping, ReadFile
from herzschlag.agents.protocol.codec import padding_for
from herzschlag.agents.protocol.messages import Heartbeat, Welcome
from herzschlag.agents.states import HostState

KnownState = HostState | Literal["unknown"]
Changed = Callable[[str, HostState, str], None]
"""Called with (host, its new state, because)."""


class _Copies:
    """The copies of one silent host's poweron file, while they are read."""

    __slots__ = ("newest", "unread")

    def __init__(self, datastores: Iterable[str]) -> None:
        self.unread = set(datastores)
        self.newest: layout.PoweronFile | None = None


class HostBook:
    def __init__(self, context: Context, changed: Changed) -> None:
        self._c = context
        self._changed = changed
        self._watches = {moid: self._new_watch(peer) for moid, peer in context.peers.items()}
        self._watch_due_ns = context.now_ns
        self._poweron: dict[str, int] = {}
        """Newest generation known of each host's poweron file: read, or told by the host itself."""
        self._copies: dict[str, _Copies] = {}
        """By host, while its poweron file is read."""
        self._asked: set[str] = set()
        """Hosts whose poweron file was asked for because they are not heard."""

    def open(self) -> None:
        """The reign begins: its first opinions are about ourselves and about hosts in maintenance mode."""
        self._trace_state(self._c.moid, "unknown", "master", "it won the election")
        self._changed(self._c.moid, "master", "it won the election")
        self._see_who_rests()

    def _new_watch(self, peer: Peer) -> HostWatch:
        """A watch for a host. One that was not heard in the election was silent long enough to be pinged at once."""
        timers, now_ns = self._c.timers, self._c.now_ns
        host = self._c.cluster.host(peer.moid)
        heard_ns = peer.last_heard_ns if peer.last_heard_ns is not None else now_ns - timers.host_timeout_ns
        began_ns: int | None = None
        for (moid, datastore), (_, since_ns) in self._c.stillness.items():
            if moid == peer.moid and datastore in host.heartbeat_datastores:
                began_ns = min(began_ns or since_ns, since_ns)
        return HostWatch(
            timers,
            last_heard_ns=heard_ns,
            has_heartbeat_datastores=bool(host.heartbeat_datastores),
            watch_began_ns=began_ns,
        )

    def reconfigured(self) -> None:
        """Hosts may have come, gone, changed their datastores or their maintenance mode."""
        for moid, peer in self._c.peers.items():
            watch = self._watches.get(moid)
            if watch is None:
                self._watches[moid] = self._new_watch(peer)
            else:
                somewhere = bool(self._c.cluster.host(moid).heartbeat_datastores)
                self._carry_out(moid, watch.shows_heartbeat(somewhere, self._c.now_ns))
        for moid in sorted(self._watches.keys() - self._c.peers.keys()):
            del self._watches[moid]
        self._see_who_rests()
        self._watch_due_ns = self._c.now_ns

    def _see_who_rests(self) -> None:
        for moid, watch in self._watches.items():
            self._carry_out(moid, watch.rest(self._c.cluster.host(moid).maintenance))

    # --- asked by others ---

    def states(self) -> dict[str, HostState]:
        """The state in which the master sees each host; hosts that it has not judged yet are missing."""
        states: dict[str, HostState] = {self._c.moid: "master"}
        states.update((moid, watch.state) for moid, watch in self._watches.items() if watch.state is not None)
        return states

    def joined(self) -> list[Peer]:
        return [peer for peer in self._c.peers.values() if peer.joined]

    def speaks(self, moid: str) -> bool:
        """Whether the host itself reports its VMs to us: it is our own, or a connected slave."""
        return moid == self._c.moid or (moid in self._c.peers and self._c.peers[moid].joined)

    def alive(self, moid: str) -> bool:
        """Whether anything but its poweron file says that the host lives."""
        watch = self._watches.get(moid)
        return watch is not None and watch.alive_elsewhere(self._c.now_ns)

    def poweron_known(self, moid: str) -> bool:
        """Whether the poweron file of a silent host was read, each copy that we reach."""
        watch = self._watches.get(moid)
        return watch is not None and watch.poweron_read and moid not in self._copies

    def due_ns(self) -> int:
        return self._watch_due_ns

    # --- what is due ---

    def check(self) -> None:
        now_ns = self._c.now_ns
        if now_ns >= self._watch_due_ns:
            for moid, watch in self._watches.items():
                if now_ns >= watch.due_ns():
                    self._carry_out(moid, watch.check(now_ns))
            self._watch_due_ns = min((w.due_ns() for w in self._watches.values()), default=now_ns + 10**12)

    # --- what happens ---

    def heard(self, peer: Peer) -> None:
        """Any datagram of a host arrived."""
        watch = self._watches[peer.moid]
        steps = watch.heard(self._c.now_ns)
        if steps:
            self._copies.pop(peer.moid, None)
            self._carry_out(peer.moid, steps)
            self._watch_due_ns = min(self._watch_due_ns, watch.due_ns())

    def heartbeat(self, peer: Peer, message: Heartbeat) -> bool:
        """A heartbeat of a slave of ours, or of another master. Returns whether the host joined."""
        if message.role == "slave" and message.master == self._c.moid:
            return not peer.joined and self.join(peer, "its heartbeats follow this master")
        if message.role == "master":
            peer.joined = False
            self._opine(peer.moid, "networkPartitionedFromMaster", "it is heard as a master itself")
        return False

    def offer(self, peer: Peer) -> bool:
        """A host fell into an election. Returns whether it had joined us before."""
        left, peer.joined = peer.joined, False
        state = self._watches[peer.moid].state
        if state in ("connectedToMaster", "networkPartitionedFromMaster", "uninitialized", None):
            self._opine(peer.moid, "election", "it sends election offers")
        return left

    def join(self, peer: Peer, because: str) -> bool:
        """Take a host in: it is connected from now on. Repeats of its Join are answered again. Returns whether it
        joined just now."""
        if self._watches[peer.moid].resting:
            return False  # It does not know yet that it is in maintenance mode.
        self._c.order(Welcome, peer.moid, padding=padding_for(self._c.settings.mtu, Welcome))
        if peer.joined:
            return False
        peer.joined = True
        self._copies.pop(peer.moid, None)
        peer.inventory = -1  # What an earlier reign knew is not known to this one: its next inventory counts.
        self._opine(peer.moid, "connectedToMaster", because)
        return True

    def heartbeat_seen(self, host: str, datastore: str) -> None:
        watch = self._watches.get(host)
        if watch is not None and datastore in self._c.cluster.host(host).heartbeat_datastores:
            self._carry_out(host, watch.heartbeat_seen(self._c.now_ns))

    def ping_answered(self, address: str) -> None:
        for host in self._c.cluster.hosts:
            if address in host.addresses.values() and host.moid in self._watches:
                self._carry_out(host.moid, self._watches[host.moid].ping_answered(self._c.now_ns))

    def inventory_told(self, moid: str, boot: int, generation: int) -> None:
        """A host said itself what it runs: a poweron file of before that is out of date."""
        told = layout.poweron_generation(boot, generation)
        self._poweron[moid] = max(told, self._poweron.get(moid, 0))

    def poweron_read(self, moid: str, datastore: str, file: layout.PoweronFile | None) -> layout.PoweronFile | None:
        """One copy of the poweron file of a host without network heartbeat; None: it cannot be read. Returns the newest
        when no other copy is to be read, if what it says of VMs counts: a copy on a datastore that the host cannot
        write any more may be older than what is known already, and what a dead host wrote last is out of date."""
        watch, copies = self._watches[moid], self._copies.get(moid)
        if copies is None:
            return None
        silent = watch.phase != "heard" or watch.heard_apart()
        if file is not None and silent and file.generation >= self._poweron.get(moid, 0):
            self._poweron[moid] = file.generation
            copies.newest = file
            self._carry_out(moid, watch.poweron(file.isolated, self._c.now_ns))
        copies.unread.discard(datastore)
        if copies.unread:
            return None
        self._copies.pop(moid, None)
        return copies.newest if watch.state != "hostDown" else None

    def asks_the_unheard(self) -> bool:
        """Read the poweron files of the hosts that live and do not speak to us, once where there is none to be read.
        Returns whether a copy is still to be read."""
        unheard = [moid for moid in self._watches if not self.speaks(moid) and self.alive(moid)]
        for moid in unheard:
            watch = self._watches[moid]
            if moid not in self._copies and moid not in self._asked and not watch.poweron_read:
                self._asked.add(moid)
                self._carry_out(moid, watch.read_again(self._c.now_ns))
        return any(moid in self._copies for moid in unheard)

    def read_poweron_again(self) -> None:
        """Read the poweron file of every silent host anew: what they said before is too old for a new question."""
        self._asked.clear()
        for moid, watch in self._watches.items():
            self._carry_out(moid, watch.read_again(self._c.now_ns))

    def close(self) -> None:
        """The reign ends: watches end, and no host is joined any more."""
        for moid, watch in self._watches.items():
            if watch.phase != "heard":
                self._c.unwatch(moid)
            self._c.peers[moid].joined = False

    # --- how ---

    def _opine(self, moid: str, state: HostState, because: str) -> None:
        self._carry_out(moid, self._watches[moid].opine(state, because))

    def _carry_out(self, moid: str, steps: list[WatchStep]) -> None:
        host = self._c.cluster.host(moid)
        for step in steps:
            match step.do:
                case "watch":
                    self._c.watch(moid)
                case "unwatch":
                    self._c.unwatch(moid)
                case "ping":
                    for network in self._c.networks:
                        self._c.do(Ping(host.addresses[network]))
                case "read-poweron":
                    path = layout.poweron_path(self._c.cluster.name, moid)
                    reached = [datastore for datastore in host.heartbeat_datastores if self._c.works(datastore)]
                    if reached:
                        self._copies[moid] = _Copies(reached)
                    for datastore in reached:
                        self._c.do(ReadFile(datastore, path))
                case "phase":
                    self._c.trace(records.Liveness(host=moid, phase=step.phase, because=step.because))
                case "state":
                    self._state_changed(moid, step)

    def _state_changed(self, moid: str, step: WatchStep) -> None:
        self._watch_due_ns = min(self._watch_due_ns, self._watches[moid].due_ns())
        self._trace_state(moid, step.before or "unknown", step.state, step.because)
        if step.state not in ("connectedToMaster", "election") and moid in self._c.peers:
            self._c.peers[moid].joined = False
        self._changed(moid, step.state, step.because)

    def _trace_state(self, moid: str, before: KnownState, state: HostState, because: str) -> None:
        self._c.trace(records.HostOpinion(host=moid, from_=before, to=state, because=because))
