"""The interface to a cluster, on a session that only notes its orders."""

from __future__ import annotations

from herzschlag.cluster import Cluster
from herzschlag.faults import PowerOff
from herzschlag.history.records import SECOND
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import make_plan
from tests.support.scripted import ScriptedSession


def test_by_hand_a_change_is_approached_with_the_lead_that_the_backend_wants() -> None:
    """The live page goes on reading until shortly before the backend must get the change."""
    scenario = Scenario(name="by-hand", title="By hand")
    plan = make_plan(scenario, speed=1.0, seed=0)
    session = ScriptedSession(plan)
    session.lead_ns = 100_000_000
    session.run_until(20 * SECOND + 10_000_001)
    cluster = Cluster(session, plan, scenario)
    looks: list[int] = []

    def look() -> bool:
        looks.append(session.now_ns())
        return True

    cluster.approach(0.04, look)
    told_ns = 21 * SECOND + 10_000_000 - session.lead_ns
    assert told_ns - 2 * 40_000_000 <= session.now_ns() <= told_ns - 40_000_000
    assert len(looks) > 15
    cluster.approach(0.04, lambda: False)
    cluster.begin(PowerOff(host="host-98"))
    assert session.calls[-1] == ("begin", "1 power-off", 21 * SECOND + 10_000_000)
