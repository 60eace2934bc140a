"""The scenarios of the comparison: each can be played, and hits the host that leads."""

import pytest

from bench.comparison.cases import FAULTS, NOT_COMPARED, SUBJECTS, scenario
from herzschlag.scenarios.plan import make_plan
from herzschlag.systems.finding import shipped


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", SUBJECTS)
def test_every_system_meets_every_fault(name: str, fault: str) -> None:
    made = scenario(name, fault)
    plan = make_plan(made, speed=made.speed, seed=0)
    assert len(plan.topology.moids) == (5 if fault == "split" else 3)
    (step,) = made.steps
    hit = step.fault.primitives(plan.topology)
    lost = SUBJECTS[name].lost
    assert any(lost in (getattr(one, "src", ""), getattr(one, "node", ""), getattr(one, "host", "")) for one in hit)


def test_every_shipped_system_is_compared_or_left_out_for_a_reason() -> None:
    assert {*SUBJECTS, *NOT_COMPARED} - {"herzschlag"} == {*shipped()}
    assert not SUBJECTS.keys() & NOT_COMPARED.keys()
