"""A run directory: the names of its files, and `run.json`, which says how far a run is and how it ended.

This module decides what `run.json` holds, who reads and writes it (this file alone), and how a folder for new runs is
named.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from herzschlag.checkers.verdict import EXIT_STATUS, Detail, Finding, Verdict, worst
from herzschlag.exit_status import CANNOT_RUN, FAILED
from herzschlag.history.capture_facts import CAPTURE_FILE, CaptureFacts
from herzschlag.history.records import TAIL_FILE, write_whole
from herzschlag.scenarios.from_toml import loads_family
from herzschlag.scenarios.model import Scenario
from herzschlag.wrong_input import InputError

RUN_FILE = "run.json"
HISTORY_FILE = "history.jsonl"
LOG_FOLDER = "log"
OF_A_LAB = (HISTORY_FILE, CAPTURE_FILE, f"{LOG_FOLDER}/{TAIL_FILE}")
"""What a lab leaves in a run directory. Beside those of another lab they would be taken for its own."""
LATEST = "latest"
"""Link beside the folders of runs, to the newest one."""
STAMPED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{6}(-[0-9]+)?")
"""Names of folders of runs: when the first of them began."""
SAME_SECOND_MAX = 1000
"""Folders of runs that began in the same second."""

Status = Literal["running", "interrupted", "unavailable", "failed", "finished"]
ENDED: tuple[Status, ...] = ("unavailable", "failed", "finished")
"""A run that ended by itself."""


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `run.json`. Every key but the scenario has a default, and unknown keys are ignored, because
    another version may have written the file."""

    status: Status = "finished"
    scenario: str
    title: str = ""
    backend: str = ""
    speed: float = 1.0
    seed: int = 0
    verdict: Verdict = "unknown"
    because: str = ""
    directory: str = ""
    repeat: str = ""
    """The command that runs it again."""
    began: str = ""
    """When it began, by this machine's calendar: `2026-05-01T10:15:00+02:00`."""
    started: bool = True
    """False where not even a lab came up: nothing ran, and the next run would fare no better."""
    zero_ns: int = 0
    """T, from which people count: the first fault, in protocol nanoseconds since the run began."""
    findings: tuple[Finding, ...] = ()
    versions: dict[str, str] = {}
    capture: CaptureFacts | None = None
    """The facts that tie `capture.pcapng` to the history, and the key of its datagrams."""
    scenario_source: str = ""
    scenario_text: str = ""
    """The scenario file as it was, so that the run explains itself."""

    @property
    def instants(self) -> list[Detail]:
        """The instants that were published with a time, as measured in this run."""
        return [d for f in self.findings for d in f.details if d.published_s is not None]

    def for_json(self) -> dict[str, Any]:
        """One entry of `herzschlag run --json`."""
        return {
            "scenario": self.scenario,
            "status": self.status,
            "backend": self.backend,
            "speed": self.speed,
            "seed": self.seed,
            "verdict": self.verdict,
            "because": self.because,
            "directory": self.directory,
            "findings": [
                {"checker": f.checker, "verdict": f.verdict, "because": f.because, "evidence": list(f.evidence)}
                for f in self.findings
            ],
            "instants": [
                {
                    "name": d.name,
                    "published_s": _figure(d.published_s),
                    "measured_s": d.measured_s,
                    "deviation_s": d.deviation_s,
                    "verdict": d.verdict,
                    "source": d.source,
                }
                for d in self.instants
            ],
        }


def began(directory: Path) -> str:
    """When the run in this directory began, by what it wrote first; now, if it has written nothing yet."""
    try:
        return read_report(directory).began
    except (OSError, msgspec.MsgspecError):
        return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def write_report(report: RunReport, directory: Path) -> RunReport:
    write_whole(directory / RUN_FILE, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return report


def read_report(directory: Path) -> RunReport:
    """The report of a run; its directory may have been moved since. Raises OSError and msgspec.MsgspecError."""
    report = msgspec.json.decode((directory / RUN_FILE).read_bytes(), type=RunReport)
    return msgspec.structs.replace(report, directory=str(directory))


def exit_status(reports: Iterable[RunReport], *, failed: bool = False) -> int:
    """Of a command, by its runs: violated, then failed, then unavailable, then unknown. `failed`: something besides
    them did."""
    listed = list(reports)
    verdict = worst(report.verdict for report in listed)
    states = {report.status for report in listed}
    if verdict != "violated" and (failed or "failed" in states):
        return FAILED
    if verdict != "violated" and "unavailable" in states:
        return CANNOT_RUN
    return EXIT_STATUS[verdict]


def scenario_of(report: RunReport) -> Scenario:
    """The scenario of the run; of a family, the member of that name. Raises ScenarioError."""
    members = loads_family(report.scenario_text, f"{report.scenario}.toml")
    return next((member for member in members if member.name == report.scenario), members[0])


def new_folder(base: Path) -> Path:
    """A new folder for runs, named by the time, to which the link `latest` in `base` then leads. A `base` that is made
    here is ignored by git. Raises InputError."""
    stamp = time.strftime("%Y-%m-%d-%H%M%S")
    try:
        if not base.exists():
            base.mkdir(parents=True)
            (base / ".gitignore").write_text("# Made by herzschlag.\n*\n", encoding="utf-8")
        for number in range(SAME_SECOND_MAX):
            folder = base / (f"{stamp}-{number}" if number else stamp)
            with contextlib.suppress(FileExistsError):
                folder.mkdir(parents=True)
                point_latest(folder)
                return folder
    except OSError as error:
        raise InputError("", f"{base}: cannot be made: {error.strerror}; choose another directory") from None
    raise InputError("", f"{base}: is full of runs of this second; choose another directory")


def point_latest(folder: Path) -> None:
    """Let `latest` beside this folder of runs lead to it. A file of this name that is not ours stays, and where links
    cannot be made there is none: it is a convenience, and no run fails for it."""
    link = folder.parent / LATEST
    with contextlib.suppress(OSError):
        ours = link.is_symlink() and STAMPED.fullmatch(str(link.readlink())) is not None
        if not ours and (link.is_symlink() or link.exists()):
            return
        new = folder.parent / f".{LATEST}-{folder.name}-{os.getpid()}"
        new.symlink_to(folder.name, target_is_directory=True)
        new.replace(link)


def must_be_unused(directory: Path, *besides: str) -> None:
    """Raise InputError for a directory in which another run left its files. They stay, because only a user knows
    whether they are still wanted. `besides`: other files that must not be there."""
    for name in (*besides, *OF_A_LAB):
        if (directory / name).exists():
            raise InputError("directory", f"{directory} holds a run already ({name}): name a new one, or remove it")


def _figure(published: tuple[float, float] | None) -> float | list[float] | None:
    if published is None:
        return None
    return published[0] if published[0] == published[1] else list(published)
