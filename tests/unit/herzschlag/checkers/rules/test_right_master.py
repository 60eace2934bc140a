"""An election is won by the best host, and not before its time is over."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.checkers import CHECKERS
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.from_toml import load
from tests.planted import FAULTS
from tests.planted.plant import judged, play, scenario_of

SHORT = next(fault for fault in FAULTS if fault.name == "short election")


def test_an_election_of_ten_seconds_is_too_short() -> None:
    scenario = scenario_of("master-failure")
    assert judged("right-master", scenario).verdict == "holds"
    short = judged("right-master", scenario, SHORT)
    assert short.verdict == "violated"
    assert "became master after 10.0 s; an election lasts 15 s" in short.because


@pytest.mark.parametrize(("before_s", "verdict"), [(-10, "holds"), (24, "holds"), (26, "violated")])
def test_a_master_knows_of_a_lost_datastore_when_it_has_moved_for_long_enough_since(
    before_s: int, verdict: str
) -> None:
    """It is left when it meets another one, though it had lost its datastores that many seconds before it froze."""
    scenario = load(str(Path(__file__).parents[5] / "tests/simulation/explored/thawed-master-without-storage.toml"))
    history = play(scenario)
    (frozen,) = history.where("fault", phase="begin", id="freeze")
    moved = [
        msgspec.structs.replace(r, at_ns=frozen.at_ns - before_s * SECOND)
        if (r.kind, r.get("phase"), r.get("id")) == ("fault", "begin", "2 storage")
        else r
        for r in history.records
    ]
    found = CHECKERS["right-master"].judge(History.ordered(sorted(moved, key=lambda r: r.at_ns)), scenario)
    assert found.verdict == verdict
