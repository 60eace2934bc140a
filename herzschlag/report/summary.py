"""The summary page over several runs: each with its verdict and a link to its report, detection and failover times
beside the documented ones.

This module decides what counts as detection (from a fault to the first host that a master calls failed, isolated or
partitioned) and as failover (from a fault to the first restarted VM that runs). It leaves each run to its own report.
Links are relative, so that the folder can be moved.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from statistics import median
from urllib.parse import quote

import msgspec

from herzschlag.checkers.verdict import SIGNS, Verdict, worst
from herzschlag.history.clock import Clock
from herzschlag.history.records import SECOND, History, Record, write_whole
from herzschlag.languages import N_, N_pair, gettext, ngettext, number
from herzschlag.languages.reasons import reason
from herzschlag.languages.titles import title as scenario_title
from herzschlag.report.html import HEART, head, static
from herzschlag.report.reading import REPORT_FILE, Run
from herzschlag.report.tables import badge
from herzschlag.running.run_file import RUN_FILE, RunReport

DETECTED = ("hostDown", "networkIsolated", "networkPartitionedFromMaster")
ROWS_MAX = 2000
VERBS = {
    "violated": N_pair("{number} violated", "{number} violated"),
    "unknown": N_pair("{number} unknown", "{number} unknown"),
    "holds": N_pair("{number} holds", "{number} hold"),
}
OF = (N_("summary"), N_("campaign"))
RANK: dict[Verdict, int] = {"violated": 0, "unknown": 1, "holds": 2}
AROUND = 1.08
"""The axis of times ends a little beyond the longest one."""
Span = tuple[float, float]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One run, as the summary shows it."""

    directory: Path
    file: RunReport
    detection_s: float | None
    failover_s: float | None
    detection_published_s: Span | None = None
    """When the documentation says it comes, where the scenario has an instant for it."""
    failover_published_s: Span | None = None
    length_s: float
    case: str = ""
    """Under which it is grouped; empty: its scenario."""
    drawn: bool = True
    """Whether it has a report, or will."""


def entry(run: Run) -> Entry:
    detection, failover = _moments(run.history)
    clock = Clock.of(run.history)
    return Entry(
        directory=run.directory,
        file=run.file,
        detection_s=_after(clock, detection),
        failover_s=_after(clock, failover),
        detection_published_s=_published(run.file, detection, clock),
        failover_published_s=_published(run.file, failover, clock),
        length_s=run.history.end_ns / SECOND,
    )


def times_s(history: History) -> tuple[float | None, float | None]:
    """(detection, failover) in protocol seconds after the first fault; None for what never came."""
    clock = Clock.of(history)
    detection, failover = _moments(history)
    return _after(clock, detection), _after(clock, failover)


def _moments(history: History) -> tuple[Record | None, Record | None]:
    """The records that are detection and failover."""
    faults = history.where("fault", phase="begin")
    if not faults:
        return None, None
    begin_ns = faults[0].at_ns
    seen = (r for r in history.of_kind("host-state") if r.get("to") in DETECTED and r.node.startswith("host-"))
    done = history.where("restart", phase="done")
    return _first(seen, begin_ns), _first(done, begin_ns)


def _first(records: Iterable[Record], after_ns: int) -> Record | None:
    return min((r for r in records if r.at_ns > after_ns), key=lambda r: r.at_ns, default=None)


def _after(clock: Clock, moment: Record | None) -> float | None:
    return None if moment is None else clock.seconds(moment.at_ns)


def _published(file: RunReport, moment: Record | None, clock: Clock) -> Span | None:
    """The published span of the instant that this record is, after T."""
    for instant in file.instants if moment is not None else ():
        if moment is not None and instant.at_ns == moment.at_ns and instant.published_s is not None:
            since_s = 0.0 if instant.since_ns is None else clock.seconds(instant.since_ns)
            low, high = instant.published_s
            return since_s + low, since_s + high
    return None


def write_summary(runs: Sequence[Entry], path: Path) -> Path:
    """Write the page over these runs; links lead from its folder to theirs."""
    write_whole(path, draw(runs, path.parent).encode())
    return path


def draw(runs: Sequence[Entry], folder: Path, *, of: str = "summary", more: str = "") -> str:
    """The page. `of`: what it is of; `more`: sections of its own, after the cases."""
    verdict = worst(run.file.verdict for run in runs)
    counts = {v: sum(r.file.verdict == v for r in runs) for v in RANK}
    told = ", ".join(ngettext(*VERBS[v], count) for v, count in counts.items() if count)
    title = f"{ngettext('{number} run', '{number} runs', len(runs))}: {told}"
    named = gettext("{what} of {title}", what=gettext(of).capitalize(), title=title)
    return head(named, "report.css", "summary.css") + "".join(
        [
            f'<body><a class="skip" href="#runs">{gettext("To the runs")}</a><header class="top"><div class="brand">{HEART}<span>Herzschlag {gettext(of)}</span>'
            f'<button type="button" id="theme" class="push">{gettext("light / dark")}</button></div><h1>{escape(title)}</h1>'
            f'<div class="verdict">{badge(verdict, large=True)}<p>{_said(verdict)}</p></div></header><main>',
            _cases(runs),
            more,
            f'<section id="runs" aria-labelledby="h-runs"><h2 id="h-runs">{gettext("Runs")}</h2>{_runs(runs, folder)}</section>',
            _times(
                "detection",
                gettext("Detection time"),
                gettext("From the first fault to the first host that a master calls failed, isolated or partitioned."),
                runs,
            ),
            _times(
                "failover",
                gettext("Failover time"),
                gettext("From the first fault to the first restarted VM that runs."),
                runs,
            ),
            f"</main><footer><p>{gettext('Drawn from the run directories alone. Times are protocol seconds: real seconds times speed.')}</p></footer>",
            f"<script>{static('theme.js')}</script></body></html>",
        ]
    )


def _said(verdict: Verdict) -> str:
    return gettext("Every run holds.") if verdict == "holds" else gettext("The worst verdict of all runs.")


def _by_scenario(runs: Sequence[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for run in runs:
        found.setdefault(run.case or run.file.scenario, []).append(run)
    return found


def _cases(runs: Sequence[Entry]) -> str:
    """Runs of each scenario by verdict; nothing where the list of runs says the same."""
    groups = _by_scenario(runs)
    if len(groups) == len(runs):
        return ""
    rows = []
    for name, mine in groups.items():
        counts = [sum(run.file.verdict == v for run in mine) for v in ("holds", "violated", "unknown")]
        cells = "".join(f"<td class=num>{count or '·'}</td>" for count in counts)
        rows.append(
            f"<tr><th scope=row>{escape(name)}</th><td>{badge(worst(r.file.verdict for r in mine))}</td>"
            f"<td class=num>{len(mine)}</td>{cells}<td>{_share(counts)}</td></tr>"
        )
    return (
        f'<section aria-labelledby="h-cases"><h2 id="h-cases">{gettext("Cases by verdict")}</h2>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{gettext("Cases by verdict")}"><table><caption>{gettext("Runs of each scenario, by verdict")}</caption>'
        f"<thead><tr><th scope=col>{gettext('Scenario')}<th scope=col>{gettext('Worst')}<th scope=col class=num>{gettext('Runs')}<th scope=col class=num>{gettext('holds')}"
        f"<th scope=col class=num>{gettext('violated')}<th scope=col class=num>{gettext('unknown')}<th scope=col>{gettext('Share')}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _share(counts: Sequence[int]) -> str:
    total, at, parts = sum(counts) or 1, 0.0, []
    for verdict, count in zip(("good", "bad", "warn"), counts, strict=True):
        width = 120 * count / total
        parts.append(f'<rect x="{at:.1f}" y="2" width="{width:.1f}" height="10" style="fill:var(--{verdict})"/>')
        at += width
    return f'<svg width="120" height="14" viewBox="0 0 120 14" aria-hidden="true">{"".join(parts)}</svg>'


def _times(place: str, title: str, about: str, runs: Sequence[Entry]) -> str:
    """A row for each scenario: the documented span as a band, each run as a point on it."""
    groups = {
        name: (values, next((span for run in mine if (span := getattr(run, f"{place}_published_s"))), None))
        for name, mine in _by_scenario(runs).items()
        if (values := [v for run in mine if (v := getattr(run, f"{place}_s")) is not None])
    }
    begin = f'<section aria-labelledby="h-{place}"><h2 id="h-{place}">{title}</h2><p class="note">{about}'
    if not groups:
        return f"{begin} {gettext('No run has one.')}</p></section>"
    longest = AROUND * max(max(*values, *(span or (0.0,))) for values, span in groups.values())
    several = any(len(values) > 1 for values, _ in groups.values())
    rows = "".join(_time(name, values, span, longest, several) for name, (values, span) in groups.items())
    columns = (
        f"<th scope=col class=num>{gettext('Runs')}<th scope=col class=num>{gettext('Least')}<th scope=col class=num>{gettext('Median')}<th scope=col class=num>{gettext('Most')}"
        if several
        else f"<th scope=col class=num>{gettext('Measured')}"
    )
    return (
        f"{begin} {gettext('A band is the documented time, a point a run.')}</p>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}"><table class="times"><caption class="sr">{gettext("{times} by scenario", times=title)}</caption>'
        f'<thead><tr><th scope=col>{gettext("Scenario")}<th scope=col class=num>{gettext("Documented")}{columns}<th scope=col class="railhead">'
        f"<span>0</span><span>{longest:.0f} s</span></tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _time(name: str, values: list[float], span: Span | None, longest: float, several: bool) -> str:
    figures = (min(values), median(values), max(values)) if several else (values[0],)
    if several and len(values) == 1:
        cells = f"<td class=num>1</td><td></td><td class=num>{number(values[0], '.2f')} s</td><td></td>"
    else:
        runs = f"<td class=num>{len(values)}</td>" if several else ""
        cells = runs + "".join(f"<td class=num>{number(value, '.2f')} s</td>" for value in figures)
    band = ""
    if span is not None:
        left, width = 100 * span[0] / longest, 100 * (span[1] - span[0]) / longest
        band = f'<i class="band" style="left:{left:.2f}%;width:{width:.2f}%"></i>'
    dots = "".join(f'<i class="dot" style="left:{100 * value / longest:.2f}%"></i>' for value in values)
    documented = "" if span is None else _span(span)
    return (
        f"<tr><th scope=row>{escape(name)}</th><td class=num>{documented}</td>{cells}"
        f'<td class="railcell"><span class="rail" aria-hidden="true">{band}{dots}</span></td></tr>'
    )


def _span(span: Span) -> str:
    low, high = (round(value, 1) for value in span)
    return f"{number(low)} s" if low == high else f"{number(low)}\u2013{number(high)} s"


def _runs(runs: Sequence[Entry], folder: Path) -> str:
    ordered = sorted(runs, key=lambda r: RANK[r.file.verdict])
    note = gettext("Every run, the worst first")
    if len(ordered) > ROWS_MAX:
        said = N_("Thinned: the first {number} of {all} runs, the worst first")
        note = gettext(said, number=ROWS_MAX, all=len(ordered))
        ordered = ordered[:ROWS_MAX]
    same = {(run.file.backend, run.file.speed, run.file.seed) for run in ordered}
    rows = "".join(_row(run, folder, how=len(same) > 1) for run in ordered)
    how = f" {_how(ordered[0].file)}" if len(same) == 1 else ""
    column = f"<th scope=col>{gettext('How')}" if len(same) > 1 else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{gettext("Runs")}"><table class="runs"><caption>{note}.{how}</caption><thead><tr><th scope=col>'
        f"<span class=sr>{gettext('Verdict')}</span><th scope=col>{gettext('Run')}{column}<th scope=col class=num>{gettext('Detection')}<th scope=col class=num>{gettext('Failover')}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _how(file: RunReport) -> str:
    if file.backend == "simulation":
        return gettext("Virtual time, seed {seed}.", seed=file.seed)
    return gettext("Real packets, speed {speed}, seed {seed}.", speed=number(file.speed), seed=file.seed)


def _row(run: Entry, folder: Path, *, how: bool) -> str:
    link = quote(os.path.relpath(run.directory / (REPORT_FILE if run.drawn else RUN_FILE), folder))
    said = ["" if t is None else f"{number(t, '.2f')} s" for t in (run.detection_s, run.failover_s)]
    times = "".join(f"<td class=num>{one}</td>" for one in said)
    verdict = run.file.verdict
    because = "" if verdict == "holds" else f"<p>{escape(reason(run.file.because)[:300])}</p>"
    title = "" if run.file.title in ("", run.directory.name) else f" {escape(scenario_title(run.file.title))}"
    column = f"<td>{_how(run.file)}</td>" if how else ""
    return (
        f'<tr><td><span class="sign {verdict}" title="{gettext(verdict)}">{SIGNS[verdict]}<span class=sr> {gettext(verdict)}</span></span></td>'
        f'<td><a href="{escape(link, quote=True)}">{escape(run.directory.name)}</a>{title}{because}</td>{column}{times}</tr>'
    )
