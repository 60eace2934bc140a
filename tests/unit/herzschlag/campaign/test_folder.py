"""The directory of a campaign: runs appear whole or not at all, and complete ones are found again."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from herzschlag.campaign.folder import Folder, open_folder, strangers
from herzschlag.campaign.matrix import Campaign, Cell
from herzschlag.campaign.parcel import Files, ParcelError
from herzschlag.campaign.work import Delivery
from herzschlag.running.run_file import RunReport, Status, read_report
from herzschlag.wrong_input import InputError
from tests.unit.herzschlag.campaign.campaigns import NORMAL, campaign, cell


def files(of: Cell, *, status: Status = "finished", text: str = NORMAL.text) -> Files:
    report = RunReport(
        scenario="normal",
        scenario_text=text,
        backend=of.backend,
        speed=of.speed,
        seed=of.seed,
        status=status,
        verdict="holds",
        directory="/somewhere/else",
        repeat="herzschlag run normal",
    )
    delivery = Delivery(machine="m", worker="w", took_s=1.0)
    return (
        ("run.json", msgspec.json.encode(report)),
        ("log/delivery.json", msgspec.json.encode(delivery)),
        ("history.jsonl", b""),
    )


def there(path: Path, of: Campaign) -> dict[str, bool]:
    with open_folder(path, of) as folder:
        return {run.cell.name: run.complete for run in folder.there()}


def test_a_stored_run_is_there_for_the_next_call(tmp_path: Path) -> None:
    of = campaign(cell(0), cell(1))
    with open_folder(tmp_path / "c", of) as folder:
        stored = folder.store(of.cells[0], files(of.cells[0]))
    assert there(tmp_path / "c", of) == {of.cells[0].name: True}
    assert stored.entry.file.directory == str(tmp_path / "c" / of.cells[0].name), "not that of the worker"
    assert (tmp_path / "c/campaign.toml").read_text() == of.text


def test_a_failed_run_is_replaced_by_the_next(tmp_path: Path) -> None:
    of = campaign(cell(0))
    with open_folder(tmp_path / "c", of) as folder:
        folder.store(of.cells[0], files(of.cells[0], status="failed"))
        assert not next(folder.there()).complete
        folder.store(of.cells[0], files(of.cells[0]))
    assert there(tmp_path / "c", of) == {of.cells[0].name: True}


def test_what_a_killed_command_left_is_cleared_away(tmp_path: Path) -> None:
    of = campaign(cell(0), cell(1))
    with open_folder(tmp_path / "c", of) as folder:
        for one in of.cells:
            folder.store(one, files(one, status="failed"))
    (tmp_path / "c" / of.cells[0].name).rename(tmp_path / f"c/.{of.cells[0].name}.old")
    (tmp_path / f"c/.{of.cells[1].name}.part").mkdir()
    assert set(there(tmp_path / "c", of)) == {one.name for one in of.cells}, "a moved run is put back"
    assert not list((tmp_path / "c").glob(".*.part")) + list((tmp_path / "c").glob(".*.old"))


def test_half_a_run_is_none(tmp_path: Path) -> None:
    of = campaign(cell(0))
    with open_folder(tmp_path / "c", of) as folder, pytest.raises(ParcelError, match="is not a run"):
        folder.store(of.cells[0], files(of.cells[0])[:1])
    assert there(tmp_path / "c", of) == {}
    assert not list((tmp_path / "c").glob(".*.part"))


def test_a_changed_scenario_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    of = campaign(cell(0))
    with open_folder(tmp_path / "c", of) as folder:
        with pytest.raises(InputError, match="another scenario text"):
            folder.store(of.cells[0], files(of.cells[0], text="other"))
        with pytest.raises(InputError, match="choose another"):
            list(folder.there())


def test_runs_no_longer_asked_for_are_named(tmp_path: Path) -> None:
    of = campaign(cell(0), cell(1))
    with open_folder(tmp_path / "c", of) as folder:
        folder.store(of.cells[1], files(of.cells[1]))
        assert strangers(folder, of.cells[:1]) == [of.cells[1].name]


def test_an_edited_scenario_is_repeated_from_its_run(tmp_path: Path) -> None:
    of = campaign(msgspec.structs.replace(cell(0), edited=True))
    folder = Folder(tmp_path, of)
    folder.store(of.cells[0], files(of.cells[0]))
    repeat = read_report(tmp_path / of.cells[0].name).repeat
    assert repeat.startswith(f"herzschlag run {tmp_path / of.cells[0].name / 'scenario.toml'} --backend simulation")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="is not empty"), open_folder(tmp_path, campaign(cell(0))):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_one_command_at_a_time(tmp_path: Path) -> None:
    of = campaign(cell(0))
    with (
        open_folder(tmp_path / "c", of),
        pytest.raises(InputError, match="another herzschlag campaign works in it"),
        open_folder(tmp_path / "c", of),
    ):
        pass
