"""The summary page over several runs: verdicts by case, detection and failover times, a link to each run's report.

This module decides what counts as detection (from a fault to the first host that a master calls failed, isolated or
partitioned) and as failover (from a fault to the first restarted VM that runs). It leaves each run to its own report.
Links are relative, so that the folder can be moved.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from statistics import median
from urllib.parse import quote

import msgspec

from herzschlag.checkers.verdict import Verdict, worst
from herzschlag.history.records import SECOND, History, write_whole
from herzschlag.report.page import HEART, embedded, head, packed_plotly, static
from herzschlag.report.reading import REPORT_FILE, Run
from herzschlag.report.tables import badge
from herzschlag.running.run_file import RunReport

DETECTED = ("hostDown", "networkIsolated", "networkPartitionedFromMaster")
ROWS_MAX = 2000


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One run, as the summary shows it."""

    directory: Path
    file: RunReport
    detection_s: float | None
    failover_s: float | None
    length_s: float


def entry(run: Run) -> Entry:
    detection, failover = times_s(run.history)
    return Entry(
        directory=run.directory,
        file=run.file,
        detection_s=detection,
        failover_s=failover,
        length_s=run.history.end_ns / SECOND,
    )


def times_s(history: History) -> tuple[float | None, float | None]:
    """(detection, failover) in protocol seconds after the first fault; None for what never came."""
    faults = history.where("fault", phase="begin")
    if not faults:
        return None, None
    begin_ns = faults[0].at_ns
    seen = [
        r.at_ns
        for r in history.of_kind("host-state")
        if r.at_ns > begin_ns and r.get("to") in DETECTED and r.node.startswith("host-")
    ]
    done = [r.at_ns for r in history.where("restart", phase="done") if r.at_ns > begin_ns]
    return tuple(((min(at) - begin_ns) / SECOND if at else None) for at in (seen, done))  # type: ignore[return-value]


def write_summary(runs: Sequence[Entry], path: Path) -> Path:
    """Write the page over these runs; links lead from its folder to theirs."""
    write_whole(path, draw(runs, path.parent).encode())
    return path


def draw(runs: Sequence[Entry], folder: Path) -> str:
    verdict = worst(run.file.verdict for run in runs)
    counts: dict[Verdict, int] = {v: sum(r.file.verdict == v for r in runs) for v in ("violated", "unknown", "holds")}
    told = ", ".join(f"{count} {v}" for v, count in counts.items() if count)
    data = {
        "detection": _by_scenario(runs, "detection_s"),
        "failover": _by_scenario(runs, "failover_s"),
    }
    title = f"{len(runs)} runs: {told}"
    return head(f"Summary of {title}", "report.css") + "".join(
        [
            f'<body><header class="top"><div class="brand">{HEART}<span>Herzschlag summary</span>'
            f'<button type="button" id="theme" class="push">light / dark</button></div><h1>{escape(title)}</h1>'
            f'<div class="verdict">{badge(verdict, large=True)}<p>The worst verdict of all runs.</p></div></header><main>',
            f'<section aria-labelledby="h-cases"><h2 id="h-cases">Cases by verdict</h2>{_cases(runs)}</section>',
            _times(
                "detection",
                "Detection time",
                "From the first fault to the first host that a master calls failed, isolated or partitioned.",
                runs,
            ),
            _times("failover", "Failover time", "From the first fault to the first restarted VM that runs.", runs),
            f'<section aria-labelledby="h-runs"><h2 id="h-runs">Runs</h2>{_runs(runs, folder)}</section></main>',
            "<footer><p>Drawn from the run directories alone. Times are protocol seconds: real seconds times speed.</p></footer>",
            f'<script type="application/json" id="data">{embedded(data)}</script>',
            f'<script type="text/plain" id="plotly">{packed_plotly()}</script>',
            f'<script type="module">{static("summary.js")}</script></body></html>',
        ]
    )


def _by_scenario(runs: Sequence[Entry], what: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for run in runs:
        value = getattr(run, what)
        if value is not None:
            found.setdefault(run.file.scenario, []).append(round(value, 4))
    return found


def _cases(runs: Sequence[Entry]) -> str:
    rows = []
    for name in dict.fromkeys(run.file.scenario for run in runs):
        mine = [run for run in runs if run.file.scenario == name]
        counts = [sum(run.file.verdict == v for run in mine) for v in ("holds", "violated", "unknown")]
        cells = "".join(f"<td class=num>{count or '·'}</td>" for count in counts)
        rows.append(
            f"<tr><th scope=row>{escape(name)}</th><td>{badge(worst(r.file.verdict for r in mine))}</td>"
            f"<td class=num>{len(mine)}</td>{cells}<td>{_share(counts)}</td></tr>"
        )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Cases by verdict"><table><caption>Runs of each scenario, by verdict</caption>'
        "<thead><tr><th scope=col>Scenario<th scope=col>Worst<th scope=col class=num>Runs<th scope=col class=num>holds"
        "<th scope=col class=num>violated<th scope=col class=num>unknown<th scope=col>Share</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _share(counts: Sequence[int]) -> str:
    total, at, parts = sum(counts) or 1, 0.0, []
    for verdict, count in zip(("good", "bad", "warn"), counts, strict=True):
        width = 120 * count / total
        parts.append(f'<rect x="{at:.1f}" y="2" width="{width:.1f}" height="10" style="fill:var(--{verdict})"/>')
        at += width
    return f'<svg width="120" height="14" viewBox="0 0 120 14" aria-hidden="true">{"".join(parts)}</svg>'


def _times(place: str, title: str, about: str, runs: Sequence[Entry]) -> str:
    groups = _by_scenario(runs, f"{place}_s")
    if not groups:
        return (
            f'<section aria-labelledby="h-{place}"><h2 id="h-{place}">{title}</h2>'
            f'<p class="note">{about} No run has one.</p></section>'
        )
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td class=num>{len(v)}</td><td class=num>{min(v):.3f} s</td>"
        f"<td class=num>{median(v):.3f} s</td><td class=num>{max(v):.3f} s</td></tr>"
        for name, v in groups.items()
    )
    height = 70 + 34 * len(groups)
    return (
        f'<section aria-labelledby="h-{place}"><h2 id="h-{place}">{title}</h2><p class="note">{about}</p>'
        f'<div class="plot" role="img" aria-label="{title} by scenario, one point a run" style="height:{height}px">'
        f'<div id="fig-{place}" data-height="{height}"></div></div>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}"><table><caption>{title} by scenario, protocol seconds</caption>'
        "<thead><tr><th scope=col>Scenario<th scope=col class=num>Runs<th scope=col class=num>Least<th scope=col class=num>Median"
        f"<th scope=col class=num>Most</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _runs(runs: Sequence[Entry], folder: Path) -> str:
    rank = {"violated": 0, "unknown": 1, "holds": 2}
    ordered = sorted(runs, key=lambda r: rank[r.file.verdict])
    note = "Every run, the worst first"
    if len(ordered) > ROWS_MAX:
        note = f"Thinned: the first {ROWS_MAX} of {len(ordered)} runs, the worst first"
        ordered = ordered[:ROWS_MAX]
    rows = "".join(_row(run, folder) for run in ordered)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Runs"><table><caption>{note}</caption><thead><tr><th scope=col>Verdict'
        "<th scope=col>Run<th scope=col>Backend<th scope=col class=num>Speed<th scope=col class=num>Seed<th scope=col class=num>Detection"
        f"<th scope=col class=num>Failover<th scope=col>Because</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(run: Entry, folder: Path) -> str:
    link = quote(os.path.relpath(run.directory / REPORT_FILE, folder))
    times = "".join(
        f"<td class=num>{'' if t is None else f'{t:.3f} s'}</td>" for t in (run.detection_s, run.failover_s)
    )
    return (
        f'<tr><td>{badge(run.file.verdict)}</td><td><a href="{escape(link, quote=True)}">{escape(run.directory.name)}</a></td>'
        f"<td>{escape(run.file.backend)}</td><td class=num>{run.file.speed:g}</td><td class=num>{run.file.seed}</td>{times}"
        f"<td>{escape(run.file.because[:300])}</td></tr>"
    )
