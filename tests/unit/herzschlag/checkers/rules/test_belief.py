"""A master's verdict that comes too early, and what it must have read."""

from __future__ import annotations

import msgspec

from tests.planted import FAULTS
from tests.planted.plant import judged, scenario_of

BY_NAME = {fault.name: fault for fault in FAULTS}


def test_a_host_is_not_dead_before_its_datastore_heartbeat_was_watched() -> None:
    found = judged("belief", scenario_of("slave-failure"), BY_NAME["no datastore watch"])
    assert found.verdict == "violated"
    assert "its datastore heartbeat had to be watched for 15 s from T+2.99 on" in found.because


def test_a_host_is_not_dead_before_it_was_pinged() -> None:
    found = judged("belief", scenario_of("case-01@unwatched"), BY_NAME["no continuous ping"])
    assert found.verdict == "violated" and "it had to be pinged for 5 s" in found.because


def test_an_isolated_host_that_says_so_is_called_isolated_in_the_end() -> None:
    scenario = msgspec.structs.replace(scenario_of("case-06"), settle_s=120.0)
    assert judged("belief", scenario).verdict == "holds"
    found = judged("belief", scenario, BY_NAME["line 1 is never written"])
    assert found.verdict == "violated" and "and isolated for 45 s by its poweron file" in found.because
