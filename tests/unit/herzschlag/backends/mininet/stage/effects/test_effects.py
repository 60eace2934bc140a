"""The effects: which part of the lab gets which order, in which sequence, and since when a change is in effect."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from herzschlag.agents.processes.control import HarmVm, Here, KillAgent, Killed, Obeyed, TellVcenter, Who
from herzschlag.agents.protocol.events import UserMaintenance
from herzschlag.backends.mininet.stage.effects import Effects, hosts
from herzschlag.backends.mininet.stage.effects.difference import Applied, Difference, in_force_since
from herzschlag.backends.mininet.stage.nodes import StageError
from herzschlag.controller.messages import CutStatus
from herzschlag.faults import primitives as p
from herzschlag.topo.spec import VCENTER

CUT = p.LinkCut(network="A", src="host-98", dst="host-99")
FILTERED = p.LinkCut(network="A", src="host-98", dst="host-99", at="nftables")
OFF = p.PowerOff(node="host-98")
FROZEN = p.Frozen(host="host-98")
LATER_NS = 1 << 62
"""After every instant of this machine's clock."""


class FakeStage:
    """Lab, controller and processes in one: every call is noted, and is in effect a nanosecond after the one before."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.vms = {"host-99": {"vm-1": 7}}
        self.pids = {"host-98": 1, "host-99": 2, VCENTER: 3}
        self.impairments = SimpleNamespace(
            counted=lambda node: {"packets_dropped": 5},
            prepare=lambda wanted: [SimpleNamespace(node=node) for node in wanted],
            apply=lambda changes: self.note("filters", *(change.node for change in changes)),
            means=lambda: ["nftables"],
        )

    def note(self, *call: Any) -> int:
        self.calls.append(call)
        return LATER_NS + len(self.calls)

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **rest: self.note(name, *arguments, *rest.values())

    def powered(self, node: str) -> bool:
        return True

    def pid(self, node: str) -> int:
        return 0

    def status(self) -> Any:
        packets = {"host-99": 12, "host-1": 4}
        return SimpleNamespace(cuts=[CutStatus("A", "host-98", dst, count, 0) for dst, count in packets.items()])

    def set_cuts(self, silent: list[Any], ports: list[Any]) -> Any:
        at_ns = self.note("set_cuts", *silent, *ports)
        return SimpleNamespace(flows_changed=len(silent), ports_changed=len(ports), effective_ns=at_ns)

    def start(self, lab: Any, nodes: list[str]) -> None:
        self.note("start", *nodes)

    def ask(self, node: str, order: Any) -> Any:
        at_ns = self.note("ask", node, order)
        if isinstance(order, KillAgent):
            return Killed(pid=9, at_ns=at_ns)
        if isinstance(order, Who):
            return Here(agent=1, vms=self.vms.get(node, {}), view={})
        return Obeyed(at_ns)

    @property
    def names(self) -> list[str]:
        return [str(call[0]) for call in self.calls]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> FakeStage:
    monkeypatch.setattr(hosts, "make_urgent", lambda pids: None)
    return FakeStage()


@pytest.fixture
def effects(stage: FakeStage) -> Effects:
    settings = SimpleNamespace(speed=10.0, config=SimpleNamespace(generation=1), topology=None)
    return Effects(settings, stage, stage, stage)  # type: ignore[arg-type]


def hold(effects: Effects, *conditions: p.AnyCondition, commands: tuple[p.AnyCommand, ...] = ()) -> Applied:
    return effects.prepare(frozenset(conditions), commands).apply()


def test_only_the_difference_is_touched(effects: Effects, stage: FakeStage) -> None:
    hold(effects, OFF, CUT)
    stage.calls.clear()
    hold(effects, OFF, CUT)
    assert stage.calls == []
    hold(effects, CUT)
    assert stage.calls == [("power_on", "host-98"), ("start", "host-98")]


def test_what_is_prepared_holds_only_once_it_is_applied(effects: Effects, stage: FakeStage) -> None:
    effects.prepare(frozenset({CUT}), ())
    assert stage.calls == []
    applied = hold(effects, CUT)
    assert stage.names == ["set_cuts"]
    assert applied.evidence == {"flows_changed": 1, "ports_changed": 0}


def test_links_come_first_then_hosts_then_filters_then_all_else(effects: Effects, stage: FakeStage) -> None:
    lost = p.StorageLost(host="host-99", datastore="vmfs-1", access="apd")
    carrier = p.CarrierDown(network="A", node="host-1")
    down = p.AgentDown(host="host-99", watchdog=True)
    applied = hold(effects, down, lost, FILTERED, carrier, FROZEN, p.PowerOff(node="host-1"), CUT)
    assert stage.names == [
        *("set_cuts", "expect_end", "power_off", "freeze", "carrier", "filters", "set_storage", "ask"),
    ]
    assert applied.at_ns == LATER_NS + len(stage.calls), "the last part decides"
    assert {"powered_off", "frozen", "interfaces_changed", "filters_changed", "agents_killed"} <= set(applied.evidence)


def test_a_change_that_touches_nothing_is_in_force_at_once(effects: Effects) -> None:
    before_ns = time.monotonic_ns()
    assert before_ns <= hold(effects).at_ns <= time.monotonic_ns()


def test_what_cuts_and_filters_dropped_is_read_before_they_end(effects: Effects, stage: FakeStage) -> None:
    hold(effects, CUT, FILTERED)
    applied = hold(effects)
    evidence = applied.evidence
    assert applied.dropped == 12
    assert evidence["dropped_by_link"] == {"A host-98 host-99": 12}
    assert evidence["packets_dropped"] == {"host-98": 5}


def test_a_frozen_host_learns_its_clock_when_it_is_thawed(effects: Effects, stage: FakeStage) -> None:
    ahead = p.ClockOff(host="host-98", offset_s=5.0)
    hold(effects, FROZEN)
    hold(effects, FROZEN, ahead)
    assert "set_clock" not in stage.names
    hold(effects, ahead)
    assert stage.calls[-1] == ("set_clock", "host-98", 500_000_000)


def test_a_host_that_boots_while_vcenter_is_down_is_started_and_vcenter_is_not(
    effects: Effects, stage: FakeStage
) -> None:
    hold(effects, OFF, p.PowerOff(node=VCENTER), p.VcenterDown())
    stage.calls.clear()
    hold(effects, p.VcenterDown())
    assert ("start", "host-98") in stage.calls
    assert ("start", VCENTER) not in stage.calls


def test_vcenter_is_told_once_and_only_when_it_is_there(effects: Effects, stage: FakeStage) -> None:
    rest = p.Maintenance(host="host-98")
    del stage.pids[VCENTER]
    hold(effects, rest)
    assert stage.calls == []
    stage.pids[VCENTER] = 4
    assert hold(effects, rest).evidence == {"vcenter_told": ["host-98"]}
    hold(effects, rest)
    assert stage.calls == [("ask", VCENTER, TellVcenter(UserMaintenance("host-98", True)))]


def test_a_crash_goes_to_the_host_of_the_vm(effects: Effects, stage: FakeStage) -> None:
    applied = hold(effects, commands=(p.VmCrash(vm="vm-1"),))
    assert stage.calls[-1] == ("ask", "host-99", HarmVm("vm-1", "crash"))
    assert applied.evidence == {"vms_harmed": {"vm-1": "host-99"}}


def test_a_vm_that_runs_nowhere_cannot_hang(effects: Effects) -> None:
    with pytest.raises(StageError, match="vm-2 runs nowhere, so it cannot hang"):
        hold(effects, commands=(p.VmHang(vm="vm-2"),))


def test_a_frozen_host_is_not_asked_for_its_vms(effects: Effects, stage: FakeStage) -> None:
    hold(effects, p.Frozen(host="host-99"))
    with pytest.raises(StageError, match="vm-1 runs nowhere"):
        hold(effects, p.Frozen(host="host-99"), commands=(p.VmCrash(vm="vm-1"),))


def test_the_difference_by_kind() -> None:
    change = Difference(frozenset({CUT, OFF}), frozenset({CUT, FROZEN}))
    assert (change.of(p.Frozen).begins, change.of(p.PowerOff).ends, change.of(p.LinkCut).wanted) == (
        *((FROZEN,), (OFF,), (CUT,)),
    )
    assert not change.of(p.LinkCut)
    assert change.of(p.PowerOff).changed == (OFF,)
    assert not change.of(p.MtuLimit)


def test_the_last_part_says_since_when() -> None:
    assert in_force_since([Applied(5, {}), Applied(9, {}), Applied(7, {})]) == 9
