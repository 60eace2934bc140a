"""What shows that a line which flaps was in effect: packets in both of its phases, where a host sent all the time."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.checkers import CHECKERS
from herzschlag.history.records import History, Record
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import play

EXPLORED = Path(__file__).parents[5] / "tests/simulation/explored"


def _all_down(record: Record) -> Record:
    """The same, as if every packet had come while the line was down."""
    evidence = record.get("evidence")
    if not isinstance(evidence, dict) or "line" not in evidence:
        return record
    line = evidence["line"]
    line = line | dict.fromkeys(("lost", "asked_lost", "down"), line["sent"]) | {"left": 0}
    return msgspec.structs.replace(record, fields=record.fields | {"evidence": evidence | {"line": line}})


@pytest.mark.parametrize(("dies", "verdict"), [(True, "holds"), (False, "unknown")])
def test_packets_are_due_in_both_phases_only_where_a_host_sends_all_the_time(dies: bool, verdict: str) -> None:
    found = load(str(EXPLORED / "killed-on-a-flapping-line.toml"))
    scenario = found if dies else msgspec.structs.replace(found, steps=found.steps[:1])
    history = play(scenario)
    assert CHECKERS["fault-in-effect"].judge(history, scenario).verdict == "holds"
    edited = History.ordered([_all_down(record) for record in history.records])
    assert CHECKERS["fault-in-effect"].judge(edited, scenario).verdict == verdict
