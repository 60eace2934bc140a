"""Makes a schedule that breaks a rule shorter by leaving out what it does not need: faults, then settings.

This module decides what is left out, in which order. Hypothesis, which makes choices simpler, finds the roundest times
and the fewest hosts; but a fault that others depend on only by their place in its choices stays. Here each is taken
out of the schedule itself. What is played, and what counts as the same violation, is left to `searching.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from herzschlag.faults import FaultError
from herzschlag.scenarios.expectations import Expectations
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.validation import check
from herzschlag.topo.spec import SpecError
from herzschlag.wrong_input import InputError

TRIES_MAX = 40
"""Plays for one schedule: six faults and six settings, each tried a few times over."""
KEPT = frozenset({"hosts", "vms_per_host", "profile"})
"""Of the cluster: what every schedule has."""


def shortened(scenario: Scenario, breaks: Callable[[Scenario], bool]) -> Scenario:
    """The schedule with as little as possible that still breaks the rule."""
    tries = 0
    while tries < TRIES_MAX:
        for simpler in _simpler(scenario):
            tries += 1
            if breaks(simpler):
                scenario = simpler
                break
            if tries == TRIES_MAX:
                return scenario
        else:
            return scenario
    return scenario


def _simpler(scenario: Scenario) -> Iterator[Scenario]:
    """With one thing less each; without those that no lab can have."""
    candidates: list[Scenario] = []
    if len(scenario.steps) > 1:
        for left_out in scenario.steps:
            steps = tuple(step for step in scenario.steps if step is not left_out)
            candidates.append(msgspec.structs.replace(scenario, steps=steps))
    if scenario.expect != Expectations():
        candidates.append(msgspec.structs.replace(scenario, expect=Expectations()))
    plain = Cluster()
    for name in scenario.cluster.__struct_fields__:
        if name not in KEPT and getattr(scenario.cluster, name) != getattr(plain, name):
            cluster = msgspec.structs.replace(scenario.cluster, **{name: getattr(plain, name)})
            candidates.append(msgspec.structs.replace(scenario, cluster=cluster))
    for candidate in candidates:
        try:
            check(candidate)
        except (FaultError, InputError, SpecError):
            continue
        yield candidate
