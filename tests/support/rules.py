"""What a rule says of a run as it should be, and of the same run with a planted fault."""

from __future__ import annotations

from tests.planted import FAULTS
from tests.planted.plant import judged, scenario_of


def sees_who_breaks(rule: str, scenario: str, fault: str, says: str) -> None:
    """The rule holds in the scenario, and is violated, in these words, when the planted fault is in place."""
    assert judged(rule, scenario_of(scenario)).fine
    planted = next(one for one in FAULTS if one.name == fault)
    found = judged(rule, scenario_of(scenario), planted)
    assert found.verdict == "violated"
    assert says in " ".join(detail.because for detail in found.details)
