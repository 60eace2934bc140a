"""Evidence that was collected more than once: the latest counts, and a look in between ends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from herzschlag.backends.opening import open_session
from herzschlag.history.records import SECOND
from herzschlag.running.conductor import Conductor
from herzschlag.running.judgement import Judgement
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.plan import make_plan


@pytest.fixture
def running() -> Iterator[tuple[Conductor, Judgement]]:
    scenario = Scenario(name="test", title="test", cluster=Cluster(vms_per_host=1))
    plan = make_plan(scenario, speed=1.0, seed=0)
    with open_session("simulation", plan) as session:
        conductor = Conductor(session, scenario, plan)
        conductor.start()
        conductor.wait_ready()
        yield conductor, Judgement(session, conductor)


def test_every_look_has_the_evidence_once_and_an_end(running: tuple[Conductor, Judgement]) -> None:
    conductor, judgement = running
    assert conductor.ready_ns is not None
    looks = []
    for seconds in (5, 10):
        conductor.wait_until(conductor.ready_ns + seconds * SECOND)
        looks.append(judgement.history_so_far())
    conductor.wait_until(conductor.ready_ns + 15 * SECOND)
    judgement.finish()
    looks.append(judgement.history())
    kinds = [Counter(item.kind for item in look) for look in looks]
    assert [found["end"] for found in kinds] == [1, 1, 1]
    assert kinds[0]["disk"] == kinds[1]["disk"] == kinds[2]["disk"] == 3, "one writer of each VM's disk"
    ends = [look.end_ns - conductor.ready_ns for look in looks]
    assert ends == [5 * SECOND, 10 * SECOND, 15 * SECOND]
    assert "so far" in looks[1].of_kind("end")[0].get("because")
    assert "so far" not in looks[2].of_kind("end")[0].get("because")
