"""docs/exploring.md: its searches, run as written, find nothing in the healthy agents."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/exploring.md"
SEARCHES = re.findall(r"^herzschlag (explore .*)$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize("words", SEARCHES)
def test_a_search_of_the_page_finds_nothing_wrong(words: str, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "herzschlag", *words.split()]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    plays = re.search(r"(\d+) schedules", done.stdout)
    assert plays is not None
    assert int(plays[1]) > 0
    assert "Never begun" in (tmp_path / "explored/exercised.md").read_text()


def test_the_page_searches() -> None:
    assert len(SEARCHES) == 2
