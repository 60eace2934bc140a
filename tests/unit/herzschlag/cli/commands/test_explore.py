"""The command `explore`: its arguments, its exit status, and what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.cli.commands import explore
from herzschlag.exploration import exploring
from herzschlag.exploration.exploring import Corpus, Progress, Wish
from herzschlag.exploration.searching import Violation
from tests.unit.herzschlag.exploration.test_playing import SCENARIO


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--hosts", "8-3"], "--hosts '8-3'"),
        (["--hosts", "99"], "from 2 to 16"),
        (["--time", "soon"], "a number and a unit"),
        (["--only", "power-of"], "power-off"),
        (["--only", "isolate", "--without", "isolate"], "leave no kind"),
    ],
)
def test_wrong_words_are_refused(given: list[str], told: str) -> None:
    result = CliRunner().invoke(app, ["explore", *given])
    assert result.exit_code == 2
    assert told in result.output


@pytest.mark.parametrize("finds", [False, True])
def test_what_is_found_is_written_and_is_the_exit_status(
    finds: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes: list[Wish] = []

    def search(wish: Wish, corpus: Corpus, shown: object, pool: object) -> Progress:
        assert pool is None, "this machine searches"
        wishes.append(wish)
        found = [Violation("one-master violated: no host led", SCENARIO, "no host led at T+40")] if finds else []
        return Progress(plays=10, took_s=2.0, violations=found)

    monkeypatch.setattr(exploring, "explore", search)
    monkeypatch.setattr(explore, "_play_again", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["explore", "--hosts", "3-4", "--time", "2m", "--only", "freeze"])
    assert result.exit_code == (1 if finds else 0), result.output
    assert wishes == [Wish(kinds=("freeze",), hosts=(3, 4), for_s=120.0)]
    assert "10 schedules, 5.0 a second" in result.output
    assert (tmp_path / "explored/exercised.md").exists()
    assert [path.name for path in sorted((tmp_path / "found").glob("*"))] == (
        ["one-master-power-off.toml", "test_one_master_power_off.py"] if finds else []
    )
