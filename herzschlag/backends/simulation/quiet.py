"""Quiet stretches: agents and vCenter sleep while nothing but heartbeats and reports is due, and wake as if stepped.

Their whole state is read twice, one period apart: the time in which heartbeats (1 s) and reports (5 s) come round. If
it is the same but for time (each instant moved by the period) and the numbers of messages (each grew by what its sender
sent), then it is the same after every later period, for the cores know neither the date nor how much was ever sent:
until something else reaches them, a fault, an answer of a hypervisor, an instant in the state that does not move. Until
the first of these they sleep. When they wake, what they would have done in whole periods is added to their state, and
the rest is stepped.

This module decides when that may be: every agent is up and `settled`, none has talked to its hypervisor or written a
record for a period, each datagram's way is certain, every datastore answers at once, and no clock is wrong. VMs that
do nothing but write sleep as well, and write all at once when they wake. Hypervisors and datastores are stepped.
Without `on` everything is stepped; histories and states are the same (tests/simulation/test_quiet.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heapify
from typing import Any

from herzschlag.agents.datastore.memory_store import MemoryDatastores
from herzschlag.agents.ha.orders import SentLately
from herzschlag.agents.ha.peers import REPLAY_WINDOW, Window
from herzschlag.backends.simulation.host import SimHost
from herzschlag.backends.simulation.leaves import SENT, WINDOW, Leaf, Leaves, Writing
from herzschlag.backends.simulation.network import Drops, SimulatedNetwork
from herzschlag.backends.simulation.process import Process
from herzschlag.backends.simulation.queue import EventQueue
from herzschlag.backends.simulation.vcenter import SimVcenter

NUMBERS = frozenset({"_sequence", "sequence", "newest"})
"""Numbers of messages: no rule of a core compares them with a limit, only with each other."""
MUST_MOVE = frozenset({"last_ns", "at_ns"})
"""When vCenter last heard a host, or a master's view: one that stands still is about to be too old."""
HOSTS_MAX = 16
"""Of more hosts, each of which remembers all others, a look costs more than the steps that it saves."""
AFTER_BEAT_NS = 10_000_000
"""How long after a heartbeat instant is looked: what it caused has happened by then."""


class Look:
    """The state of all that may sleep, as it was read at one instant."""

    __slots__ = ("at_ns", "cores", "drops", "entries", "exchanges", "leaves", "timers")

    def __init__(self, at_ns: int, processes: dict[str, Process], entries: list[Any], exchanges: int) -> None:
        self.at_ns = at_ns
        self.cores = {node: process.core for node, process in processes.items()}
        self.entries = entries
        """Their timers in the queue, in order."""
        self.timers = [(due_ns - at_ns, armed_ns - at_ns) for due_ns, _, _, armed_ns in entries]
        self.exchanges = exchanges
        self.leaves = Leaves(self.cores, named=False)
        self.drops: dict[str, int] = {}
        """The packets that each fault has swallowed."""


class Sleep:
    """What one period adds, from `look` on; each of `adds` belongs to a leaf of its cores: a number, the length of a
    pattern, or None where nothing changes."""

    __slots__ = ("adds", "drops", "look", "processes", "vms")

    def __init__(self, look: Look, adds: list[Any], drops: dict[str, int], vms: list[Process]) -> None:
        self.look = look
        self.adds = adds
        self.drops = drops
        self.processes: list[Process] = [entry[2].__self__ for entry in look.entries]
        """In the order of their timers, as `vms`."""
        self.vms = vms


class Quiet:
    def __init__(
        self,
        queue: EventQueue,
        network: SimulatedNetwork,
        hosts: Mapping[str, SimHost],
        vcenter: SimVcenter,
        *,
        datastores: MemoryDatastores,
        drops: Mapping[str, Drops],
        interval_ns: int,
        period_ns: int,
    ) -> None:
        """`period_ns`: after which heartbeats and reports come round; a multiple of the heartbeats' `interval_ns`."""
        self._queue = queue
        self._network = network
        self._hosts = hosts
        self._vcenter = vcenter
        self._datastores = datastores
        self._drops = drops
        self._interval_ns = interval_ns
        self._period_ns = period_ns
        self._sleep: Sleep | None = None
        self.on = len(hosts) <= HOSTS_MAX
        self.slept_ns = 0
        """How much time has passed in whole periods that were not stepped, for those who measure."""

    def run_until(self, until_ns: int, said: Sequence[Any]) -> bool:
        """As `EventQueue.run_until`. `said`: all records, which grow when anything is said."""
        queue, interval_ns, period_ns = self._queue, self._interval_ns, self._period_ns
        last: Look | None = None
        while self.on and until_ns - queue.now_ns > 2 * period_ns:
            known = len(said)
            beat_ns = (queue.now_ns - AFTER_BEAT_NS) // interval_ns * interval_ns + AFTER_BEAT_NS
            if not queue.run_until(beat_ns + (interval_ns if last is None else period_ns)):
                return False
            before, last = last, self._look() if len(said) == known else None
            if before is None or last is None or not self._falls_asleep(before, last):
                continue
            went_on = queue.run_until(self._wakes_ns(last, until_ns))
            self._rouse()
            if not went_on:
                return False
            last = None
        return queue.run_until(until_ns)

    # -- falling asleep -----------------------------------------------------------------------------------------------

    def _look(self) -> Look | None:
        """None: something is going on, whatever the state says."""
        if not self._network.repeats_itself() or not self._datastores.works_for_all():
            return None
        processes: dict[str, Process] = {}
        for host in self._hosts.values():
            agent = host.steady_agent()
            if agent is None or not agent.core.settled():  # type: ignore[attr-defined]
                return None
            processes[host.name] = agent
        if self._vcenter.process is not None:
            processes[self._vcenter.name] = self._vcenter.process
        entries = self._timers(list(processes.values()))
        if entries is None:
            return None
        look = Look(self._queue.now_ns, processes, entries, sum(host.exchanges for host in self._hosts.values()))
        look.drops = {fault: drops.packets for fault, drops in self._drops.items()}
        return look

    def _timers(self, processes: list[Process]) -> list[Any] | None:
        """Their timers in the queue, in order; None while a datagram is under way."""
        found = []
        for entry in self._queue.heap:
            owner: Any = getattr(entry[2], "__self__", None)
            if owner is self._network:
                return None
            if owner in processes and entry[3] == owner.armed_ns():  # else an earlier timer took its place
                found.append(entry)
        found.sort(key=lambda entry: (entry[0], entry[1]))
        return found

    def _falls_asleep(self, before: Look, look: Look) -> bool:
        same = before.exchanges == look.exchanges and before.timers == look.timers
        if not same or before.cores != look.cores or before.drops.keys() != look.drops.keys():
            return False
        if len(look.entries) != len(look.cores):
            return False
        adds = self._adds(before, look)
        if adds is None:
            return False
        vms = [process for host in self._hosts.values() for process in host.even_vms()]
        timers = self._timers(vms) or []
        heap, taken = self._queue.heap, {entry[1] for entry in (*look.entries, *timers)}
        heap[:] = [entry for entry in heap if entry[1] not in taken]
        heapify(heap)
        drops = {fault: packets - before.drops[fault] for fault, packets in look.drops.items()}
        self._sleep = Sleep(look, adds, drops, [entry[2].__self__ for entry in timers])
        self._queue.rouse = self._rouse
        return True

    def _adds(self, before: Look, look: Look) -> list[Any] | None:
        """What a period adds to each leaf; None: not every leaf goes on as it did."""
        olds = before.leaves.values
        if len(olds) != len(look.leaves.values):
            return None
        leaves = look.leaves = Leaves(look.cores)
        sent = {
            node: new - old
            for name, node, old, new in zip(leaves.names, leaves.nodes, olds, leaves.values, strict=True)
            if name == "_sequence"
        }
        """How many messages each node numbers in a period."""
        adds: list[Any] = []
        for name, node, old, new in zip(leaves.names, leaves.nodes, olds, leaves.values, strict=True):
            if old == new:
                if name in MUST_MOVE and type(new) is int:
                    return None
                adds.append(None)
            elif name is WINDOW:
                number = new[0] - old[0]
                if number != sent.get(node) or number > REPLAY_WINDOW:
                    return None
                adds.append(number)
            elif name is SENT:
                if not old or not new or new[-1][1] - old[-1][1] != sent[node]:
                    return None
                adds.append(sent[node])
            elif type(old) is int and type(new) is int:
                if new - old != (sent.get(node) if name in NUMBERS else self._period_ns):
                    return None
                adds.append(new - old)
            else:
                return None
        return adds

    def _wakes_ns(self, look: Look, until_ns: int) -> int:
        """At the first instant in the state that does not move, as it may be when something is due."""
        assert self._sleep is not None
        for value, added in zip(look.leaves.values, self._sleep.adds, strict=True):
            if added is None and type(value) is int and look.at_ns < value < until_ns:
                until_ns = value
        return until_ns

    # -- waking -------------------------------------------------------------------------------------------------------

    def _rouse(self) -> None:
        """Bring all that sleeps to this instant: what it does at this instant itself is still to come."""
        sleep, queue = self._sleep, self._queue
        if sleep is None:
            return
        self._sleep = queue.rouse = None
        now_ns, interrupted, others = queue.now_ns, queue.interrupted, queue.heap[:]
        times = (now_ns - sleep.look.at_ns) // self._period_ns
        by_ns = times * self._period_ns
        if times:
            self._go_on(sleep, times)
            self._network.repeat_beats(sleep.look.at_ns - self._period_ns, by_ns)
            self.slept_ns += by_ns
        queue.heap.clear()
        queue.now_ns = sleep.look.at_ns + by_ns
        for process in sleep.processes:
            process.arm_later(by_ns)
        queue.interrupted = False
        said = [list(host.pending) for host in self._hosts.values()]
        for host in self._hosts.values():
            host.pending.clear()  # What is being said at this instant is not heard earlier.
        if now_ns > queue.now_ns:
            queue.run_until(now_ns - 1)
        for host, waiting in zip(self._hosts.values(), said, strict=True):
            host.pending.extend(waiting)
        queue.heap.extend(others)
        heapify(queue.heap)
        queue.now_ns, queue.interrupted = now_ns, interrupted
        for process in sleep.vms:
            vm: Any = process.core
            blocks = vm.write_evenly(now_ns)
            if blocks:
                datastore, path = vm.disk()
                self._datastores.append_all(datastore, path, blocks)
            process.arm_anew()

    def _go_on(self, sleep: Sleep, times: int) -> None:
        news: list[Leaf | None] = []
        for name, value, added in zip(sleep.look.leaves.names, sleep.look.leaves.values, sleep.adds, strict=True):
            if added is None:
                news.append(None)
            elif name is WINDOW or name is SENT:
                news.append(Leaf(added))
            else:
                news.append(Leaf(value + times * added))
        since_ns = sleep.look.at_ns - self._period_ns

        def repeat(one: Any, number: int) -> None:
            if isinstance(one, Window):
                one.repeat(number, times)
            elif isinstance(one, SentLately):
                one.repeat(since_ns, (self._period_ns, number), times)

        Writing(news, tuple(sleep.look.cores.values()), repeat)
        for fault, packets in sleep.drops.items():
            self._drops[fault].packets += packets * times
