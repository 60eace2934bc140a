"""Runs of the shipped scenarios in a row, by the program a user runs: `herzschlag run A B … --jobs N`.

Right is the verdict that docs/cases.md documents for every shipped scenario, `holds`; `unknown` is counted, with its
reason. Anything else is wrong, and its run directory is kept.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from herzschlag.scenarios.from_toml import load_family, shipped
from tests.support.soak.machine import left, marked

BATCH = 20
"""Runs of one call of the program."""
DOCUMENTED = "holds"
STATUSES = {0, 3, 5}
"""Exit statuses of the program that agree with verdicts that are right or unknown."""
NUMBERS = re.compile(r"\d+(\.\d+)?")
STOP_S = 30.0


class Runs(msgspec.Struct):
    """What came of them."""

    wanted: int
    played: int = 0
    held: int = 0
    unknown: int = 0
    reasons: dict[str, int] = {}
    """Of `unknown`: its reason without figures, and how often."""
    wrong: list[str] = []
    left: list[str] = []
    seconds: float = 0.0


def scenarios(seed: int) -> Iterator[str]:
    """Names of all shipped scenarios and variants, mixed anew in each round, without end."""
    draw = random.Random(f"soak/{seed}")
    everything = [scenario.name for name in shipped() for scenario in load_family(name)]
    while True:
        draw.shuffle(everything)
        yield from everything


def play(
    runs: Runs,
    tell: Callable[[Runs], None],
    *,
    seed: int,
    jobs: int,
    home: Path,
    deadline_s: float,
    batch: int = BATCH,
) -> None:
    """Play as many as wanted, or until the deadline (of the monotonic clock). `tell` after each batch."""
    names = scenarios(seed)
    began = time.monotonic()
    while runs.played < runs.wanted:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            break
        chosen = [next(names) for _ in range(min(batch, runs.wanted - runs.played))]
        _batch(runs, chosen, jobs, home, left_s)
        runs.seconds = round(time.monotonic() - began, 1)
        tell(runs)
        if runs.left:
            break


def _batch(runs: Runs, names: list[str], jobs: int, home: Path, left_s: float) -> None:
    mark = uuid.uuid4().hex
    folder, temporary = home / mark / "runs", home / mark / "tmp"
    command = [sys.executable, "-m", "herzschlag", "run", *names, "--jobs", str(jobs), "--json", "--no-report"]
    process = subprocess.Popen(
        [*command, "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=marked(mark, temporary),
        text=True,
        start_new_session=True,  # Ctrl-C is ours alone to pass on
    )
    cut_off = False
    try:
        out, err = process.communicate(timeout=left_s)
    except subprocess.TimeoutExpired:
        cut_off = True
        out, err = _interrupt(process)
    except BaseException:
        _interrupt(process)
        raise
    wrong = len(runs.wrong)
    for report in _reports(out, folder):
        count(runs, report)
    if not cut_off and process.returncode not in STATUSES:
        runs.wrong.append(f"status {process.returncode} of {' '.join(command)}: {err.strip()[-500:]}")
    runs.left += left(mark, temporary)
    if len(runs.wrong) == wrong and not runs.left:
        shutil.rmtree(home / mark)


def _interrupt(process: subprocess.Popen[str]) -> tuple[str, str]:
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()


def _reports(out: str, folder: Path) -> list[dict[str, Any]]:
    """As the program printed them; of an interrupted one, as they are on disk."""
    if out.strip():
        found: list[dict[str, Any]] = json.loads(out)["runs"]
        return found
    return [json.loads(path.read_text()) for path in sorted(folder.rglob("run.json"))]


def count(runs: Runs, report: dict[str, Any]) -> None:
    """Add one run; one that was interrupted, because time was up, does not count."""
    if report["status"] in ("interrupted", "running"):
        return
    runs.played += 1
    if report["verdict"] == DOCUMENTED:
        runs.held += 1
    elif report["verdict"] == "unknown":
        runs.unknown += 1
        reason = f"{report['status']}: {shortened(report['because'])}"
        runs.reasons[reason] = runs.reasons.get(reason, 0) + 1
    else:
        runs.wrong.append(f"{report['scenario']} is {report['verdict']}: {report['because']} ({report['directory']})")


def shortened(because: str) -> str:
    """The first of several reasons, without names of hosts and figures, so that equal ones count together."""
    first = because.partition(";")[0]
    return NUMBERS.sub("…", first)[:120]
