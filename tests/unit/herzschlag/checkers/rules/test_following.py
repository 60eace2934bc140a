"""A slave that its master has given up looks for another one."""

from __future__ import annotations

from tests.planted import FAULTS
from tests.planted.plant import judged, scenario_of


def test_a_slave_that_does_not_know_that_it_is_not_heard_follows_for_too_long() -> None:
    scenario = scenario_of("case-35@mute")
    assert judged("following", scenario).verdict == "holds"
    for fault in FAULTS:
        if fault.name in ("hears_us is always true", "one-way faith", "flattery"):
            found = judged("following", scenario, fault)
            assert found.verdict == "violated"
            assert "host-98: it still follows host-99" in found.because


def test_a_run_in_which_nobody_is_given_up_has_nothing_to_check() -> None:
    assert judged("following", scenario_of("normal")).verdict == "nothing"
