"""Runs of the command line, for `run` and `demo`: their requests, and their end on the screen.

This module decides where each run goes. Playing is in `playing.py`, the exit status in `running/run_file.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from herzschlag.backends.names import BackendName
from herzschlag.checkers.verdict import worst
from herzschlag.cli import speeds
from herzschlag.cli.ending import fail
from herzschlag.cli.playing import play, tell
from herzschlag.exit_status import INTERRUPTED, WRONG_INPUT
from herzschlag.languages import N_, gettext
from herzschlag.languages.reasons import reason
from herzschlag.running.run_file import LOG_FOLDER, exit_status, new_folder
from herzschlag.running.runner import RunRequest
from herzschlag.scenarios.model import Scenario
from herzschlag.topo.spec import Captured, Datapath
from herzschlag.wrong_input import InputError


class Screen(NamedTuple):
    """Where results and errors go."""

    out: Console
    err: Console


def new(base: Path) -> Path:
    """A new folder for runs."""
    try:
        return new_folder(base)
    except InputError as error:
        fail(f"--out {error}", WRONG_INPUT)


def requests(
    scenarios: Sequence[Scenario],
    folder: Path,
    *,
    backend: BackendName,
    speed: speeds.Wanted = None,
    seed: int = 0,
    datapath: Datapath = "auto",
    capture: Captured = "heartbeats",
    capture_limit_mb: int | None = None,
) -> list[RunRequest]:
    return [
        RunRequest(
            scenario=scenario,
            backend=backend,
            speed=speeds.of(scenario, speed),
            seed=seed,
            directory=folder / _unique(index, scenarios),
            datapath=datapath,
            capture=capture,
            capture_limit_mb=capture_limit_mb,
        )
        for index, scenario in enumerate(scenarios)
    ]


def play_and_tell(
    screen: Screen,
    wanted: Sequence[RunRequest],
    jobs: int,
    *,
    as_json: bool = False,
    draw: bool = True,
    verbose: bool = False,
    quiet: bool = False,
) -> int:
    """Run all of them, say how they ended, and give the exit status."""
    out, err = screen
    try:
        reports, drawn, took_s = play(out, wanted, jobs, silent=as_json or quiet, draw=draw)
    except KeyboardInterrupt:
        said = N_("interrupted; partial results are in {folder}")
        fail(gettext(said, folder=wanted[0].directory.parent), INTERRUPTED)
    for report in reports:
        if report.status == "unavailable":
            said = gettext("{scenario} cannot run here: {why}", scenario=report.scenario, why=reason(report.because))
            err.print(f"herzschlag: {said}", markup=False, soft_wrap=True)
        if report.status == "failed":
            logs = Path(report.directory) / LOG_FOLDER
            place = gettext(" (logs: {folder})", folder=logs) if logs.is_dir() else ""
            said = gettext("{scenario} failed: {why}", scenario=report.scenario, why=reason(report.because))
            err.print(f"herzschlag: {said}{place}", markup=False, soft_wrap=True)
    if as_json:
        verdict = worst(report.verdict for report in reports)
        document = {"verdict": verdict, "runs": [report.for_json() for report in reports]}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        skipped = len(wanted) - len(reports)
        tell(out, reports, took_s=took_s, skipped=skipped, verbose=verbose, quiet=quiet)
    for trouble in (*drawn.refused, *drawn.failed):
        err.print(f"herzschlag: {trouble}", markup=False, soft_wrap=True)
    return exit_status(reports, failed=bool(drawn.failed))


def _unique(index: int, scenarios: Sequence[Scenario]) -> str:
    """The scenario's name, with a number when it is run more than once."""
    name = scenarios[index].name
    before = sum(1 for scenario in scenarios[:index] if scenario.name == name)
    return f"{name}-{before + 1}" if before else name
