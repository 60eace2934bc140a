"""The restarts of a master's VMs: which wait, where each goes, and when it is tried again.

This module decides order (agent VMs, then priority; the next priority of a host waits for its running tasks), placement
(compatible, enough capacity, fewest VMs first), at most 32 tasks per host, attempts at 0/2/6/14/30 min after the
detected failure, and the pending list (fact sheet 7.3, 7.5). It leaves what has failed to `failover.py`, locks to the
host that powers on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from herzschlag.agents.settings import NEVER_NS, PRIORITY_ORDER, Timers, VmConfig


class RestartTarget(msgspec.Struct, frozen=True, gc=False):
    """A host that may run VMs now."""

    moid: str
    datastores: frozenset[str]
    memory_free_mb: int
    cpu_free_mhz: int
    vms: int


class RestartReport(msgspec.Struct, frozen=True, gc=False):
    """A change to record; for `ordered`, also the order to send."""

    phase: Literal["begins", "ordered", "done", "failed", "pending", "given-up"]
    vm: VmConfig
    because: str
    attempt: int = 0
    target: str = ""
    order: int = 0


class Task:
    """One VM that shall run again."""

    __slots__ = (
        "attempt",
        "avoid",
        "by_silence",
        "detected_ns",
        "due_ns",
        "order",
        "pending",
        "repeat_ns",
        "target",
        "vm",
        "waiting",
    )

    def __init__(self, vm: VmConfig, *, now_ns: int, avoid: str, by_silence: bool) -> None:
        self.vm = vm
        self.detected_ns = now_ns
        self.due_ns = now_ns
        self.attempt = 0
        """Attempts begun."""
        self.target = ""
        """The host that has the order; empty while none has it."""
        self.order = 0
        self.repeat_ns = 0
        self.pending = False
        """No host can take it: it waits for a change of membership or capacity."""
        self.waiting = False
        """A host could take it, but has as many tasks as are allowed: it waits for one to end."""
        self.avoid = avoid
        """The failed host."""
        self.by_silence = by_silence
        """No host said that the VM ended: its host was taken for dead. It waits while that host may run it yet."""


def rank(vm: VmConfig) -> tuple[int, int, str]:
    """Sort key: agent VMs first, then priority, then name (sheet 7.5)."""
    return (0 if vm.agent_vm else 1, PRIORITY_ORDER.index(vm.priority), vm.name)


def reaches(host: RestartTarget, vm: VmConfig) -> bool:
    """Whether the host has access to the VM's home datastore and is compatible with it."""
    return vm.datastore in host.datastores and (vm.compatible_hosts is None or host.moid in vm.compatible_hosts)


def fits(host: RestartTarget, vm: VmConfig) -> bool:
    """Whether the host has access to the VM's home datastore, is compatible and has capacity (fact sheet 7.3)."""
    return reaches(host, vm) and host.memory_free_mb >= vm.memory_mb and host.cpu_free_mhz >= vm.cpu_mhz


class RestartQueue:
    """All restarts one master is responsible for. A new master starts its own, with a fresh count (sheet 7.5)."""

    def __init__(self, timers: Timers, *, per_host: int, may_run: Callable[[str, str], bool]) -> None:
        """`may_run(host, vm)`: whether the host lives, and runs the VM perhaps without having told this master."""
        self._t = timers
        self._per_host = per_host
        self._may_run = may_run
        self._tasks: dict[str, Task] = {}
        self._orders = 0

    def __contains__(self, vm: str) -> bool:
        return vm in self._tasks

    def pending(self) -> tuple[str, ...]:
        return tuple(name for name, task in self._tasks.items() if task.pending)

    def in_flight(self) -> list[Task]:
        return [task for task in self._tasks.values() if task.target]

    def due_ns(self) -> int:
        """When `place` or `repeats` must be called next; pending tasks wait for `membership_changed`."""
        if not self._tasks:
            return NEVER_NS
        times = [
            task.repeat_ns if task.target else task.due_ns
            for task in self._tasks.values()
            if not task.pending or task.target
        ]
        return min(times, default=NEVER_NS)

    # --- what happens ---

    def add(
        self, vm: VmConfig, *, now_ns: int, because: str, failed_host: str, by_silence: bool = False
    ) -> list[RestartReport]:
        """A protected VM is down. Nothing happens if it is being restarted already, or must not be."""
        if vm.name in self._tasks or vm.priority == "disabled":
            return []
        self._tasks[vm.name] = Task(vm, now_ns=now_ns, avoid=failed_host, by_silence=by_silence)
        return [RestartReport("begins", vm, because)]

    def running(self, name: str, host: str, now_ns: int) -> list[RestartReport]:
        """The VM was seen running on `host`."""
        task = self._tasks.pop(name, None)
        if task is None:
            return []
        self.membership_changed()
        self._release_waiting(now_ns)
        return [RestartReport("done", task.vm, f"runs on {host}", task.attempt, host, task.order)]

    def withdraw(self, why_not: Callable[[str], str]) -> list[RestartReport]:
        """Forget VMs without a running task that shall not be restarted any more: `why_not` says why, or nothing."""
        gone = [(task, why) for name, task in self._tasks.items() if not task.target and (why := why_not(name))]
        for task, _ in gone:
            del self._tasks[task.vm.name]
        return [RestartReport("given-up", task.vm, why, task.attempt) for task, why in gone]

    def reconfigured(self, vm_now: Callable[[str], VmConfig | None]) -> None:
        """vCenter changed the configuration: further attempts go by the VM's settings of now."""
        for name, task in self._tasks.items():
            vm = vm_now(name)
            if vm is not None and vm.priority != "disabled":  # else it is withdrawn, after the attempt under way
                task.vm = vm
        self.membership_changed()

    def result(self, name: str, order: int, ok: bool, because: str, now_ns: int) -> list[RestartReport]:
        """A power-on task ended."""
        task = self._tasks.get(name)
        if task is None or task.order != order or not task.target:
            return []
        target = task.target
        task.target = ""
        self._release_waiting(now_ns)
        if ok:
            del self._tasks[name]
            return [RestartReport("done", task.vm, because, task.attempt, target, order)]
        reports = [RestartReport("failed", task.vm, because, task.attempt, target, order)]
        if task.attempt >= len(self._t.retry_after_ns):
            del self._tasks[name]
            reports.append(RestartReport("given-up", task.vm, f"{task.attempt} attempts failed", task.attempt))
        else:
            task.due_ns = max(now_ns, task.detected_ns + self._t.retry_after_ns[task.attempt])
        return reports

    def host_lost(self, host: str, now_ns: int) -> list[RestartReport]:
        """A target went away with tasks in flight: place them again, as the same attempt."""
        reports = []
        for task in self._tasks.values():
            if task.target == host:
                task.target = ""
                task.attempt -= 1
                task.due_ns = now_ns
                reports.append(
                    RestartReport("failed", task.vm, f"{host} was lost before it answered", task.attempt, host)
                )
        self.membership_changed()
        self._release_waiting(now_ns)
        return reports

    def membership_changed(self) -> None:
        """A host joined or left, or capacity changed: look at the pending list again (sheet 7.3)."""
        for task in self._tasks.values():
            task.pending = False

    # --- what is due ---

    def place(self, targets: Iterable[RestartTarget], now_ns: int) -> list[RestartReport]:
        """Give out all orders that are due and possible."""
        due = sorted(
            (t for t in self._tasks.values() if not t.target and not t.pending and now_ns >= t.due_ns),
            key=lambda task: rank(task.vm),
        )
        if not due:
            return []
        rooms = {target.moid: _Room(target) for target in targets}
        for task in self.in_flight():
            if task.target in rooms:
                rooms[task.target].take(task.vm)
        reports: list[RestartReport] = []
        for task in due:
            if task.by_silence and self._may_run(task.avoid, task.vm.name):
                task.due_ns = now_ns + self._t.order_repeat_ns
                continue
            fitting = [room for room in rooms.values() if fits(room.host, task.vm)]
            if not fitting:
                task.pending = True
                reports.append(
                    RestartReport("pending", task.vm, "no host has access, compatibility and room", task.attempt)
                )
                continue
            free = [room for room in fitting if room.open_for(task.vm, self._per_host)]
            if not free:
                task.waiting = True
                task.due_ns = now_ns + self._t.order_repeat_ns
                continue
            room = min(free, key=lambda r: (r.host.moid == task.avoid, r.host.vms, r.host.moid))
            room.take(task.vm)
            self._orders += 1
            task.order, task.target = self._orders, room.host.moid
            task.attempt += 1
            task.waiting = False
            task.repeat_ns = now_ns + self._t.order_repeat_ns
            why = f"{room.host.moid} has room and the fewest VMs ({room.host.vms - 1})"
            reports.append(RestartReport("ordered", task.vm, why, task.attempt, task.target, task.order))
        return reports

    def repeats(self, now_ns: int) -> list[Task]:
        """Orders without an answer, to be sent again."""
        late = [task for task in self.in_flight() if now_ns >= task.repeat_ns]
        for task in late:
            task.repeat_ns = now_ns + self._t.order_repeat_ns
        return late

    def _release_waiting(self, now_ns: int) -> None:
        """A task ended: a VM that waited for a free place may go at once, not at the next look."""
        for task in self._tasks.values():
            if task.waiting:
                task.due_ns = min(task.due_ns, now_ns)


class _Room:
    """The capacity left on one host while orders are given out."""

    def __init__(self, host: RestartTarget) -> None:
        self.host = host
        self.flying: list[VmConfig] = []

    def take(self, vm: VmConfig) -> None:
        self.host = msgspec.structs.replace(
            self.host,
            memory_free_mb=self.host.memory_free_mb - vm.memory_mb,
            cpu_free_mhz=self.host.cpu_free_mhz - vm.cpu_mhz,
            vms=self.host.vms + 1,
        )
        self.flying.append(vm)

    def open_for(self, vm: VmConfig, per_host: int) -> bool:
        """Whether the host may have one more task, and no VM of a higher priority is still starting there."""
        return len(self.flying) < per_host and all(rank(other)[:2] >= rank(vm)[:2] for other in self.flying)
