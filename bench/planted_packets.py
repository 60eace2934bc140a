"""What exploration found of the planted faults, played again on real packets by agents that are broken likewise.

python -m bench.planted_packets                  every schedule that is kept and was not played yet
python -m bench.planted_packets "deaf guest"     this one, again
python -m bench.planted_packets --longest 150    those that last at most that many protocol seconds

What the checker that found it says there is kept in docs/exploring.json: `violated` confirms it. A machine that was
late confirms nothing, and is tried again by the next call.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from bench import explored
from bench.evidence import runs
from bench.explored import Told
from herzschlag.checkers.verdict import Finding
from herzschlag.exploration.whole_again import NAME, whole_again
from herzschlag.history.records import read_history
from herzschlag.running.run_file import HISTORY_FILE, scenario_of
from herzschlag.scenarios.from_toml import load
from tests.planted import FAULTS

ROOT = Path(__file__).resolve().parents[1]
PLANTER = ROOT / "tests/planted/on_packets"
LONGEST_S = 1000.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="FAULT")
    parser.add_argument("--longest", type=float, default=LONGEST_S, help="protocol seconds of a schedule at most")
    parser.add_argument("--speed", default="auto", help="1 on a busy machine")
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="begin no run after that")
    given = parser.parse_args()
    until_s = time.monotonic() + given.minutes * 60
    order = [fault.name for fault in FAULTS]
    for told in chosen(explored.read().found, given.names):
        with tempfile.TemporaryDirectory(prefix="herzschlag-planted-") as folder:
            file = Path(folder) / f"{told.checker}.toml"
            file.write_text(told.scenario, encoding="utf-8")
            if load(str(file)).length_s > given.longest or time.monotonic() > until_s:
                continue
            said = on_packets(told, file, given.speed)
        print(f"{told.fault}: {told.checker}: {said}", flush=True)
        same = [one for one in explored.read().found if one.scenario == told.scenario and one.fault == told.fault]
        if same and said in ("violated", "holds", "nothing"):  # else it was searched anew meanwhile
            explored.add(msgspec.structs.replace(same[0], on_packets=said), order)


def chosen(found: Iterable[Told], names: Iterable[str]) -> list[Told]:
    """Those named, or else all that were not played yet."""
    names = tuple(names)
    return [one for one in found if one.scenario and (one.fault in names if names else not one.on_packets)]


def on_packets(told: Told, file: Path, speed: str, fault: str | None = None) -> str:
    """What the checker that found it says of a run on real packets, or why it could not be played. `fault`: another one
    to plant; empty: none."""
    planted = told.fault if fault is None else fault
    paths = os.pathsep.join((str(PLANTER), str(ROOT)))
    words = [sys.executable, "-m", "herzschlag", "run", str(file), "--speed", speed, "--no-report"]
    ended = subprocess.run(
        [*words, "--out", str(file.parent / "runs")],
        env={**os.environ, "PYTHONPATH": paths, "HERZSCHLAG_PLANTED": planted},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    report = runs.report_in(file.parent / "runs")
    if report is None:
        return f"did not run: {(ended.stderr or ended.stdout)[-300:]}"
    findings: tuple[Finding, ...] = report.findings
    if told.checker == NAME:
        findings = (whole_again(read_history(Path(report.directory) / HISTORY_FILE), scenario_of(report)),)
    said = next((one for one in findings if one.checker == told.checker), None)
    if said is None:
        return f"not judged: {report.because}"
    return said.verdict if said.verdict != "unknown" else f"unknown: {said.because}"


if __name__ == "__main__":
    main()
