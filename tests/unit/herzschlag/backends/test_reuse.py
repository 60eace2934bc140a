"""A session that continues another: its records begin anew, all else is the lab's."""

from __future__ import annotations

import pytest

from herzschlag.backends.base import HasSandbox, Session
from herzschlag.backends.mininet.session import MininetSession
from herzschlag.backends.reuse import ContinuedSession, difference
from herzschlag.backends.simulation import SimulationSession
from herzschlag.faults import PowerOff
from herzschlag.history.records import SECOND, record
from herzschlag.history.standing import snapshot
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import Plan, make_plan
from tests.support.scripted import ScriptedSession


@pytest.fixture
def plan() -> Plan:
    return make_plan(Scenario(name="test", title="test"), speed=1.0, seed=0)


def test_a_session_that_continues_a_continued_one_has_the_same_lab(plan: Plan) -> None:
    lab = ScriptedSession(plan)
    first: Session = ContinuedSession(lab)
    second = ContinuedSession(first)
    assert second.inner is first.inner is lab
    second.begin("1 power-off", PowerOff(host="host-98"), 5 * SECOND)
    assert lab.calls[-1] == ("begin", "1 power-off", 5 * SECOND)
    assert second.now_ns() == lab.now_ns()


def test_its_history_begins_with_how_everything_was(plan: Plan) -> None:
    lab = ScriptedSession(plan)
    lab.run_until(20 * SECOND)
    continued = ContinuedSession(lab)
    assert [item.kind for item in continued.records()].count("role") == len(plan.topology.moids)
    assert snapshot(continued.records()) == snapshot(lab.records())


def test_only_labs_on_real_packets_can_be_entered(plan: Plan) -> None:
    assert isinstance(MininetSession(plan).inner, HasSandbox)
    assert not isinstance(ContinuedSession(SimulationSession(plan)).inner, HasSandbox)


def test_a_difference_names_one_thing_and_how_it_was() -> None:
    before = snapshot([record(0, "host-98", "role", {"to": "master"})])
    now = snapshot([record(0, "host-98", "role", {"to": "slave"})])
    assert difference(before, now) == "host-98 role is slave, it was master"
    assert difference(before, before) == ""
