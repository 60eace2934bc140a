"""Restarts: order, placement, limits, attempts (fact sheet 7.3, 7.5)."""

from collections.abc import Callable

import pytest

from herzschlag.agents.ha.master.restarts import RestartQueue, RestartReport, RestartTarget
from herzschlag.agents.settings import MINUTE, NEVER_NS, SECOND, Priority, Timers, VmConfig


def vm(name: str, priority: Priority = "medium", **more: object) -> VmConfig:
    return VmConfig(name=name, datastore="vmfs-1", priority=priority, **more)  # type: ignore[arg-type]


def host(moid: str, vms: int = 0, memory_mb: int = 64_000) -> RestartTarget:
    return RestartTarget(moid, frozenset({"vmfs-1"}), memory_mb, 20_000, vms)


def ordered(reports: list[RestartReport]) -> list[tuple[str, str]]:
    return [(r.vm.name, r.target) for r in reports if r.phase == "ordered"]


def queue(
    *vms: VmConfig, per_host: int = 32, may_run: Callable[[str, str], bool] = lambda host, vm: False
) -> RestartQueue:
    q = RestartQueue(Timers(), per_host=per_host, may_run=may_run)
    for each in vms:
        q.add(each, now_ns=0, because="its host is down", failed_host="host-99")
    return q


def test_vms_are_spread_over_the_hosts_with_fewest() -> None:
    q = queue(vm("vm-1"), vm("vm-2"), vm("vm-3"))
    assert ordered(q.place([host("host-98", vms=1), host("host-100")], 0)) == [
        ("vm-1", "host-100"),
        ("vm-2", "host-100"),
        ("vm-3", "host-98"),
    ]


def test_priorities_go_first_and_disabled_never() -> None:
    q = queue(vm("vm-1", "low"), vm("vm-2", "high"), vm("vm-3", "disabled"), vm("vm-4", agent_vm=True))
    first = ordered(q.place([host("host-98")], 0))
    assert first == [("vm-4", "host-98")], "lower priorities wait for the running task of this host"
    assert "vm-3" not in q


def test_next_priority_goes_when_the_task_ends_even_without_success() -> None:
    q = queue(vm("vm-1", "low"), vm("vm-2", "high"))
    (report,) = [r for r in q.place([host("host-98")], 0) if r.phase == "ordered"]
    q.result("vm-2", report.order, False, "no lock", SECOND)
    assert ordered(q.place([host("host-98")], SECOND)) == [("vm-1", "host-98")]


def test_thirty_third_vm_waits_for_a_free_task() -> None:
    """Case 44."""
    q = queue(*(vm(f"vm-{i:02}") for i in range(33)))
    first = q.place([host("host-98")], 0)
    assert len(ordered(first)) == 32
    q.result("vm-00", next(r.order for r in first if r.vm.name == "vm-00"), True, "runs", SECOND)
    assert ordered(q.place([host("host-98")], SECOND)) == [("vm-32", "host-98")]


def test_a_place_is_free_when_its_vm_is_seen_to_run() -> None:
    """The inventory of a host may show it before the answer to the order does; no VM waits for the next check."""
    q = queue(vm("vm-1"), vm("vm-2"), per_host=1)
    assert ordered(q.place([host("host-98")], 0)) == [("vm-1", "host-98")]
    q.running("vm-1", "host-98", SECOND // 10)
    assert q.due_ns() == SECOND // 10
    assert ordered(q.place([host("host-98")], SECOND // 10)) == [("vm-2", "host-98")]


def test_attempts_at_0_2_6_14_30_minutes_then_no_more() -> None:
    """Case 43."""
    q = queue(vm("vm-1"))
    at: list[float] = []
    now_ns = 0
    while (due_ns := q.due_ns()) < NEVER_NS:
        now_ns = max(now_ns, due_ns)
        (report,) = q.place([host("host-98")], now_ns)
        at.append(now_ns / MINUTE)
        last = q.result("vm-1", report.order, False, "power-on fails", now_ns + SECOND)
    assert at == [0, 2, 6, 14, 30]
    assert last[-1].phase == "given-up"


def test_vm_without_room_is_pending_until_membership_changes() -> None:
    """Case 42."""
    q = queue(vm("vm-1", memory_mb=9_000))
    assert [r.phase for r in q.place([host("host-98", memory_mb=8_000)], 0)] == ["pending"]
    assert q.due_ns() == NEVER_NS
    q.membership_changed()
    assert ordered(q.place([host("host-98", memory_mb=8_000), host("host-101")], SECOND)) == [("vm-1", "host-101")]


@pytest.mark.parametrize("by_silence", [True, False])
def test_a_vm_waits_while_its_host_lives_after_all_and_may_run_it(by_silence: bool) -> None:
    """Unless its host said that the VM ended there."""
    lives = {"host-99"}
    q = queue(may_run=lambda host, vm: host in lives)
    q.add(vm("vm-1"), now_ns=0, because="its host is down", failed_host="host-99", by_silence=by_silence)
    at_once = [] if by_silence else [("vm-1", "host-98")]
    assert ordered(q.place([host("host-98")], 0)) == at_once
    assert q.due_ns() == SECOND, "it is looked at again"
    lives.clear()
    assert ordered(q.place([host("host-98")], SECOND)) == ([("vm-1", "host-98")] if by_silence else [])


@pytest.mark.parametrize("compatible", [("host-98",), None])
def test_compatibility_limits_placement(compatible: tuple[str, ...] | None) -> None:
    q = queue(vm("vm-1", compatible_hosts=compatible))
    target = "host-98" if compatible else "host-100"
    assert ordered(q.place([host("host-98", vms=3), host("host-100")], 0)) == [("vm-1", target)]


def test_lost_target_does_not_cost_an_attempt() -> None:
    q = queue(vm("vm-1"))
    q.place([host("host-98")], 0)
    q.host_lost("host-98", SECOND)
    (again,) = [r for r in q.place([host("host-100")], SECOND) if r.phase == "ordered"]
    assert (again.target, again.attempt) == ("host-100", 1)


def test_what_waits_and_is_not_wanted_any_more_is_forgotten() -> None:
    q = queue(vm("vm-1"), vm("vm-2"))
    assert ordered(q.place([host("host-98", memory_mb=1024)], 0)) == [("vm-1", "host-98")]
    gone = q.withdraw(lambda name: "a user switched it off")
    assert [(r.phase, r.vm.name, r.because) for r in gone] == [("given-up", "vm-2", "a user switched it off")], (
        "vm-1 is being started, and only its host knows"
    )
    assert "vm-2" not in q


def test_further_attempts_go_by_the_settings_of_now() -> None:
    before, now = vm("vm-1", memory_mb=64_000), vm("vm-1", memory_mb=1_000)
    q = queue(before)
    small = host("host-98", memory_mb=2_000)
    assert [r.phase for r in q.place([small], 0)] == ["pending"]
    q.reconfigured({"vm-1": now}.get)
    assert ordered(q.place([small], 0)) == [("vm-1", "host-98")]
    assert [task.vm for task in q.in_flight()] == [now]


def test_an_attempt_under_way_goes_on_when_the_vms_priority_is_disabled_or_the_vm_is_gone() -> None:
    """It has a rank beside others until then; what becomes of it afterwards is for who withdraws it."""
    q = queue(vm("vm-1"), vm("vm-2"))
    running = q.place([host("host-98")], 0)
    q.reconfigured({"vm-1": vm("vm-1", "disabled")}.get)
    q.add(vm("vm-3"), now_ns=SECOND, because="its host is down", failed_host="host-99")
    assert ordered(q.place([host("host-98")], SECOND)) == [("vm-3", "host-98")]
    assert q.withdraw(lambda name: "its restart priority is disabled now") == []
    assert [r.phase for r in q.result("vm-1", running[0].order, True, "runs", SECOND)] == ["done"]
    assert [r.phase for r in q.host_lost("host-98", SECOND)] == ["failed", "failed"]
    gone = q.withdraw({"vm-2": "the cluster no longer has it", "vm-3": ""}.__getitem__)
    assert [(r.phase, r.vm.name) for r in gone] == [("given-up", "vm-2")]
