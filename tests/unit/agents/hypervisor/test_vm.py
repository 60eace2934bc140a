"""The VM's process: it writes while it runs, and never once its lock may be another's."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from herzschlag.agents.datastore.disk_evidence import read_disk
from herzschlag.agents.datastore.requests import Append, Outcome
from herzschlag.agents.hypervisor.api import AbortIo, EndVm, Io, IoDone, Tell, VmBoot, VmCommand, VmSettings
from herzschlag.agents.hypervisor.vm import Vm
from herzschlag.agents.protocol.events import WAKE
from herzschlag.agents.settings import SECOND, Timers, VmConfig


class Machine:
    """A VM with a disk that answers, hangs (None) or is lost."""

    def __init__(self, **config: Any) -> None:
        vm = VmConfig(name="vm-1", datastore="vmfs-1", **config)
        self.vm = Vm(VmSettings(vm=vm, host="host-98", boot=1, number=3, timers=Timers()))
        self.disk = b""
        self.status: Any = "ok"
        self.now_ns = 0
        self.told: list[str] = []
        self.ended = ""
        self.aborted: list[int] = []
        self.hanging: list[Append] = []
        self.feed(VmBoot())

    def feed(self, event: Any) -> None:
        for action in self.vm.handle(event, self.now_ns):
            match action:
                case Io(request=Append() as request):
                    assert request.request >> 32 == 3
                    if self.status is None:
                        self.hanging.append(request)
                    else:
                        self.disk += request.data if self.status == "ok" else b""
                        self.feed(IoDone(Outcome(request.request, self.status)))
                case AbortIo(request=number):
                    self.aborted.append(number)
                case Tell(report=report):
                    self.told.append(report.what)
                case EndVm(because=because):
                    self.ended = because
                case _:
                    raise AssertionError(action)

    def advance(self, seconds: float) -> None:
        until_ns = self.now_ns + round(seconds * SECOND)
        while (at_ns := self.vm.wake_at_ns()) is not None and at_ns <= until_ns:
            self.now_ns = max(self.now_ns, at_ns)
            self.feed(WAKE)
        self.now_ns = until_ns


def writes(machine: Machine) -> int:
    return sum(run.count for run in read_disk([machine.disk]).runs)


def test_a_running_vm_writes_each_second() -> None:
    machine = Machine()
    machine.advance(10)
    assert writes(machine) == 11
    (run,) = read_disk([machine.disk]).runs
    assert (run.vm, run.host, run.first_at_ns, run.last_at_ns) == ("vm-1", "host-98", 0, 10 * SECOND)


def test_a_write_that_hangs_is_withdrawn_and_the_vm_waits_to_be_told_to_go_on() -> None:
    machine = Machine()
    machine.advance(2.5)
    machine.status = None
    machine.advance(30)
    assert machine.told == ["started", "stunned"]
    assert machine.aborted == [machine.hanging[0].request]
    machine.status = "ok"
    machine.advance(30)
    assert writes(machine) == 3
    machine.feed(VmCommand("continue"))
    machine.advance(5)
    assert writes(machine) == 3 + 6


def test_a_late_outcome_of_a_withdrawn_write_changes_nothing() -> None:
    machine = Machine()
    machine.status = None
    machine.advance(30)
    machine.feed(IoDone(Outcome(machine.hanging[0].request, "ok")))
    assert machine.vm.view() == "stunned"


def test_a_failing_disk_stuns_as_well() -> None:
    machine = Machine()
    machine.status = "lost"
    machine.advance(3)
    assert machine.told == ["started", "stunned"]
    assert machine.vm.wake_at_ns() is None


def test_a_vm_that_did_not_run_for_long_asks_before_it_writes() -> None:
    """Its host was frozen, so another host may have its lock by now."""
    machine = Machine()
    machine.advance(5)
    machine.now_ns += 20 * SECOND
    before = writes(machine)
    machine.advance(5)
    assert writes(machine) == before
    assert machine.told[-1] == "stunned"


def test_a_short_pause_stuns_no_vm() -> None:
    machine = Machine()
    machine.advance(5)
    machine.now_ns += 5 * SECOND
    machine.advance(5)
    assert machine.told == ["started"]


def test_a_hung_guest_neither_writes_nor_shuts_down_until_it_is_reset() -> None:
    machine = Machine(guest_shutdown_s=1.0)
    machine.advance(2.5)
    machine.feed(VmCommand("hang"))
    machine.feed(VmCommand("shutdown"))
    machine.advance(100)
    assert (writes(machine), machine.ended) == (3, "")
    machine.feed(VmCommand("reset"))
    machine.advance(2)
    assert machine.told == ["started", "silent", "heard", "stunned"]
    assert writes(machine) == 3, "its lock may be another host's by now"
    machine.feed(VmCommand("continue"))
    machine.advance(2)
    assert [run.count for run in read_disk([machine.disk]).runs] == [3, 3]


def test_a_stunned_vm_can_be_reset_and_still_waits() -> None:
    machine = Machine()
    machine.status = "lost"
    machine.advance(3)
    machine.status = "ok"
    machine.feed(VmCommand("hang"))
    machine.feed(VmCommand("reset"))
    machine.advance(5)
    assert writes(machine) == 1
    machine.feed(VmCommand("continue"))
    assert writes(machine) == 2


def test_a_guest_shutdown_ends_it_and_nothing_follows() -> None:
    machine = Machine(guest_shutdown_s=4.0)
    machine.feed(VmCommand("shutdown"))
    machine.advance(4)
    assert machine.ended == "its guest shut down"
    assert machine.vm.wake_at_ns() is None
    count = writes(machine)
    machine.advance(10)
    assert writes(machine) == count


def test_a_crash_ends_it_at_once() -> None:
    machine = Machine()
    machine.feed(VmCommand("crash"))
    assert machine.ended == "its process crashed"


@pytest.mark.parametrize("status", ["full", "read-only", "damaged"])
def test_a_refused_write_is_tried_again_each_second_under_a_lock_just_looked_at(status: Literal["full"]) -> None:
    """Without the look a VM whose lock was broken meanwhile would write beside its second copy."""
    machine = Machine()
    machine.advance(2.5)
    machine.status = status
    machine.advance(3)
    assert machine.told == ["started", "disk-refuses", "stunned"], "it waits for `continue`, and asks once"
    machine.feed(VmCommand("continue"))
    machine.advance(3)
    assert machine.told == ["started", "disk-refuses", "stunned", "stunned"]
    machine.status = "ok"
    machine.advance(5)
    assert writes(machine) == 3
    machine.feed(VmCommand("continue"))
    machine.advance(5)
    assert writes(machine) == 3 + 6
    assert machine.told[-1] == "disk-works"
