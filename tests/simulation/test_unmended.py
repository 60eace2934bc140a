"""What exploration has found and no one has judged yet, agent or checker: each breaks a rule still.

When one is mended this test fails: its schedule then belongs in `explored/`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.exploration.playing import play
from herzschlag.scenarios.from_toml import load

UNMENDED = sorted((Path(__file__).parent / "unmended").glob("*.toml"))


@pytest.mark.parametrize("file", UNMENDED, ids=lambda file: file.stem)
@pytest.mark.xfail(strict=True, reason="it breaks a rule, and is not judged yet")
def test_what_is_not_judged_yet_breaks_its_rule(file: Path) -> None:
    played = play(load(str(file)))
    assert [f"{f.checker}: {f.because}" for f in played.bad()] == []
