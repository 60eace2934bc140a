"""How far a run in another process is: the records that tell it, appended to a file as they come.

This module decides what such a file holds and that it goes when the run has ended: the history has the same records
then. It leaves showing them to the terminal.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from herzschlag.history.records import HistoryError, Record, decode, encode
from herzschlag.running.run_file import LOG_FOLDER
from herzschlag.scenarios.expectations import Matcher, kinds_named
from herzschlag.scenarios.model import Scenario

PROGRESS_FILE = "progress.jsonl"
TOLD = ("run", "ready", "fault", "role", "vm", "end")


def kinds_told(scenario: Scenario) -> frozenset[str]:
    """Kinds of record by which a run is followed: states, and those that its instants wait for."""
    matchers: list[Matcher] = [item.record for item in scenario.expect.instant]
    matchers += [item.after for item in scenario.expect.instant if isinstance(item.after, dict)]
    return frozenset(TOLD) | frozenset(kinds_named(matchers))


def writer(directory: Path, scenario: Scenario) -> Callable[[Record], None]:
    """A watcher that writes the progress of its run. Progress that cannot be written costs the run nothing."""
    told = kinds_told(scenario)
    path = directory / LOG_FOLDER / PROGRESS_FILE

    def write(record: Record) -> None:
        if record.kind in told:
            with contextlib.suppress(OSError), path.open("ab") as file:
                file.write(encode(record) + b"\n")

    return write


class Reader:
    """Reads what was added since the last time."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / LOG_FOLDER / PROGRESS_FILE
        self._offset = 0

    def read(self) -> list[Record]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                added = file.read()
        except OSError:
            return []  # not written yet
        whole = added[: added.rfind(b"\n") + 1]
        self._offset += len(whole)
        found = []
        for item in whole.splitlines():
            with contextlib.suppress(HistoryError):
                found.append(decode(item))
        return found

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
