"""The same faults on our agents and on every other system, one lab after the other: docs/comparison.md.

    python -m bench.comparison [--repeat 3] [--system NAME ...] [--minutes 5]    plays what is not kept yet
    python -m bench.comparison --page                                            the page alone

All of it takes seventy minutes; with --minutes it begins no run after that, and the next call goes on. Runs are kept
in docs/comparison.json; to begin anew, remove it. A system whose programs are missing is left out, and named.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.comparison import kept, page
from bench.comparison.cases import SUBJECTS, scenario
from bench.comparison.kept import Cell, Played
from bench.comparison.seen import Seen, seen_in
from bench.evidence.runs import doubt
from herzschlag.backends.mininet.needs import programs
from herzschlag.history.records import read_history
from herzschlag.running.run_file import HISTORY_FILE
from herzschlag.running.runner import RunRequest, run

REPEAT = 3


def play(cell: Cell) -> Played:
    asked = scenario(cell.system, cell.fault)
    with tempfile.TemporaryDirectory(prefix="herzschlag-comparison-") as folder:
        directory = Path(folder) / "run"
        report = run(
            RunRequest(scenario=asked, backend="mininet", speed=asked.speed, seed=cell.number, directory=directory)
        )
        if report.status != "finished":
            return Played(*cell, Seen(), doubt(report))
        return Played(*cell, seen_in(read_history(directory / HISTORY_FILE), asked, cell.system), doubt(report))


def versions(name: str) -> dict[str, str]:
    """Debian's version of each package of the system."""
    system = SUBJECTS[name].cluster.foreign()
    found = {}
    for package in system.packages.values() if system is not None else ():
        done = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            found[package] = done.stdout
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=REPEAT, help="runs of each system with each fault")
    parser.add_argument("--system", nargs="*", choices=[*SUBJECTS], default=[*SUBJECTS])
    parser.add_argument("--minutes", type=float, default=24 * 60.0)
    parser.add_argument("--page", action="store_true")
    given = parser.parse_args()
    until_s = time.monotonic() + given.minutes * 60
    lacking = {name: [one.what for one in programs(SUBJECTS[name].cluster.foreign())] for name in given.system}
    for name, what in lacking.items():
        if what:
            print(f"{name} is left out: {', '.join(what)} not on this machine: make systems", file=sys.stderr)
    there = [name for name, what in lacking.items() if not what]
    for cell in [] if given.page else kept.missing(kept.wanted(given.repeat, there)):
        if time.monotonic() > until_s:
            break
        one = play(cell)
        kept.add(one, versions(cell.system))
        print(f"{cell.system:<15} {cell.fault:<10} run {cell.number}: {one.left_out or one.seen}", flush=True)
    page.write(kept.read())


if __name__ == "__main__":
    main()
