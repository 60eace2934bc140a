"""The command's refusals, before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from herzschlag.cli.app import app


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["campaign", *arguments])
    assert result.exit_code == 2, result.output
    return result.output


def test_a_wrong_file_is_told_with_its_key(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('name = "c"\n[[matrix]]\nscenarios = ["normal"]\nseed = 1')
    assert "matrix[0].seed: unknown key: did you mean 'seeds'?" in refused(str(file), "--out", str(tmp_path / "c"))
    assert not (tmp_path / "c").exists()


def test_workers_here_and_a_scheduler_are_one_too_many(tmp_path: Path) -> None:
    assert "start the workers there" in refused("c.toml", "--scheduler", "tcp://h:1", "--jobs", "2")


def test_nothing_missing_starts_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A complete campaign is drawn again, and says what it said."""
    from herzschlag.campaign import crew, folder, matrix, parcel, work  # noqa: PLC0415

    file, out = tmp_path / "c.toml", tmp_path / "out"
    file.write_text('name = "c"\n[[matrix]]\nscenarios = ["normal"]\nbackends = ["simulation"]')
    campaign = matrix.load_campaign(file)
    with folder.open_folder(out, campaign) as kept:
        for cell in campaign.cells:
            parcelled = work.play(work.order_of(cell, campaign), tmp_path / "w", "w")
            kept.store(cell, parcel.unpack(parcelled))
    monkeypatch.setattr(crew, "crew", None)
    result = CliRunner().invoke(app, ["campaign", str(file), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "1 of 1 hold" in result.output
    assert (out / "campaign.html").is_file() and (out / "junit.xml").is_file()
