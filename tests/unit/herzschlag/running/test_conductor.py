"""The conductor: readiness, alignment to heartbeats, faults on time and in the history."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from herzschlag.history.records import SECOND, Record, record
from herzschlag.running.conductor import Conductor, NotReady
from herzschlag.scenarios.from_toml import loads
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import make_plan
from tests.support.scripted import ScriptedSession, healthy_start

TEXT = """
name = "mine"
title = "mine"
settle_s = 10
[cluster]
vms_per_host = 1
[[steps]]
at_s = 2.5
for_s = 4
fault = "isolate"
host = "host-99"
id = "cut"
"""


@pytest.fixture
def scenario() -> Scenario:
    return loads(TEXT, "mine.toml")


def test_faults_go_off_right_after_a_heartbeat_instant(scenario: Scenario) -> None:
    """Published timelines start at a heartbeat; without this every instant would be off by up to a second."""
    plan = make_plan(scenario)
    session = ScriptedSession(plan, healthy_start(plan, at_s=15.3))
    conductor = Conductor(session, scenario, plan)
    conductor.play()
    # Ready at 15.3 s plus three seconds of calm; then the next heartbeat instants plus 10 ms.
    assert conductor.ready_ns == 19 * SECOND + 10_000_000
    assert session.calls == [
        ("begin", "cut", 22 * SECOND + 10_000_000),
        ("end", "cut", 26 * SECOND + 10_000_000),
        ("finish", "", 36 * SECOND + 10_000_000),
    ]


def test_a_fault_ends_between_two_heartbeats_when_the_scenario_says_so() -> None:
    """A cut of exactly nine seconds may or may not swallow the ninth heartbeat; one of 8.5 s never does."""
    later = """
    [[steps]]
    at_s = 7
    fault = "gateway-down"
    id = "later"
    """
    text = TEXT.replace("at_s = 2.5", "at_s = 3").replace("for_s = 4", "for_s = 4.5")
    scenario = loads(text + later, "mine.toml")
    plan = make_plan(scenario)
    session = ScriptedSession(plan, healthy_start(plan, at_s=15.3))
    Conductor(session, scenario, plan).play()
    assert session.calls[:3] == [
        ("begin", "cut", 22 * SECOND + 10_000_000),
        ("begin", "later", 26 * SECOND + 10_000_000),
        ("end", "cut", 26 * SECOND + 510_000_000),
    ]


def test_a_fault_shorter_than_a_heartbeat_interval_lasts_as_long_as_the_scenario_says() -> None:
    """Its begin is moved up to a heartbeat, and its end by as much."""
    text = TEXT.replace("at_s = 2.5", "at_s = 2.15").replace("for_s = 4", "for_s = 0.3")
    short = loads(text, "mine.toml")
    plan = make_plan(short)
    session = ScriptedSession(plan, healthy_start(plan, at_s=15.3))
    Conductor(session, short, plan).play()
    assert session.calls[:2] == [
        ("begin", "cut", 22 * SECOND + 10_000_000),
        ("end", "cut", 22 * SECOND + 310_000_000),
    ]


def test_a_planned_change_is_announced_half_a_second_early(scenario: Scenario) -> None:
    """Who announces it may have to wait for a processor. By hand, what is on the screen moves until then."""
    plan = make_plan(scenario)
    session = ScriptedSession(plan, healthy_start(plan, at_s=15.3))
    session.lead_ns = 100_000_000
    conductor = Conductor(session, scenario, plan)
    at_ns = 22 * SECOND + 10_000_000
    assert conductor.told_ns(at_ns) == at_ns - 500_000_000
    session.run_until(21 * SECOND + 10_000_001)
    assert conductor.told_ns() == at_ns - 100_000_000


def test_the_history_tells_when_a_fault_was_effective(scenario: Scenario) -> None:
    plan = make_plan(scenario)
    conductor = Conductor(ScriptedSession(plan), scenario, plan)
    conductor.play()
    history = conductor.history()
    begin, end = history.of_kind("fault")
    assert (begin.fields["phase"], end.fields["phase"]) == ("begin", "end")
    assert begin.at_ns == begin.fields["effective_ns"] == begin.fields["asked_ns"] + 1000
    assert begin.fields["evidence"] == {"shown": True}
    assert begin.fields["value"]["host"] == "host-99"
    assert [history[0].kind, history[-1].kind] == ["run", "end"]


def test_what_a_host_wrote_in_the_instant_of_a_fault_comes_before_the_fault(scenario: Scenario) -> None:
    """A VM that starts in the instant in which its host loses power would seem to run on for ever."""
    plan = make_plan(scenario)
    at_ns = 22 * SECOND + 10_000_000
    written = record(at_ns, "host-99", "vm", {"vm": "vm-99-1", "from": "starting", "to": "on", "because": "it runs"})
    session = ScriptedSession(plan, [*healthy_start(plan, at_s=15.3), written], takes_ns=0)
    conductor = Conductor(session, scenario, plan)
    conductor.play()
    same = [item.kind for item in conductor.history() if item.at_ns == at_ns]
    assert same == ["vm", "fault"]


def test_steps_wait_for_the_last_host(scenario: Scenario) -> None:
    plan = make_plan(scenario)
    conductor = Conductor(ScriptedSession(plan, healthy_start(plan, late="host-100")), scenario, plan)
    conductor.play()
    assert conductor.ready_ns is not None
    assert conductor.ready_ns > 25 * SECOND


def test_a_cluster_that_falls_apart_again_is_not_ready(scenario: Scenario) -> None:
    plan = make_plan(scenario)
    lost = {"host": "host-99", "from": "connectedToMaster", "to": "hostDown", "because": ""}
    back = lost | {"from": "hostDown", "to": "connectedToMaster"}
    script = [
        *healthy_start(plan),
        record(16 * SECOND, "host-98", "host-state", lost),
        record(30 * SECOND, "host-98", "host-state", back),
    ]
    conductor = Conductor(ScriptedSession(plan, script), scenario, plan)
    conductor.play()
    assert conductor.ready_ns == 33 * SECOND + 10_000_000


class InBatches(ScriptedSession):
    """As on real packets: the records of a second come at once, and what comes with the one that ends a wait is not
    handed on."""

    def run_until(self, at_ns: int, stop: Callable[[Record], bool] | None = None) -> bool:
        while self._script and self._script[0].at_ns <= at_ns:
            until_ns = self._script[0].at_ns + SECOND
            batch = [item for item in self._script if item.at_ns <= until_ns]
            del self._script[: len(batch)]
            self._records += batch
            self._now_ns = max(self._now_ns, batch[-1].at_ns)
            if stop is not None and any(stop(item) for item in batch):
                return True
        self._now_ns = max(self._now_ns, at_ns)
        return False


def test_what_comes_with_the_record_that_ends_a_wait_counts_as_well(scenario: Scenario) -> None:
    plan = make_plan(scenario)
    lost = {"host": "host-99", "from": "connectedToMaster", "to": "election", "because": ""}
    back = lost | {"from": "election", "to": "connectedToMaster"}
    script = [
        *healthy_start(plan),
        record(17 * SECOND, "host-98", "host-state", lost),
        record(17 * SECOND + 1, "host-98", "host-state", back),
    ]
    conductor = Conductor(InBatches(plan, script), scenario, plan)
    conductor.play()
    assert conductor.ready_ns == 20 * SECOND + 10_000_000


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("role", "a single master"),
        ("host-state", "to call host-100, host-99 connected"),
        ("vm", "to run"),
        ("protect", "to be protected"),
    ],
)
def test_a_cluster_that_never_gets_ready_says_what_is_missing(scenario: Scenario, kind: str, says: str) -> None:
    plan = make_plan(scenario)
    script = [item for item in healthy_start(plan) if item.kind != kind]
    with pytest.raises(NotReady, match=says):
        Conductor(ScriptedSession(plan, script), scenario, plan).play()


def test_a_watcher_sees_every_record_once(scenario: Scenario) -> None:
    plan = make_plan(scenario)
    seen: list[Record] = []
    session = ScriptedSession(plan)
    Conductor(session, scenario, plan, seen.append).play()
    assert [item for item in seen if item.node != "herzschlag"] == list(session.records())
    assert [item.kind for item in seen if item.node == "herzschlag"] == ["run", "ready", "fault", "fault", "end"]
