"""The VMs of an agent's own host: which order of which master gets which answer."""

from __future__ import annotations

import msgspec

from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.vms.inventory import OwnVms, PowerOutcome
from herzschlag.agents.protocol.actions import PowerOff, PowerOn, RemoveFile, Send, WriteFile
from herzschlag.agents.protocol.events import PowerOnDone, VmChanged
from herzschlag.agents.protocol.messages import InventoryAck, OrderId, PowerRequest, RestartOrder, RestartResult
from herzschlag.agents.settings import AgentSettings, Timers, VmConfig
from herzschlag.agents.states import VmState
from tests.unit.agents.ha.scripted import Machine, cluster, of, vm


def order_of(master: str, vm: str, *, boot: int = 1) -> RestartOrder:
    """An order with the number that all orders here have."""
    config = VmConfig(name=vm, datastore="vmfs-1")
    return RestartOrder(
        sender=master, boot=boot, sequence=1, sent_ns=0, answers=1, order=7, vm=config, attempt=1, reign=1
    )


def test_each_master_gets_the_answer_to_its_own_order() -> None:
    context = Context(AgentSettings(moid="host-98", cluster="lab", timers=Timers()))
    vms = OwnVms(context)
    orders = [order_of("host-99", "first"), order_of("host-100", "second"), order_of("host-99", "third", boot=2)]
    for order in orders:
        vms.ordered(order.sender, order)
        vms.ordered(order.sender, order)  # a repeat while the task runs
    tasks = [action for action in context.actions if isinstance(action, PowerOn)]
    assert [(task.order, task.vm.name) for task in tasks] == [(order.identity, order.vm.name) for order in orders]
    for task in tasks:
        vms.done(PowerOnDone(task.order, task.vm.name, True, "it runs"))
    context.actions.clear()
    for order in orders:
        vms.ordered(order.sender, order)
    answers = [action for action in context.actions if isinstance(action, Send)]
    told = [(one.to, one.message.vm) for one in answers if isinstance(one.message, RestartResult)]
    assert told == [((order.sender,), order.vm.name) for order in orders]


def test_an_agent_that_was_restarted_knows_whom_to_answer() -> None:
    """The hypervisor finishes what the agent's earlier life had asked it for."""
    vms = OwnVms(Context(AgentSettings(moid="host-98", cluster="lab", timers=Timers())))
    outcome = vms.done(PowerOnDone(OrderId("host-99", 1, 7), "vm-1", True, "it runs"))
    assert outcome == PowerOutcome(7, "vm-1", True, "it runs")


def own(**vms: VmState) -> tuple[Machine, OwnVms]:
    machine = Machine(config=cluster(vms=tuple(vm(name) for name in ("web", "db"))), vms=vms)
    return machine, machine.vms


def test_a_vm_that_starts_does_not_run_yet_and_one_that_stops_still_does() -> None:
    _, vms = own(web="starting", db="stopping")
    assert vms.running() == {"db"}


def test_a_vm_that_ended_by_itself_is_told_until_a_master_takes_it_over() -> None:
    _, vms = own(web="on")
    assert vms.changed(VmChanged("web", "off", "it crashed", asked=False))
    vms.generation += 1
    assert vms.failed == {"web"}
    ack = InventoryAck(sender="host-99", boot=1, sequence=1, sent_ns=0, answers=1, generation=1, taken_over=("web",))
    vms.acknowledged(ack)
    assert vms.failed == {"web"}, "that was an older inventory"
    vms.acknowledged(msgspec.structs.replace(ack, generation=2, taken_over=()))
    assert not vms.unacknowledged()
    assert vms.failed == {"web"}, "that master has no list with it, as in a partition"
    vms.acknowledged(msgspec.structs.replace(ack, generation=2))
    assert vms.failed == set()


def test_a_vm_that_a_user_stopped_is_not_told_as_failed() -> None:
    _, vms = own(web="on")
    assert vms.changed(VmChanged("web", "off", "a user", asked=True))
    assert vms.failed == set()


def test_a_vm_that_is_stopped_here_to_run_elsewhere_counts_as_failed() -> None:
    _, vms = own(web="on")
    vms.wanted_again("web")
    vms.changed(VmChanged("web", "off", "isolation response", asked=True))
    assert vms.failed == {"web"}


def test_the_power_off_marker_goes_when_the_vm_runs() -> None:
    machine, vms = own(web="starting")
    vms.changed(VmChanged("web", "on", "its process runs", asked=True))
    assert [remove.path for remove in of(machine.did(), RemoveFile)] == [layout.marker_path("web")]


def test_a_repeated_request_of_a_user_starts_nothing_new() -> None:
    machine, vms = own()
    request = PowerRequest(
        sender="vcenter", boot=1, sequence=1, sent_ns=0, answers=1, config=1, order=1, vm=vm("web"), on=True
    )
    vms.requested(request)
    vms.requested(request)
    assert len(of(machine.did(), PowerOn)) == 1


def test_a_user_switches_off_only_what_is_there() -> None:
    machine, vms = own(web="on")
    for name in ("web", "db"):
        vms.requested(
            PowerRequest(
                sender="vcenter", boot=1, sequence=1, sent_ns=0, answers=1, config=1, order=1, vm=vm(name), on=False
            )
        )
    assert [off.vm for off in of(machine.did(), PowerOff)] == ["web"]


def test_a_poweron_file_of_a_later_boot_is_newer_whatever_its_inventory() -> None:
    machine, vms = own(web="on")
    vms.generation = 9
    vms.write_poweron(isolated=False)
    machine.context.boot, vms.generation = 2, 1
    vms.write_poweron(isolated=False)
    files = [layout.decode_poweron(write.data) for write in of(machine.did(), WriteFile)]
    assert [file.vms for file in files] == [("web",)] * 4
    assert files[-1].generation > files[0].generation


def test_a_datastore_out_of_reach_gets_no_poweron_file() -> None:
    machine, vms = own(web="on")
    machine.context.access["vmfs-2"] = "apd"
    vms.write_poweron(isolated=False)
    assert [write.datastore for write in of(machine.did(), WriteFile)] == ["vmfs-1"]


def test_a_new_master_must_acknowledge_anew() -> None:
    _, vms = own(web="on")
    vms.acknowledged(InventoryAck(sender="host-99", boot=1, sequence=1, sent_ns=0, answers=1, generation=1))
    assert not vms.unacknowledged()
    vms.new_master()
    assert vms.unacknowledged()
