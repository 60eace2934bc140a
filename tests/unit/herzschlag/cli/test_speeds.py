"""Speeds on the command line: a number, `auto`, the scenario's own; and which are refused."""

from __future__ import annotations

import io

import msgspec
import pytest
import typer
from rich.console import Console

from herzschlag.cli import speeds
from herzschlag.fidelity import choosing
from herzschlag.running.machine_trial import USUAL_WORK_S, Trial
from herzschlag.scenarios.from_toml import load

NORMAL = load("slave-failure")
SLOW = msgspec.structs.replace(NORMAL, speed=3.0)


def a_console() -> Console:
    return Console(file=io.StringIO(), width=300)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_what_is_read_is_what_runs() -> None:
    assert speeds.of(NORMAL, speeds.read(None)) == NORMAL.speed
    assert speeds.of(SLOW, speeds.read("8")) == 8.0
    assert speeds.read("auto") == "auto"
    assert speeds.of(SLOW, "auto") == 3.0, "virtual time has no speed to measure"


@pytest.mark.parametrize(
    ("text", "says"), [("fast", "neither a number nor auto"), ("0", "is 0: above 0"), ("nan", "is nan")]
)
def test_what_is_no_speed_ends_with_status_2(text: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        speeds.read(text)
    assert ended.value.exit_code == 2
    assert says in capsys.readouterr().err


def test_the_measured_speed_is_said_in_one_line_and_is_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "try_machine", lambda: Trial(late_s=0.004, work_s=15 * USUAL_WORK_S))
    console = a_console()
    most = speeds.measured(console, 1)
    told = "Speed: measuring what this machine keeps up with ... 2 (timers up to 4 ms late, computing 15 times slower"
    assert written(console).startswith(told)
    assert written(console).count("\n") == 1
    assert speeds.of(NORMAL, most) == 2.0
    assert speeds.of(SLOW, speeds.Most(10.0)) == 3.0, "a scenario that wants it slower gets it slower"


def test_a_pace_at_which_nothing_can_be_told_is_refused_and_a_fast_one_warned_of() -> None:
    console = a_console()
    with pytest.raises(typer.Exit) as ended:
        speeds.check_pace([NORMAL], 1000.0, console)
    assert ended.value.exit_code == 2
    without = msgspec.structs.replace(NORMAL, expect=msgspec.structs.replace(NORMAL.expect, instant=()))
    speeds.check_pace([without], 50.0, console)
    assert "few machines keep up with more than 20" in written(console)
    quiet = a_console()
    speeds.check_pace([NORMAL], speeds.Most(10.0), quiet)
    assert written(quiet) == ""
