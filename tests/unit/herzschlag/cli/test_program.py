"""The end of the program: whatever a command raises has its own status and one line, and is never a verdict."""

from __future__ import annotations

import errno
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import pytest

import herzschlag.cli.app
from herzschlag.backends.base import BackendUnavailable, MachineryDied, Missing
from herzschlag.cli.program import main
from herzschlag.history.records import HistoryError
from herzschlag.wrong_input import InputError


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def ended(monkeypatch: pytest.MonkeyPatch, error: BaseException | None) -> int:
    """The exit status of a program whose command raises this."""

    def command() -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(herzschlag.cli.app, "app", command)
    monkeypatch.setattr("herzschlag.running.interrupts.end_politely", lambda: None)
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, 0),
        (SystemExit(), 0),
        (SystemExit(3), 3),
        (SystemExit("a text"), 5),
        (KeyboardInterrupt(), 130),
        (InputError("name", "is 3"), 2),
        (HistoryError("damaged"), 2),
        (BackendUnavailable(Missing("it", "get it")), 4),
        (MachineryDied("the stage: it ended"), 5),
        (MemoryError(), 5),
        (RecursionError(), 5),
        (OSError(errno.ENOSPC, "No space left on device", "/out"), 5),
        (ImportError("failed to map segment from shared object"), 5),
        (AssertionError(), 5),
    ],
)
def test_each_family_of_exceptions_has_its_status(
    monkeypatch: pytest.MonkeyPatch, temporary: Path, error: BaseException | None, status: int
) -> None:
    assert ended(monkeypatch, error) == status


def test_a_failure_is_one_line_and_its_traceback_lies_in_the_file_that_it_names(
    monkeypatch: pytest.MonkeyPatch, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, KeyError("block")) == 5
    (line,) = capsys.readouterr().err.splitlines()
    (kept,) = temporary.iterdir()
    assert line.startswith("herzschlag: failed: KeyError: 'block': this is an error in Herzschlag")
    assert str(kept) in line and "Traceback" in kept.read_text()


class Lost:
    """A standard output that takes nothing."""

    def __init__(self, number: int, file: BinaryIO) -> None:
        self._number = number
        self._file = file

    def flush(self) -> None:
        raise OSError(self._number, "it does not take it")

    def fileno(self) -> int:
        return self._file.fileno()


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 5), (errno.EPIPE, 141)])
def test_output_that_cannot_be_written_is_not_a_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, status: int
) -> None:
    """Python itself would give status 120 and a traceback."""
    with Path("/dev/null").open("wb") as file:
        monkeypatch.setattr(sys, "stdout", Lost(number, file))
        assert ended(monkeypatch, None) == status
    assert len(capsys.readouterr().err.splitlines()) == (1 if status == 5 else 0)


def test_a_command_that_the_reader_of_its_output_left_gives_the_status_of_that_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Typer's own status is 1, which is that of a violated run."""
    end = SystemExit(1)
    end.__context__ = BrokenPipeError(errno.EPIPE, "Broken pipe")
    assert ended(monkeypatch, end) == 141
