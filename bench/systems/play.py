"""One run of a scenario by the program that people use, as root or as an ordinary user, and what it left behind.

This module decides how a run is started, what its processor time is, and what is looked for when it has ended: its
processes, its mounts, its temporary files, and whether the machine is as it was. It leaves the verdict to the program.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.evidence import runs
from bench.systems.cells import Try, digest
from bench.systems.kept import Measured, Played
from herzschlag.running.run_file import RunReport, scenario_of
from herzschlag.scenarios.model import Scenario
from tests.support import ordinary_user, whole_machine
from tests.support.soak import machine

ROOT = Path(__file__).resolve().parents[2]
FAILED = ROOT / "build/systems-check"
"""Where the run directories of what is violated are kept."""


def played(one: Try) -> Played:
    """Play it. What it left and its run directory are gone afterwards, unless something is wrong."""
    home = Path(tempfile.mkdtemp(prefix="herzschlag-systems-"))
    before, began = machine_beside(whole_machine.look()), time.monotonic()
    try:
        said, cpu_s, left = _in(home, one)
        took_s = time.monotonic() - began
        report = runs.report_in(home / "runs") or RunReport(
            scenario=one.case.name, status="failed", because=said[-300:]
        )
        found = judged(one, report)
        if found.verdict == "violated":
            _keep(Path(report.directory), one)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    changed = whole_machine.changed(before, machine_beside(whole_machine.look()))
    return msgspec.structs.replace(
        found,
        cpu_s=round(cpu_s, 1),
        took_s=round(took_s, 1),
        left=tuple(left),
        changed=tuple(one.replace(str(Path.home()), "~") for one in changed),
    )


def machine_beside(found: whole_machine.Look, checkout: Path = ROOT) -> whole_machine.Look:
    """Without this checkout, which may be in a folder that is looked at: what plays the runs writes there itself."""
    return {path: text for path, text in found.items() if not Path(path).is_relative_to(checkout)}


def judged(one: Try, report: RunReport) -> Played:
    """What the run says of itself: violated is violated, and whatever else does not hold proves nothing."""
    late = [
        detail.measured_s or 0.0 for found in report.findings if found.checker == "lateness" for detail in found.details
    ]
    because = report.because or report.status
    ran = scenario_of(report) if report.scenario_text else None
    return Played(
        scenario=one.case.name,
        who=one.who,
        number=one.number,
        digest=digest(ran) if ran else one.case.digest,  # as it was when it ran
        verdict=report.verdict,
        because=because if report.verdict == "violated" else "",
        left_out=because if report.verdict == "unknown" else "",
        late_ms=round(max(late, default=0.0) / report.speed * 1000, 1),
        instants=tuple(_instants(report, ran)),
    )


def _instants(report: RunReport, ran: Scenario | None) -> Iterator[Measured]:
    expected = {one.name for one in (ran.expect.instant if ran else ()) if one.expected_s is not None}
    for found in report.findings:
        for detail in found.details:
            if found.checker == "timeline" and detail.measured_s is not None and detail.published_s is not None:
                own = detail.name in expected or detail.figure_word == "expected"
                yield Measured(detail.name, *detail.published_s, round(detail.measured_s, 3), own)


def _in(home: Path, one: Try) -> tuple[str, float, list[str]]:
    """(What it said, its processor time, what it left)."""
    mark, temporary, output = uuid.uuid4().hex, home / "tmp", home / "said"
    environment = {**machine.marked(mark, temporary), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-m", "herzschlag", "run", one.case.name, "--seed", str(one.number), "--no-report"]
    words += ["--out", str(home / "runs")]
    if one.who == "user" and os.geteuid() == 0:
        words = ordinary_user.command(words)
        environment["HOME"] = "/"
        for folder in (home, temporary):
            os.chown(folder, ordinary_user.NOBODY, ordinary_user.NOBODY)
    with output.open("wb") as sink:
        process = subprocess.Popen(words, stdout=sink, stderr=sink, env=environment, cwd=ROOT, start_new_session=True)
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0  # it has been waited for, for the sake of its processor time
    return output.read_text(errors="replace"), used.ru_utime + used.ru_stime, machine.left(mark, temporary)


def _keep(directory: Path, one: Try) -> None:
    to = FAILED / f"{one.case.name}-{one.who}-{one.number}"
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(directory, to)
