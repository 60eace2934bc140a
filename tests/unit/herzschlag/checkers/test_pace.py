"""The pace of a run: the tolerance of a speed, and the speed from which on it shows nothing."""

from __future__ import annotations

import msgspec
import pytest

from herzschlag.checkers import CHECKERS, check_all
from herzschlag.checkers.pace import SHARE_MAX, shortest_s, speed_kept, speed_max, tolerance_s
from herzschlag.history.records import History, Record, record
from herzschlag.scenarios.expectations import Expectations
from herzschlag.scenarios.from_toml import load, load_family, shipped
from tests.planted.plant import play

SLAVE_FAILURE = load("slave-failure")


def at_speed(speed: float, *more: Record) -> History:
    """The healthy run as if it were one on real packets."""

    def real(item: Record) -> Record:
        fields = item.fields | ({"backend": "mininet", "speed": speed} if item.kind == "run" else {})
        return Record(item.at_ns, item.seq, item.node, item.kind, fields)

    return History.ordered([*map(real, play(SLAVE_FAILURE)), *more])


def test_the_tolerance_grows_with_speed() -> None:
    assert [round(tolerance_s(speed), 2) for speed in (0.1, 1, 10, 1000)] == [0.15, 0.15, 0.5, 39.0]


def test_at_the_highest_speed_the_tolerance_is_a_share_of_the_shortest_time() -> None:
    scenario = load("slave-failure")
    highest = speed_max(scenario)
    assert highest is not None
    assert shortest_s(scenario) == 3
    assert tolerance_s(highest) == pytest.approx(SHARE_MAX * 3)


def test_without_instants_no_speed_is_too_high() -> None:
    bare = msgspec.structs.replace(load("slave-failure"), expect=Expectations())
    assert (shortest_s(bare), speed_max(bare)) == (None, None)


def test_every_shipped_scenario_can_be_told_at_its_own_speed() -> None:
    for scenario in (member for name in shipped() for member in load_family(name)):
        highest = speed_max(scenario)
        assert highest is None or scenario.speed <= highest, scenario.name


@pytest.mark.parametrize(("late_real_s", "speed"), [(0.0, float("inf")), (0.0546, 7), (0.1, 1), (0.15, 1), (0.2, None)])
def test_the_speed_that_a_machine_keeps(late_real_s: float, speed: float | None) -> None:
    found = speed_kept(late_real_s)
    assert found == speed
    if found is not None and found != float("inf"):
        assert late_real_s * found <= tolerance_s(found)


@pytest.mark.parametrize(("speed", "verdict"), [(10, "holds"), (12, "holds"), (13, "unknown"), (1000, "unknown")])
def test_at_a_speed_that_allows_more_than_is_measured_no_instant_holds(speed: float, verdict: str) -> None:
    """39 s are allowed at speed 1000: an instant published after 18 s might come at once."""
    found = CHECKERS["timeline"].judge(at_speed(speed), SLAVE_FAILURE)
    assert found.verdict == verdict
    assert ("at speed 12 or less it would" in found.because) == (verdict == "unknown")


def test_virtual_time_is_as_exact_at_any_speed() -> None:
    assert CHECKERS["timeline"].judge(play(SLAVE_FAILURE), SLAVE_FAILURE).verdict == "holds"


def test_lateness_says_the_worst_once_and_what_it_puts_in_doubt() -> None:
    late = [
        record(1, host, "lateness", {"process": "agent", "max_ns": ms * 1_000_000})
        for host, ms in (("host-98", 60), ("host-99", 90), ("host-100", 70))
    ]
    wrong = at_speed(10, *late).without(lambda r: r.kind == "host-state" and r.get("to") == "hostDown")
    found = {f.checker: f for f in check_all(wrong, SLAVE_FAILURE)}
    assert found["lateness"].because == (
        "host-99 agent: a timer fired 0.900 s of protocol time late, 0.50 s are allowed; and 2 more"
    )
    doubted = [f for f in found.values() if f.doubt]
    assert {f.doubt for f in doubted} == {"lateness"}
    assert not [f.checker for f in doubted if "protocol time late" in f.because]
