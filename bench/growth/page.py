"""The table of docs/performance.md about the growth of labs, and its picture, from what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.evidence.pages import put
from bench.growth.kept import Lab
from herzschlag.curves.panels import Panel, picture
from herzschlag.history.records import write_whole

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, PICTURE = DOCS / "performance.md", DOCS / "pictures" / "growth.svg"
PART = "bench/growth"
HEAD = (
    "| Speed | Hosts | Up, s | All joined, s | An agent, MB | Everything, MB | CPU at rest, % of a core "
    "| agents | switch | Datagrams/s | p99 late, ms | Latest, ms |\n"
    "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
)


def row(lab: Lab) -> str:
    cells = (
        *(f"{lab.speed:g}", f"{lab.hosts}", f"{lab.up_s:.1f}", f"{lab.joined_s:.1f}", f"{lab.agent_mb:.2f}"),
        *(f"{lab.total_mb:.0f}", f"{lab.cpu_percent:.1f}", f"{lab.agents_cpu_percent:.1f}"),
        *(
            f"{lab.switch_cpu_percent:.1f}",
            f"{lab.datagrams_s:.0f}",
            f"{lab.late_ms_p99:.1f}",
            f"{lab.late_ms_max:.1f}",
        ),
    )
    return f"| {' | '.join(cells)} |"


def table(labs: Sequence[Lab]) -> str:
    machines = sorted({f"{lab.machine}, {lab.date}" for lab in labs})
    return HEAD + "".join(f"{row(lab)}\n" for lab in labs) + f"\nMeasured on {'; '.join(machines)}.\n"


def panels(labs: Sequence[Lab]) -> list[Panel]:
    def of(title: str, field: str) -> Panel:
        speeds = sorted({lab.speed for lab in labs})
        curves = {
            f"speed {speed:g}": [(lab.hosts, float(getattr(lab, field))) for lab in labs if lab.speed == speed]
            for speed in speeds
        }
        return Panel(title, curves)

    return [
        of("up, s", "up_s"),
        of("everything, MB", "total_mb"),
        of("an agent, MB", "agent_mb"),
        of("CPU at rest, % of a core", "cpu_percent"),
        of("datagrams a second", "datagrams_s"),
        of("timers late, p99, ms", "late_ms_p99"),
    ]


def write(labs: Sequence[Lab], page: Path = PAGE, drawn: Path = PICTURE) -> None:
    put(page, PART, table(labs))
    write_whole(drawn, picture(panels(labs), "What labs of 3 to 96 hosts cost, at speed 1 and 10").encode())
