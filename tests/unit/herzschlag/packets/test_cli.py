"""`herzschlag packets`: a directory in, tables or one JSON document out; wrong input is refused with the way out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from herzschlag.agents.protocol.messages import Heartbeat
from herzschlag.cli.app import app
from herzschlag.history.capture_facts import CAPTURE_FILE
from herzschlag.history.records import RUNNER, SECOND, History, record, write_history
from herzschlag.packets import cli
from herzschlag.running.run_file import new_folder
from herzschlag.scenarios.from_toml import shipped
from herzschlag.topo.capture import pcapng
from tests.support.captures import HandMade


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A run of which six heartbeats are left, two of them lost."""
    made = HandMade()
    for second in range(6):
        fields: dict[str, Any] = {"role": "slave", "master": "host-99", "goodness": 3, "heard": 7, "config": 1}
        message = Heartbeat(**made.head("host-98", second), **fields, inventory=1)
        made.say(second, message, "host-99", ["A"], lost=["A"] if second in (2, 3) else [])
    with (tmp_path / CAPTURE_FILE).open("wb") as out:
        pcapng.write(out, made.capture())
    end = record(6 * SECOND, RUNNER, "end", {"because": "over"})
    write_history(tmp_path / "history.jsonl", History.ordered([end]))
    run = {"scenario": "slave-failure", "scenario_text": shipped()["slave-failure"], "status": "finished"}
    (tmp_path / "run.json").write_text(json.dumps(run))
    return tmp_path


def call(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["packets", *words])
    return result.exit_code, result.stdout, result.stderr


def test_the_document_holds_streams_and_losses(directory: Path) -> None:
    status, text, _ = call(str(directory), "--json")
    found = json.loads(text)
    assert status == 0
    (stream,) = found["streams"]
    assert (stream["sent"], stream["delivered"], len(stream["gaps"])) == (6, 4, 1)
    assert [(lost["kind"], lost["count"]) for lost in found["lost"]] == [("Heartbeat", 2)]
    assert {one["agreement"] for one in found["confirmations"]} == {"missing"}


def test_the_tables_name_the_way_and_the_key(directory: Path) -> None:
    status, text, _ = call(str(directory))
    assert status == 0
    assert "A: host-98 to host-99" in text
    assert "herzschlag.key:000102" in text
    assert "Entered a switch, never delivered" in text


def test_a_recorder_that_fell_behind_is_told(directory: Path) -> None:
    capture = pcapng.read(directory / CAPTURE_FILE)
    with (directory / CAPTURE_FILE).open("wb") as out:
        pcapng.write(out, pcapng.Capture(capture.interfaces, capture.packets, capture.comments, 99, 7))
    assert "7 packets came too fast to be recorded" in call(str(directory))[1]


def test_a_directory_without_a_run_or_without_packets_is_refused(directory: Path, tmp_path: Path) -> None:
    (directory / CAPTURE_FILE).unlink()
    status, _, trouble = call(str(directory))
    assert status == 2
    assert "simulated runs have no packets" in trouble
    (directory / "run.json").unlink()
    status, _, trouble = call(str(directory))
    assert status == 2
    assert "name the directory of a run" in trouble


def test_tables_fit_80_columns_and_wide_ones_have_the_rest(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal that breaks rows in two makes a table unreadable."""
    texts = {}
    for words in ((), ("--wide",)):
        monkeypatch.setattr(
            cli,
            "Console",
            lambda **given: Console(**{"width": 80, **given, "force_terminal": True, "color_system": None}),
        )
        with pytest.raises(SystemExit):
            app(["packets", str(directory), *words])
        texts[words] = capsys.readouterr().out.splitlines()
    narrow = [line for line in texts[()] if not line.startswith(("slave-failure: ", "In Wireshark"))]
    assert max(map(len, narrow)) <= 80
    assert "…" not in "\n".join(narrow)
    assert not any("jitter ms" in line for line in narrow) and any("jitter" in line for line in texts[("--wide",)])


def test_the_last_run_is_meant_when_none_is_named(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    directory.joinpath("project").mkdir()
    folder = new_folder(project / "runs")
    shutil.copytree(directory, folder / "slave-failure", ignore=shutil.ignore_patterns("project"))
    monkeypatch.chdir(project)
    assert call() == call("slave-failure") == call("latest")
    assert call()[0] == 0
