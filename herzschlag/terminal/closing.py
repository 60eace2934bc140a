"""The end of `herzschlag run`: how many runs hold, on what, and where everything is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from herzschlag.checkers.rules import lateness
from herzschlag.checkers.verdict import Verdict, counted, worst
from herzschlag.report.reading import REPORT_FILE, SUMMARY_FILE
from herzschlag.running.run_file import RunReport
from herzschlag.terminal.lines import Line, line
from herzschlag.terminal.links import link, shortest
from herzschlag.terminal.marks import DIM, STYLES

BACKENDS = {"mininet": "real packets", "simulation": "virtual time"}
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
    parts = [f"{counts['holds']} of {number} hold", *(f"{counts[other]} {other}" for other in OTHER if counts[other])]
    if never := number - len(ran):
        parts.append(f"{never} not started")
    if number == 1:
        parts = [verdict if ran else "not started"]
    backends = dict.fromkeys(BACKENDS.get(report.backend, report.backend) for report in reports)
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
    return [f"latest timer {late_s * 1000:.0f} of {allowed_s * 1000:.0f} ms"]


def _places(console: Console, ran: Sequence[RunReport]) -> Iterator[Line]:
    directories = [Path(report.directory) for report in ran]
    drawn = [directory / REPORT_FILE for directory in directories if (directory / REPORT_FILE).is_file()]
    if len(ran) > 1 and (summary := directories[0].parent / SUMMARY_FILE).is_file():
        yield _place("look", link(console, summary))
    elif len(drawn) == 1:
        yield _place("look", link(console, drawn[0]))
    elif directories:
        yield _place("kept in", link(console, directories[0] if len(ran) == 1 else directories[0].parent))
    captured = [directory for report, directory in zip(ran, directories, strict=True) if report.capture is not None]
    if captured:
        yield _place("packets", Text(f"herzschlag packets {shortest(captured[-1])}"))
    if len(ran) > 1 and all(report.verdict == "holds" for report in ran):
        backend = " --backend simulation" if ran[0].backend == "simulation" else ""
        yield _place("break it", Text(f"herzschlag live{backend}"))


def _place(what: str, where: Text) -> Line:
    return Line(Text.assemble("  ", (f"{what:<9}", DIM), where))


def of_runs(number: int, backend: str, speeds: Sequence[float], jobs: int) -> str:
    """What is about to run: the first line."""
    how = BACKENDS.get(backend, backend)
    if backend != "simulation":
        low, high = min(speeds), max(speeds)
        how += f", speed {low:g}" if low == high else f", speed {low:g} to {high:g}"
    together = f", {jobs} at a time" if min(jobs, number) > 1 else ""
    return f"{counted(number, 'scenario')}: {how}{together}"
