"""The lists in docs/results.md, which must match the code."""

from __future__ import annotations

import re
from pathlib import Path

from herzschlag import faults
from herzschlag.checkers import FOREIGN_CHECKERS, NAMES

TEXT = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")


def between(begin: str, end: str) -> str:
    return TEXT.partition(f"<!-- {begin} -->")[2].partition(f"<!-- {end} -->")[0].strip()


def test_every_fault_is_named() -> None:
    assert re.findall(r"`([a-z-]+)`", between("faults: begin", "faults: end")) == list(faults.KINDS)


def test_every_checker_has_its_row() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", TEXT.partition("## Verdicts")[2].partition("## Exit")[0], re.M)
    assert rows == [*NAMES[:-1], *FOREIGN_CHECKERS, NAMES[-1]]
