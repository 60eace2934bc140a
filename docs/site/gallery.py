"""The gallery: the report of every shipped scenario, to be opened without installing anything.

Runs lie in build/gallery. `make gallery` plays them on real packets; what is missing then, `make site` plays in virtual
time. The page says which is which, and when it was played.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from herzschlag.running.run_file import RUN_FILE, RunReport, read_report
from herzschlag.scenarios.from_toml import load_family, shipped

SITUATIONS = ("normal", "slave-failure", "master-failure", "isolation", "partition")
REAL, VIRTUAL = "mininet", "simulation"
TEXT = {REAL: "real packets", VIRTUAL: "virtual time"}


def names() -> list[str]:
    """Every scenario, each variant of a family by itself; the five situations first."""
    found = [scenario.name for name in shipped() for scenario in load_family(name)]
    return [*SITUATIONS, *sorted(set(found) - set(SITUATIONS))]


def play(runs: Path, wanted: Iterable[str], backend: str, jobs: int) -> None:
    """Play scenarios; their run directories, reports included, go below `runs`/backend.

    The status of `herzschlag run` is not heeded: the page shows every verdict as it is."""
    scenarios = list(wanted)
    if scenarios:
        command = [sys.executable, "-P", "-m", "herzschlag", "run", *scenarios, "--backend", backend]
        subprocess.run(
            [*command, "--jobs", str(jobs), "--out", str(runs / backend)], check=False, stdout=subprocess.DEVNULL
        )


def played(runs: Path) -> dict[str, tuple[RunReport, Path]]:
    """Scenario to its run: the newest on real packets, else the newest in virtual time; only those with a report."""
    found: dict[str, tuple[RunReport, Path]] = {}
    for backend in (VIRTUAL, REAL):
        files = sorted((runs / backend).rglob(RUN_FILE), key=lambda file: file.stat().st_mtime)
        for file in files:
            report = read_report(file.parent)
            if report.status == "finished" and (file.parent / "report.html").exists():
                found[report.scenario] = (report, file.parent)
    return found


def page(found: dict[str, tuple[RunReport, Path]]) -> str:
    """The Markdown of the gallery; reports lie beside it in gallery/NAME.html."""
    real = sum(report.backend == REAL for report, _ in found.values())
    lines = [
        "---",
        "hide: [toc]",
        "---",
        "",
        "# Gallery",
        "",
        f"{len(found)} runs, {real} of them on real packets, each as the report that `herzschlag run` leaves: one "
        "file, with the picture of the cluster at any instant, what was documented and what was measured, every "
        "decision with its reason. Nothing has to be installed to open them.",
        "",
        *_table("The five situations", [name for name in SITUATIONS if name in found], found),
        *_table("The cases", [name for name in names() if name.startswith("case-") and name in found], found),
        *_table(
            "Other scenarios",
            [n for n in names() if not n.startswith("case-") and n not in SITUATIONS and n in found],
            found,
        ),
    ]
    return "\n".join(lines) + "\n"


def _table(heading: str, scenarios: list[str], found: dict[str, tuple[RunReport, Path]]) -> list[str]:
    lines = [
        f"## {heading}",
        "",
        "| Report | What happens | Verdict | Instants | Largest deviation | Played in | On |",
        "|---|---|---|---:|---:|---|---|",
    ]
    for name in scenarios:
        report, folder = found[name]
        off = [abs(d.deviation_s) for d in report.instants if d.deviation_s is not None]
        date = time.strftime("%Y-%m-%d", time.gmtime((folder / RUN_FILE).stat().st_mtime))
        day = f'<span class="day">{date}</span>'
        speed = f", speed {report.speed:g}" if report.backend == REAL else ""
        lines.append(
            f"| [{name}](gallery/{name}.html) | {report.title.replace('|', '/')} | "
            f'<span class="{report.verdict}">{report.verdict}</span> | {len(report.instants) or ""} | '
            f"{f'{max(off):.2f} s' if off else ''} | {TEXT[report.backend]}{speed} | {day} |"
        )
    return [*lines, ""]
