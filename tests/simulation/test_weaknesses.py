"""docs/weaknesses.md: every schedule there shows its weakness, and nothing else is wrong in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from herzschlag.exploration.playing import play
from herzschlag.scenarios.from_toml import load

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/weaknesses.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_weakness_shows_and_is_foreseen(number: int, tmp_path: Path) -> None:
    file = tmp_path / "weakness.toml"
    file.write_text(BLOCKS[number])
    scenario = load(str(file))
    assert any(allow.must for allow in scenario.expect.allow), "it says what must show"
    played = play(scenario)
    assert [f"{f.checker}: {f.because}" for f in played.bad()] == []


def test_there_are_weaknesses() -> None:
    assert len(BLOCKS) >= 3
