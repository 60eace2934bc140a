"""The limits of every number of a scenario: what is refused names its key, and every sensible number passes."""

from __future__ import annotations

import math

import pytest

from herzschlag.faults import ClockOffset
from herzschlag.scenarios.expectations import Expectations, Instant, Never
from herzschlag.scenarios.from_toml import load_family, shipped
from herzschlag.scenarios.model import Cluster, Scenario, Step, VmEntry
from herzschlag.scenarios.numbers import LARGEST, LONGEST_S, check_numbers
from herzschlag.wrong_input import InputError


def scenario(**fields: object) -> Scenario:
    return Scenario(name="n", title="t", **fields)  # type: ignore[arg-type]


def instant(published_s: float | tuple[float, float]) -> Expectations:
    return Expectations(instant=(Instant(name="i", record={"kind": "role"}, published_s=published_s, source="-"),))


def vm(**numbers: float) -> Scenario:
    return scenario(cluster=Cluster(vms=(VmEntry(name="v", host="host-98", **numbers),)))  # type: ignore[arg-type]


CLOCK = Step(at_s=0, id="x", fault=ClockOffset(host="host-98", offset_s=1e300))
NEVER = Never(name="n", record={"at_ns": 2**64})


@pytest.mark.parametrize(
    ("value", "key", "says"),
    [
        (scenario(settle_s=math.nan), "settle_s", "is nan"),
        (scenario(settle_s=LONGEST_S + 1), "settle_s", "at most 604800"),
        (vm(power_on_s=math.inf), "cluster.vms[0].power_on_s", "is inf"),
        (vm(memory_mb=2**63), "cluster.vms[0].memory_mb", "at most 1e"),
        (scenario(cluster=Cluster(options={"das.any": -math.inf})), "cluster.options.das.any", "is -inf"),
        (scenario(steps=(CLOCK,)), "steps[0].offset_s", "a week"),
        (scenario(expect=instant((0, 1e17))), "expect.instant[0].published_s[1]", "a week"),
        (scenario(expect=Expectations(never=(NEVER,))), "expect.never[0].record.at_ns", "at most"),
    ],
)
def test_a_number_that_no_key_may_have_is_refused_with_its_key(value: Scenario, key: str, says: str) -> None:
    with pytest.raises(InputError) as told:
        check_numbers(value)
    assert told.value.key == key and says in told.value.text


@pytest.mark.parametrize("number", [0.0, -0.0, 1e-320, -1, LONGEST_S, -LONGEST_S])
def test_times_up_to_a_week_pass_in_either_direction(number: float) -> None:
    check_numbers(scenario(settle_s=number))
    check_numbers(scenario(expect=instant(number)))


def test_sizes_pass_and_truth_values_are_not_numbers() -> None:
    check_numbers({"memory_mb": LARGEST, "on": True})


def test_every_shipped_scenario_passes() -> None:
    for name in shipped():
        for one in load_family(name):
            check_numbers(one)
