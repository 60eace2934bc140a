"""After which ends no master restarts a VM."""

from __future__ import annotations

from pathlib import Path

from herzschlag.checkers.told import UNMONITORED
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.unrestarted import CONFIGURED_NS, DECIDED_NS, unrestarted, used_up_by
from herzschlag.exploration.playing import play
from herzschlag.faults import PowerOff, Reconfigure
from herzschlag.faults import primitives as p
from herzschlag.faults.base import Fault
from herzschlag.history.records import SECOND
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.model import Cluster, Scenario, Step, VmEntry

EXPLORED = Path(__file__).parents[4] / "tests/simulation/explored"


def truth_of(fault: Fault, *vms: VmEntry) -> tuple[Truth, int, int]:
    """A fault from 10 s to 50 s, and when it began and ended in the history."""
    step = Step(at_s=10.0, fault=fault, id="fault", for_s=40.0)
    cluster = Cluster(vms_per_host=1, vms=vms)
    scenario = Scenario(name="a", title="A", cluster=cluster, steps=(step,), settle_s=60.0, ready_s=200.0)
    truth = Truth(play(scenario).history, scenario)
    return truth, truth.spans[0].begin_ns, truth.spans[0].end_ns


def test_while_monitoring_is_off_and_shortly_before_and_after_it() -> None:
    truth, begin_ns, end_ns = truth_of(Reconfigure(options={"host_monitoring": False}))
    for at_ns in (begin_ns - DECIDED_NS + SECOND, begin_ns, end_ns, end_ns + CONFIGURED_NS - SECOND):
        assert "monitoring was off" in unrestarted("vm-98-1", "host-98", at_ns, truth)
    assert not unrestarted("vm-98-1", "host-98", end_ns + CONFIGURED_NS + SECOND, truth)


def test_another_option_changes_nothing() -> None:
    truth, begin_ns, _ = truth_of(Reconfigure(options={"vm_monitoring": True}))
    assert not unrestarted("vm-98-1", "host-98", begin_ns + SECOND, truth)


def test_while_a_power_on_that_takes_long_is_under_way() -> None:
    vms = [VmEntry(name=f"takes-{took_s}", host="host-98", power_on_s=took_s) for took_s in (10, 120)]
    truth, begin_ns, _ = truth_of(PowerOff(host="host-98"), *vms)
    assert unrestarted("takes-120", "host-98", begin_ns, truth) == "its power-on, which takes 120 s, is under way"
    assert not unrestarted("takes-10", "host-98", begin_ns, truth)


def of_schedule(name: str) -> Truth:
    scenario = load(str(EXPLORED / f"{name}.toml"))
    return Truth.of(play(scenario).history, scenario)


def test_monitoring_that_was_off_before_any_master_could_decide() -> None:
    truth = of_schedule("unmonitored-before-a-master-leads")
    ended_ns = truth.stays["vm-98-1"][0].end_ns
    assert all(UNMONITORED not in s.conditions for s in truth.between(ended_ns, ended_ns + DECIDED_NS))
    assert "monitoring was off" in unrestarted("vm-98-1", "host-98", ended_ns, truth)


def test_attempts_that_were_used_up_while_it_still_ran() -> None:
    truth = of_schedule("given-up-while-it-ran")
    ended_ns = truth.stays["vm-98-1"][0].end_ns
    [given_up] = truth.history.where("restart", vm="vm-98-1", phase="given-up")
    assert given_up.at_ns < ended_ns
    assert "used up while it still ran" in unrestarted("vm-98-1", "host-98", ended_ns, truth)
    assert not unrestarted("vm-98-1", "host-98", given_up.at_ns - 1, truth)


def test_a_datastore_that_is_attached_to_no_master() -> None:
    truth = of_schedule("on-a-datastore-of-one-host")
    ends = {vm: truth.stays[vm][0].end_ns for vm in ("slow-98-1", "slow-98-3")}
    assert "vmfs-3 is not attached to host-99" in unrestarted("slow-98-3", "host-98", ends["slow-98-3"], truth)
    assert not unrestarted("slow-98-1", "host-98", ends["slow-98-1"], truth)


def test_a_datastore_that_no_master_has_any_more() -> None:
    """One that had it ordered the restart, and lost power."""
    truth = of_schedule("dies-as-it-restarts-what-only-it-reaches")
    ended_ns = truth.stays["slow"][-1].end_ns
    assert truth.history.where("restart", vm="slow", phase="ordered")[-1].node == "host-98"
    assert "vmfs-3 is not attached to host-99" in unrestarted("slow", "host-98", ended_ns, truth)


def test_an_attempt_that_found_the_lock_kept_by_a_host_without_the_datastore() -> None:
    truth = of_schedule("lock-kept-by-a-lost-datastore")
    ended_ns = truth.stays["vm-98-1"][0].end_ns
    [failed] = truth.history.where("restart", vm="vm-98-1", phase="failed")
    assert "held by host-98" in str(failed.get("because"))
    assert "its attempts at a restart were used up" in unrestarted("vm-98-1", "host-98", ended_ns, truth)


def test_an_attempt_that_a_fault_of_its_target_spoilt_though_it_was_over_before_it_failed() -> None:
    truth = of_schedule("sees-a-dead-owner-move")
    ended_ns = truth.stays["vm-98-1"][0].end_ns
    [failed] = truth.history.where("restart", vm="vm-98-1", phase="failed")
    assert not truth.segment_at(failed.at_ns - 1).conditions - {p.PowerOff("host-98")}
    assert "its attempts at a restart were used up" in unrestarted("vm-98-1", "host-98", ended_ns, truth)


def test_a_master_begins_anew_when_it_is_elected_again() -> None:
    truth = of_schedule("given-up-before-its-host-failed")
    ended_ns = truth.stays["vm-100-1"][0].end_ns
    [left] = truth.history.where("role", node="host-99", **{"from": "master"})
    assert used_up_by("vm-100-1", ended_ns, left.at_ns - 1, truth) == "host-99"
    assert not used_up_by("vm-100-1", ended_ns, left.at_ns, truth)
    assert not used_up_by("vm-100-1", ended_ns, truth.end_ns, truth)
