"""The VMs of an agent's own host: which order of which master gets which answer."""

from __future__ import annotations

from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.vms.inventory import OwnVms, PowerOutcome
from herzschlag.agents.protocol.actions import PowerOn, Send
from herzschlag.agents.protocol.events import PowerOnDone
from herzschlag.agents.protocol.messages import OrderId, RestartOrder, RestartResult
from herzschlag.agents.settings import AgentSettings, Timers, VmConfig


def order_of(master: str, vm: str, *, boot: int = 1) -> RestartOrder:
    """Every one by the same number."""
    config = VmConfig(name=vm, datastore="vmfs-1")
    return RestartOrder(sender=master, boot=boot, sequence=1, sent_ns=0, order=7, vm=config, attempt=1)


def test_each_master_gets_the_answer_to_its_own_order() -> None:
    context = Context(AgentSettings(moid="host-98", cluster="lab", timers=Timers()))
    own = OwnVms(context)
    orders = [order_of("host-99", "first"), order_of("host-100", "second"), order_of("host-99", "third", boot=2)]
    for order in orders:
        own.ordered(order.sender, order)
        own.ordered(order.sender, order)  # a repeat while the task runs
    tasks = [action for action in context.actions if isinstance(action, PowerOn)]
    assert [(task.order, task.vm.name) for task in tasks] == [(order.identity, order.vm.name) for order in orders]
    for task in tasks:
        own.done(PowerOnDone(task.order, task.vm.name, True, "it runs"))
    context.actions.clear()
    for order in orders:
        own.ordered(order.sender, order)
    answers = [action for action in context.actions if isinstance(action, Send)]
    told = [(one.to, one.message.vm) for one in answers if isinstance(one.message, RestartResult)]
    assert told == [((order.sender,), order.vm.name) for order in orders]


def test_an_agent_that_was_restarted_knows_whom_to_answer() -> None:
    """The hypervisor finishes what the agent's earlier life had asked it for."""
    own = OwnVms(Context(AgentSettings(moid="host-98", cluster="lab", timers=Timers())))
    outcome = own.done(PowerOnDone(OrderId("host-99", 1, 7), "vm-1", True, "it runs"))
    assert outcome == PowerOutcome(7, "vm-1", True, "it runs")
