"""When a second copy of a VM may start."""

from __future__ import annotations

from pathlib import Path

from herzschlag.checkers.second_copies import STOPPED_WITHIN_NS, second_copy
from herzschlag.checkers.truth import Truth
from herzschlag.exploration.playing import play
from herzschlag.faults import Freeze, Storage
from herzschlag.faults.base import Fault
from herzschlag.history.records import SECOND
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.model import Cluster, Scenario, Step


def truth_of(fault: Fault) -> tuple[Truth, int]:
    step = Step(at_s=10.0, fault=fault, id="fault", for_s=40.0)
    scenario = Scenario(name="a", title="A", cluster=Cluster(vms_per_host=1), steps=(step,), settle_s=60.0)
    truth = Truth(play(scenario).history, scenario)
    return truth, truth.spans[0].begin_ns


def test_beside_a_host_that_stands_still_for_a_lock_watch_it_may() -> None:
    truth, begin_ns = truth_of(Freeze(host="host-98"))
    late, early = begin_ns + 20 * SECOND, begin_ns + 5 * SECOND
    assert "KB-HB" in second_copy("vm-98-1", "host-98", ("host-99", late), late, truth).foreseen
    assert not second_copy("vm-98-1", "host-98", ("host-99", early), early, truth).fine


def test_not_for_longer_than_the_first_host_needs_to_look() -> None:
    truth, begin_ns = truth_of(Freeze(host="host-98"))
    late, end_ns = begin_ns + 20 * SECOND, begin_ns + 40 * SECOND
    assert second_copy("vm-98-1", "host-98", ("host-99", late), end_ns + STOPPED_WITHIN_NS, truth).fine
    both = second_copy("vm-98-1", "host-98", ("host-99", late), end_ns + STOPPED_WITHIN_NS + SECOND, truth)
    assert "could see its lock lost" in both.too_long


def test_old_data_lets_it_start_beside_a_host_that_lives() -> None:
    truth, begin_ns = truth_of(Storage(host="host-99", access="stale"))
    at_ns = begin_ns + 20 * SECOND
    assert "old data" in second_copy("vm-98-1", "host-98", ("host-99", at_ns), at_ns, truth).foreseen
    assert not second_copy("vm-98-1", "host-98", ("host-100", at_ns), at_ns, truth).fine


def test_just_after_a_host_can_write_again_its_lock_may_be_broken() -> None:
    """Its next renewal is due within 3 s on VMFS."""
    truth, begin_ns = truth_of(Storage(host="host-98", access="read-only"))
    back_ns = begin_ns + 40 * SECOND
    soon, later = back_ns + 2 * SECOND, back_ns + 4 * SECOND
    assert truth.without_locks_ns("host-98", "vmfs-1", soon) == (begin_ns, soon)
    assert truth.without_locks_ns("host-98", "nfs-1", later) == (begin_ns, later)
    assert truth.without_locks_ns("host-98", "vmfs-1", later) == (later, later)
    assert second_copy("vm-98-1", "host-98", ("host-99", soon), soon, truth).fine
    assert not second_copy("vm-98-1", "host-98", ("host-99", later), later, truth).fine


def test_it_is_asked_when_the_lock_was_taken_not_when_the_vm_is_on() -> None:
    file = Path(__file__).parents[4] / "tests/simulation/explored/broken-before-a-long-power-on.toml"
    scenario = load(str(file))
    truth = Truth.of(play(scenario).history, scenario)
    on = truth.history.where("vm", node="host-100", vm="slow-98-1", to="on")[0]
    assert second_copy("slow-98-1", "host-98", ("host-100", on.at_ns), on.at_ns, truth).fine
    assert truth.without_locks_ns("host-98", "vmfs-2", on.at_ns)[0] == on.at_ns, "by then it could renew its locks"
