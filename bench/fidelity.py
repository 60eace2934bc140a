"""Published against measured: the five situations at speed 1 and at speed 10 on real packets, and in the simulation.

Usage: python bench/fidelity.py [--simulation-only] [--jobs N]

At speed 1, where a lab leaves the processors idle most of the time, several run at once; at speed 10 one after another.
Writes the table of docs/fidelity.md between its markers and leaves the rest of that page alone. Exit status 1 when an
instant lies outside the tolerance, 3 when a run is unknown.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from herzschlag.checkers.pace import tolerance_s
from herzschlag.checkers.rules.timeline import span
from herzschlag.history.records import write_whole
from herzschlag.sources.documents import linked

SITUATIONS = ("normal", "slave-failure", "master-failure", "isolation", "partition")
PAGE = Path(__file__).parent.parent / "docs" / "fidelity.md"
BEGIN, END = "<!-- bench/fidelity.py: begin -->", "<!-- bench/fidelity.py: end -->"
NEW_PAGE = f"""# Published against measured

This page compares the instants that the documentation of the modelled system gives with the measured ones. After a
fault that stops heartbeats an instant counts from the last heartbeat that arrived, by the capture: the system's timers
start there, and so do its published timelines. How far one may lie from the published one is in
[results.md](results.md), the reasons are in [decision 25](decisions/0025-instants-count-from-the-last-heartbeat.md).

{BEGIN}
{END}
"""

Run = dict[str, Any]


def measure(backend: str, speed: float, jobs: int, folder: str) -> tuple[int, dict[str, Run]]:
    command = [sys.executable, "-m", "herzschlag", "run", *SITUATIONS, "--json", "--out", folder]
    options = ["--backend", backend, "--speed", str(speed), "--jobs", str(jobs)]
    done = subprocess.run([*command, *options], stdout=subprocess.PIPE, text=True, check=False)
    if not done.stdout:
        sys.exit(f"fidelity: herzschlag run ended with status {done.returncode} and no result")
    runs = json.loads(done.stdout)["runs"]
    for run in runs:
        if run["verdict"] != "holds":
            sys.stderr.write(f"{run['scenario']} on {backend}, speed {speed:g}: {run['verdict']}: {run['because']}\n")
    return done.returncode, {run["scenario"]: run for run in runs}


def table(columns: dict[str, dict[str, Run]]) -> list[str]:
    lines = [
        f"| Situation | Instant | Published | {' | '.join(columns)} | Source |",
        "|---|---|---:|" + "---:|" * len(columns) + "---|",
    ]
    first = next(iter(columns.values()))
    for name in SITUATIONS:
        for number, instant in enumerate(first[name]["instants"]):
            published = instant["published_s"]
            shown = span(*published) if isinstance(published, list) else f"{published:g}"
            cells = [cell(runs[name]["instants"], number) for runs in columns.values()]
            lines.append(
                f"| {name} | {instant['name']} | {shown} s | {' | '.join(cells)} | {linked(instant['source'])} |"
            )
        verdicts = [runs[name]["verdict"] for runs in columns.values()]
        lines.append(f"| {name} | **verdict of all checks** | | {' | '.join(verdicts)} | |")
    return lines


def largest_s(runs: dict[str, Run]) -> float:
    deviations = [abs(instant["deviation_s"] or 0.0) for run in runs.values() for instant in run["instants"]]
    return max(deviations, default=0.0)


def cell(instants: list[Run], number: int) -> str:
    if number >= len(instants) or instants[number]["measured_s"] is None:
        return "not seen"
    instant = instants[number]
    mark = "" if instant["verdict"] == "holds" else " (!)"
    return f"{instant['measured_s']:.2f} s ({instant['deviation_s']:+.2f}){mark}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulation-only", action="store_true")
    parser.add_argument("--jobs", type=int, default=len(SITUATIONS), help="how many at once at speed 1")
    arguments = parser.parse_args()
    wanted = {"simulation": ("simulation", 1.0)}
    if not arguments.simulation_only:
        wanted |= {"speed 1": ("mininet", 1.0), "speed 10": ("mininet", 10.0)}
    columns, statuses = {}, []
    with tempfile.TemporaryDirectory(prefix="herzschlag-fidelity-") as folder:
        for title, (backend, speed) in wanted.items():
            jobs = arguments.jobs if speed == 1 else 1
            status, columns[title] = measure(backend, speed, jobs, folder)
            statuses.append(status)
    text = "\n".join(
        [
            f"Measured on {time.strftime('%Y-%m-%d')}: Linux {platform.release()}, {os.cpu_count()} processors, Python"
            f" {platform.python_version()}.",
            "Largest deviation: "
            + ", ".join(f"{largest_s(runs):.2f} s ({title})" for title, runs in columns.items())
            + ".",
            f"Allowed either way: {tolerance_s(1):.2f} s at speed 1, {tolerance_s(10):.2f} s (protocol) at speed 10.",
            "In brackets the deviation, counted from the nearer end of a published range.",
            "",
            *table(columns),
        ]
    )
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else NEW_PAGE
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    write_whole(PAGE, f"{before}{BEGIN}\n{text}\n{END}{after}".encode())
    sys.stdout.write(text + "\n")
    return next((status for status in (1, 4, 3) if status in statuses), 0)


if __name__ == "__main__":
    sys.exit(main())
