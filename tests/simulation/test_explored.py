"""Schedules that exploration found in our agents or in vCenter: each broke a rule, until what it showed was mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.exploration.playing import play
from herzschlag.scenarios.from_toml import load

FOUND = sorted((Path(__file__).parent / "explored").glob("*.toml"))


@pytest.mark.parametrize("file", FOUND, ids=lambda file: file.stem)
def test_what_was_found_once_breaks_no_rule_any_more(file: Path) -> None:
    played = play(load(str(file)))
    assert not played.trouble
    assert [f"{f.checker}: {f.because}" for f in played.bad()] == []
