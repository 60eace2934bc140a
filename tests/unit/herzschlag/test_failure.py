"""A failure of our own: one line that says what, the way out and the place of the traceback."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from herzschlag import failure
from herzschlag.errors import HarnessFailure


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "x", "/out/run.json"), "/out/run.json: No space left on device: make room there"),
        (OSError(errno.EMFILE, "x"), "Too many open files: raise the limit of open files (ulimit -n)"),
        (OSError(errno.ENOMEM, "x"), "Cannot allocate memory: raise its limit"),
        (MemoryError(), "memory ran out: raise its limit (ulimit -v"),
        (FileNotFoundError(errno.ENOENT, "x", b"/out/log"), "/out/log: No such file or directory: it was removed"),
        (HarnessFailure("the stage: it ended"), "the stage: it ended"),
        (KeyError("block"), "KeyError: 'block': this is an error in Herzschlag; please report it"),
        (ValueError(), "ValueError: this is an error in Herzschlag"),
        (OSError("no number"), "OSError: no number: this is an error in Herzschlag"),
    ],
)
def test_the_line_says_what_failed_and_the_way_out(error: Exception, says: str) -> None:
    assert failure.told(error).startswith(says)


def test_long_texts_of_several_lines_become_one_short_line() -> None:
    told = failure.told(ValueError("a\nb" * 10_000))
    assert "\n" not in told and len(told) < failure.LINE_MAX + 100


def test_the_traceback_goes_into_the_log_folder(tmp_path: Path) -> None:
    line = failure.line(raised(KeyError("block")), tmp_path)
    assert line.endswith(f"(traceback: {tmp_path / failure.FILE})")
    assert "Traceback" in (tmp_path / failure.FILE).read_text() and "block" in (tmp_path / failure.FILE).read_text()


@pytest.mark.parametrize("folder", ["gone", None])
def test_the_traceback_goes_into_the_temporary_directory_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str | None
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    line = failure.line(raised(KeyError("block")), None if folder is None else tmp_path / folder)
    (kept,) = tmp_path.iterdir()
    assert kept.name.startswith(failure.PREFIX) and str(kept) in line
    assert "Traceback" in kept.read_text()


def test_where_nothing_can_be_written_the_line_says_where_it_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of a traceback is not left behind on a full disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def full(self: Path, text: str, **options: object) -> int:
        os.close(os.open(self, os.O_CREAT | os.O_WRONLY))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    line = failure.line(raised(KeyError("block")), tmp_path)
    assert f"no file could be written for it; it happened in {__file__}:" in line
    assert list(tmp_path.iterdir()) == []
