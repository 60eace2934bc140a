"""Durations on the command line."""

from __future__ import annotations

import pytest
import typer

from herzschlag.cli import durations


@pytest.mark.parametrize(("text", "says_s"), [("30s", 30.0), ("10m", 600.0), ("2h", 7200.0)])
def test_a_number_and_a_unit(text: str, says_s: float) -> None:
    assert durations.seconds(text) == says_s


@pytest.mark.parametrize("text", ["", "10", "m", "0s", "-1m", "1.5h", "1d", "99999999s", "10 m"])
def test_anything_else_ends_with_status_2(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        durations.seconds(text)
    assert ended.value.exit_code == 2
    assert "a number and a unit: 30s, 10m, 2h" in capsys.readouterr().err
