"""The lab behind the page: a request is carried out, shown with its reason, and can be written as a scenario file."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.faults import CutPair, Isolate, PowerOff, Storage
from herzschlag.live import messages as m
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load, loads
from tests.support.live import Hands, running


def still(hands: Hands) -> None:
    """Time stops from now on, so that a test says when what happens."""
    hands.ask(m.Pace(0))
    hands.told.until(lambda: hands.told.state["pace"] == 0, "time is paused")


def pass_time(hands: Hands, seconds: float) -> None:
    before = hands.told.last("clock")["now_s"]
    hands.ask(m.Advance(seconds))
    hands.told.until(lambda: hands.told.last("clock")["now_s"] >= before + seconds - 0.2, f"{seconds} s pass")


def begun(hands: Hands, count: int) -> None:
    hands.told.until(lambda: len(hands.told.state["active"]) == count, f"{count} faults are in force")


def test_a_lab_starts_healthy_and_says_who_leads() -> None:
    with running() as hands:
        lab = hands.told.last("lab")
        assert lab["hosts"] == ["host-98", "host-99", "host-100"]
        assert lab["networks"] == ["A", "B"]
        assert {one["name"] for one in lab["scenarios"]} >= {"small", "isolation", "partition"}
        picture = hands.told.state["picture"]
        assert sorted(picture["roles"].values()) == ["master", "slave", "slave"]
        assert picture["links"] == {}
        assert any(entry[2] == "ready" for entry in hands.told.story)
        hands.told.until(lambda: hands.told.all("beats"), "hearts beat")


def test_a_cut_link_is_seen_in_the_picture_in_the_story_and_in_the_hearts() -> None:
    with running() as hands:
        hands.ask(m.Begin(Isolate(host="host-98", networks="A")))
        begun(hands, 1)
        assert hands.told.state["picture"]["links"] == {"A|host-98": "cut"}
        (active,) = hands.told.state["active"]
        assert active["fault"].items() >= {"fault": "isolate", "host": "host-98", "networks": "A"}.items()
        hands.told.until(
            lambda: any(
                b[0] == "A" and b[1] == "host-98" and b[3] for one in hands.told.all("beats") for b in one["beats"]
            ),
            "a heart of host-98 breaks",
        )
        hands.ask(m.Heal((active["id"],)))
        begun(hands, 0)
        assert hands.told.state["picture"]["links"] == {}
        told = [entry[3] for entry in hands.told.story if entry[2] == "fault"]
        assert [text.split(":")[0] for text in told] == ["fault begins", "fault ends"]


def test_the_master_without_power_is_followed_by_another_and_each_decision_says_why() -> None:
    with running() as hands:
        still(hands)
        hands.ask(m.Begin(PowerOff(host="host-99")))
        begun(hands, 1)
        picture = hands.told.state["picture"]
        assert picture["roles"]["host-99"] == "off"
        assert not [vm for vm in picture["vms"] if vm["host"] == "host-99"]
        pass_time(hands, 60)
        hands.told.until(lambda: hands.told.state["picture"]["roles"]["host-98"] == "master", "host-98 leads")
        hands.told.until(
            lambda: any(vm["name"] == "vm-99-1" and vm["state"] == "on" for vm in hands.told.state["picture"]["vms"]),
            "vm-99-1 runs elsewhere",
        )
        decisions = [entry for entry in hands.told.story if entry[2] in ("role", "restart")]
        assert decisions
        assert all(entry[4] for entry in decisions), "a decision without because"


def test_what_was_done_by_hand_is_a_scenario_that_ends_in_the_same_verdict(tmp_path: Path) -> None:
    with running() as hands:
        still(hands)
        hands.ask(m.Begin(PowerOff(host="host-99")))
        begun(hands, 1)
        pass_time(hands, 50)
        hands.ask(m.Begin(Storage(host="host-98", datastore="vmfs-1", access="apd")))
        begun(hands, 2)
        pass_time(hands, 5)
        hands.ask(m.Heal())
        begun(hands, 0)
        pass_time(hands, 30)
        hands.ask(m.Judge())
        hands.told.until(lambda: hands.told.state["verdict"], "it is judged")
        judged = hands.told.state
        saved = hands.lab.hub.saved
    scenario = loads(saved, "by-hand.toml")
    assert [step.fault for step in scenario.steps] == [
        PowerOff(host="host-99"),
        Storage(host="host-98", datastore="vmfs-1", access="apd"),
    ]
    again = run(RunRequest(scenario=scenario, backend="simulation", speed=1.0, seed=0, directory=tmp_path / "run"))
    assert again.verdict == judged["verdict"] == "holds"
    assert {(f.checker, f.verdict) for f in again.findings} == {
        (f["checker"], f["verdict"]) for f in judged["findings"]
    }


def test_a_judged_lab_goes_on_and_is_judged_again() -> None:
    with running() as hands:
        still(hands)
        hands.ask(m.Judge())
        hands.told.until(lambda: hands.told.state["verdict"] == "holds", "it is judged")
        first_s = hands.told.state["judged_s"]
        hands.ask(m.Begin(PowerOff(host="host-98")))
        begun(hands, 1)
        pass_time(hands, 40)
        hands.ask(m.Judge())
        hands.told.until(lambda: hands.told.state["judged_s"] > first_s + 39, "it is judged again")
        assert hands.told.state["phase"] == "running"
        assert hands.told.state["verdict"] == "holds"
        hands.ask(m.Open())
        hands.told.until(lambda: hands.told.last("lab")["number"] == 2, "a fresh lab starts")
        hands.until_running()


def test_everything_heals_at_one_instant_and_times_count_from_the_first_fault() -> None:
    with running() as hands:
        still(hands)
        assert hands.told.state["zero_s"] == 0
        for count, host in enumerate(("host-98", "host-99"), 1):
            hands.ask(m.Begin(Isolate(host=host, networks="A")))
            begun(hands, count)
        hands.ask(m.Heal())
        begun(hands, 0)
        begins, ends = (
            [entry[1] for entry in hands.told.story if entry[3].startswith(f"fault {phase}")]
            for phase in ("begins", "ends")
        )
        assert hands.told.state["zero_s"] == pytest.approx(begins[0], abs=0.001)
        assert len(ends) == 2
        assert ends[0] == ends[1]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (m.Begin(PowerOff(host="host-7")), "host-7"),
        (m.Begin(CutPair(a="host-98", b="host-98")), "the two sides must differ"),
        (m.Heal(("9 isolate",)), "no fault '9 isolate' is active"),
        (m.Next(), "no further step"),
        (m.Pace(-1), "pace from 0 to 1000"),
        (m.Advance(1e9), "up to an hour"),
        (m.Open("isolatoin"), "not a shipped scenario"),
    ],
)
def test_an_impossible_request_is_refused_with_the_reason_and_the_lab_goes_on(command: m.AnyCommand, says: str) -> None:
    with running() as hands:
        hands.ask(command)
        hands.told.until(lambda: hands.told.all("refused"), "it is refused")
        assert says in hands.told.last("refused")["because"]
        hands.ask(m.Begin(PowerOff(host="host-98")))
        begun(hands, 1)


def test_a_fault_twice_is_refused_because_no_file_could_say_it() -> None:
    with running() as hands:
        hands.ask(m.Begin(PowerOff(host="host-98")))
        begun(hands, 1)
        hands.ask(m.Begin(PowerOff(host="host-98")))
        hands.told.until(lambda: hands.told.all("refused"), "it is refused")
        assert len(hands.told.state["active"]) == 1


def test_a_shipped_scenario_is_opened_and_played_step_by_step() -> None:
    with running() as hands:
        hands.ask(m.Open("isolation"))
        hands.told.until(lambda: hands.told.last("lab")["scenario"] == "isolation", "isolation starts")
        hands.until_running()
        still(hands)
        steps = hands.told.last("lab")["steps"]
        assert "is cut off" in steps[0]
        hands.ask(m.Next())
        hands.told.until(lambda: hands.told.state["steps_done"] == 1, "the first step is done")
        begun(hands, 1)


def test_a_scenario_plays_by_itself() -> None:
    with running(load("slave-failure")) as hands:
        hands.ask(m.Auto(True))
        hands.ask(m.Pace(50))
        count = len(hands.told.last("lab")["steps"])
        hands.told.until(lambda: hands.told.state["steps_done"] == count, "all steps are done")


def test_simulated_time_pauses_on_request_and_goes_as_fast_as_asked() -> None:
    with running() as hands:
        still(hands)
        before = hands.told.last("clock")["now_s"]
        seen = len(hands.told.all("clock"))
        hands.told.until(lambda: len(hands.told.all("clock")) > seen + 2, "clocks are told")
        assert hands.told.last("clock")["now_s"] == pytest.approx(before, abs=0.3)
        pass_time(hands, 100)
        assert hands.told.last("clock")["now_s"] == pytest.approx(before + 100, abs=0.5)
