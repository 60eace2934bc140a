"""The end of `herzschlag run`: how many runs hold, on what, and where everything is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from herzschlag.checkers.rules import lateness
from herzschlag.checkers.verdict import Verdict, worst
from herzschlag.languages import N_, gettext, ngettext
from herzschlag.languages import number as figures
from herzschlag.report.reading import REPORT_FILE, SUMMARY_FILE
from herzschlag.running.run_file import RunReport
from herzschlag.terminal.lines import Line, line
from herzschlag.terminal.links import link, shortest
from herzschlag.terminal.marks import DIM, STYLES

BACKENDS = {"mininet": N_("real packets"), "simulation": N_("virtual time")}
OTHER: tuple[Verdict, ...] = ("violated", "unknown")


def closing(
    console: Console, reports: Sequence[RunReport], *, took_s: float, skipped: int = 0, quiet: bool = False
) -> list[Line]:
    """Lines below the outcomes. `skipped`: runs that were not started, because an earlier one could not be."""
    return list(_lines(console, reports, took_s, skipped, quiet))


def _lines(console: Console, reports: Sequence[RunReport], took_s: float, skipped: int, quiet: bool) -> Iterator[Line]:
    ran = [report for report in reports if report.started]
    counts = Counter(report.verdict for report in ran)
    verdict = worst(report.verdict for report in reports)
    number = len(reports) + skipped
    parts = [gettext("{number} of {all} hold", number=counts["holds"], all=number)]
    parts += [f"{counts[other]} {gettext(other)}" for other in OTHER if counts[other]]
    if never := number - len(ran):
        parts.append(gettext("{number} not started", number=never))
    if number == 1:
        parts = [gettext(verdict) if ran else gettext("not started")]
    backends = dict.fromkeys(gettext(BACKENDS.get(report.backend, report.backend)) for report in reports)
    facts = ", ".join([*backends, *_latest(ran), f"{took_s:.0f} s"])
    yield line("  ", (", ".join(parts), STYLES[verdict]), (f"   {facts}", DIM), hang=4)
    if not quiet:
        yield from _places(console, ran)


def _latest(reports: Sequence[RunReport]) -> list[str]:
    """The latest timer of all runs on real packets, in real time, against what is allowed."""
    found = [
        (detail.measured_s / detail.allowed_s, detail.measured_s / report.speed, detail.allowed_s / report.speed)
        for report in reports
        for finding in report.findings
        if finding.checker == lateness.NAME
        for detail in finding.details
        if detail.measured_s is not None and detail.allowed_s
    ]
    if not found:
        return []
    _, late_s, allowed_s = max(found)
    said = N_("latest timer {late} of {allowed} ms")
    return [gettext(said, late=f"{late_s * 1000:.0f}", allowed=f"{allowed_s * 1000:.0f}")]


def _places(console: Console, ran: Sequence[RunReport]) -> Iterator[Line]:
    directories = [Path(report.directory) for report in ran]
    drawn = [directory / REPORT_FILE for directory in directories if (directory / REPORT_FILE).is_file()]
    if len(ran) > 1 and (summary := directories[0].parent / SUMMARY_FILE).is_file():
        yield _place(gettext("look"), link(console, summary))
    elif len(drawn) == 1:
        yield _place(gettext("look"), link(console, drawn[0]))
    elif directories:
        yield _place(gettext("kept in"), link(console, directories[0] if len(ran) == 1 else directories[0].parent))
    captured = [directory for report, directory in zip(ran, directories, strict=True) if report.capture is not None]
    if captured:
        yield _place(gettext("packets"), Text(f"herzschlag packets {shortest(captured[-1])}"))
    if len(ran) > 1 and all(report.verdict == "holds" for report in ran):
        backend = " --backend simulation" if ran[0].backend == "simulation" else ""
        yield _place(gettext("break it"), Text(f"herzschlag live{backend}"))


def _place(what: str, where: Text) -> Line:
    return Line(Text.assemble("  ", (f"{what:<9}", DIM), where))


def of_runs(number: int, backend: str, speeds: Sequence[float], jobs: int) -> str:
    """What is about to run: the first line."""
    how = gettext(BACKENDS.get(backend, backend))
    if backend != "simulation":
        low, high = min(speeds), max(speeds)
        said = N_(", speed {low}") if low == high else N_(", speed {low} to {high}")
        how += gettext(said, low=figures(low), high=figures(high))
    together = gettext(", {number} at a time", number=jobs) if min(jobs, number) > 1 else ""
    return f"{ngettext('{number} scenario', '{number} scenarios', number)}: {how}{together}"
