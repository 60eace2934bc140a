"""The outcome of one run: documented against measured when it holds, the cause first when it does not.

This module decides what is said of a run, and that every cause is said once. It leaves counts over several runs and
links to `closing.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from herzschlag.checkers.figures import documented, measured, missed
from herzschlag.checkers.pace import speed_kept
from herzschlag.checkers.rules import lateness, machinery, timeline
from herzschlag.checkers.verdict import WORDS, Detail, Finding
from herzschlag.history.clock import Clock
from herzschlag.history.records import History
from herzschlag.languages import N_, gettext, ngettext
from herzschlag.languages.reasons import reason
from herzschlag.languages.titles import title
from herzschlag.running.run_file import RunReport
from herzschlag.scenarios.places import line_of
from herzschlag.terminal.lines import Line, line
from herzschlag.terminal.marks import DIM, sign
from herzschlag.terminal.story import story

INDENT = " " * 6
NAME_WIDTH = 16
CITED_MAX = 2
"""Records of one cause that are told in any case: what it counts from, and what was wrong."""
CAUSES_MAX = 6
"""Causes of one finding; the report has all."""
DOUBTED_MAX = 3
WHAT = (N_("again"), N_("in doubt"), N_("try"))
_FIGURES = "{:>16}{:>10}   "


def headings() -> Line:
    return line(f"{gettext('documented'):>16}{gettext('measured'):>10}")


def outcome(report: RunReport, history: History | None, *, verbose: bool = False, width: int = 0) -> list[Line]:
    """Lines about one run. `width`: of a terminal, for titles that are shortened at their colon; 0: none is."""
    return list(_lines(report, history, verbose, width))


def _lines(report: RunReport, history: History | None, verbose: bool, width: int) -> Iterator[Line]:
    name = f"{report.scenario:<{NAME_WIDTH}}"
    if not report.started:
        yield line("  ", sign("nothing"), f" {name} {gettext('nothing was started')}")
        if report.status == "unavailable":
            again = f"herzschlag run {report.scenario} --backend simulation"
            yield line(INDENT, (f"{gettext('meanwhile'):<11}", DIM), again)
        return
    if report.verdict == "holds":
        yield line("  ", sign("holds"), f" {name} ", _title(title(report.title), width - NAME_WIDTH - 5), hang=21)
        yield from _instants(report)
    elif report.verdict == "violated":
        yield line(
            "  ",
            sign("violated"),
            f" {name} ",
            (gettext("violated").upper(), "bold red"),
            f": {title(report.title)}",
            hang=21,
        )
        yield from _causes(report)
        yield from _happened(report, history, width)
        if report.repeat:
            yield line(INDENT, _word("again"), report.repeat)
    else:
        yield line(
            "  ",
            sign("unknown"),
            f" {name} ",
            (gettext("unknown").upper(), "yellow"),
            f": {_why_unknown(report)}",
            hang=21,
        )
        yield from _doubts(report)
    yield from (_listed(report) if verbose else _checks(report))


def _title(whole: str, room: int) -> str:
    short = whole.partition(": ")[0]
    return whole if room <= 0 or len(whole) <= room else short


def _instants(report: RunReport) -> Iterator[Line]:
    zero = Clock(report.zero_ns)
    for instant in sorted(report.instants, key=lambda d: (d.published_s or (0.0, 0.0))[0]):
        figures = _FIGURES.format(documented(instant, zero), measured(instant))
        yield line(figures, gettext(instant.name), hang=len(figures))


def _causes(report: RunReport) -> Iterator[Line]:
    """Every violated expectation and rule, each once, with the place of an expectation."""
    for finding in report.findings:
        if finding.verdict != "violated":
            continue
        bad = [d for d in finding.details if d.verdict == "violated"]
        if not bad:
            yield line(INDENT, f"{finding.checker}: {reason(finding.because)}", hang=10)
        for detail in bad[:CAUSES_MAX]:
            place = _place(report, detail)
            yield line(INDENT, _cause(report, finding, detail), (f"  {place}" if place else "", DIM), hang=10)
        if len(bad) > CAUSES_MAX:
            yield line(INDENT, f"{finding.checker}: {_and_more(len(bad) - CAUSES_MAX)}")


def _cause(report: RunReport, finding: Finding, detail: Detail) -> str:
    if finding.checker == timeline.NAME:
        return f"{gettext(detail.name)}: {missed(detail, Clock(report.zero_ns))}"
    if detail.key:
        return f"{gettext(detail.name)}: {reason(detail.because)}"
    return f"{finding.checker}: {reason(detail.name)}: {reason(detail.because)}"


def _place(report: RunReport, detail: Detail) -> str:
    """File and line: `FILE:15`; a variant's file is that of its family."""
    number = line_of(report.scenario_text, detail.key, detail.name)
    source = report.scenario_source.partition("@")[0]
    return f"{source}:{number}" if number is not None and source else ""


def _happened(report: RunReport, history: History | None, width: int) -> Iterator[Line]:
    """A line for each thing that happened, with its reason where there is room."""
    if history is None:
        return
    wrong = [d for f in report.findings if f.verdict == "violated" for d in f.details if d.verdict == "violated"]
    cited = {seq for detail in wrong for seq in detail.evidence[:CITED_MAX]}
    told = story(history, cited)
    if told:
        yield line(INDENT, (gettext("what happened"), "bold"))
    widest = max((len(at) for at, _, _ in told), default=0)
    for at, sentence, because in told:
        margin = f"{INDENT}  {at:<{widest}}  "
        room = width - len(margin) - len(sentence) - len(because)
        yield line(margin, sentence if width and room < 0 else f"{sentence}{because}", hang=len(margin))


def _why_unknown(report: RunReport) -> str:
    found = {f.checker: f for f in report.findings if f.verdict == "unknown"}
    if report.status == "failed":
        return gettext("Herzschlag itself failed, which says nothing of the cluster")
    if report.status == "interrupted":
        return gettext("it was interrupted")
    if machinery.NAME in found:
        return gettext("a part of Herzschlag did not live to the end")
    if lateness.NAME in found:
        return gettext("the machine was too slow")
    return gettext("not everything was proved")


def _doubts(report: RunReport) -> Iterator[Line]:
    """The cause once, then what it leaves in doubt by name, then what to try."""
    if report.status == "failed":
        return  # standard error has said it
    doubtful = [f for f in report.findings if f.verdict == "unknown"]
    causes = [f for f in doubtful if f.checker in (machinery.NAME, lateness.NAME)]
    if causes:
        yield line(INDENT, gettext("{why}: nothing is proved", why=reason(causes[0].because)), hang=10)
        named = [f.checker for f in doubtful if f not in causes]
        if named:
            more = f" {_and_more(len(named) - DOUBTED_MAX)}" if len(named) > DOUBTED_MAX else ""
            yield line(INDENT, _word("in doubt"), f"{', '.join(named[:DOUBTED_MAX])}{more}", hang=16)
    else:
        for finding in doubtful[:CAUSES_MAX]:
            yield line(INDENT, f"{finding.checker}: {reason(finding.because)}", hang=10)
        if len(doubtful) > CAUSES_MAX:
            yield line(INDENT, _and_more(len(doubtful) - CAUSES_MAX))
    if (advice := _try(report, causes)) is not None:
        yield advice


def _try(report: RunReport, causes: Sequence[Finding]) -> Line | None:
    if not causes or causes[0].checker != lateness.NAME:
        return line(INDENT, _word("again"), report.repeat) if report.repeat else None
    worst = max((d.measured_s or 0.0 for d in causes[0].details), default=0.0) / (report.speed or 1.0)
    kept = speed_kept(worst)
    if kept is None or kept >= report.speed:
        said = gettext("a machine with less to do: this was too slow even for real time")
        return line(INDENT, _word("try"), said)
    return line(INDENT, _word("try"), f"herzschlag run {_shown(report)} --speed {kept:g}")


def _shown(report: RunReport) -> str:
    """The scenario as the command that repeats the run names it."""
    return report.repeat.removeprefix("herzschlag run ").partition(" --")[0] or report.scenario


def _checks(report: RunReport) -> Iterator[Line]:
    """How many checks hold, in a line."""
    held = sum(f.verdict == "holds" for f in report.findings)
    idle = sum(f.verdict == "nothing" for f in report.findings)
    if not report.findings:
        return
    if report.verdict == "holds":
        yield line(INDENT, (f"{_hold(held)}{_idle(idle)}", DIM))
    elif held:
        others = ngettext("{number} other check holds", "{number} other checks hold", held)
        yield line(INDENT, (f"{others}{_idle(idle)}", DIM))


def _hold(number: int) -> str:
    return ngettext("{number} check holds", "{number} checks hold", number)


def _idle(number: int) -> str:
    return gettext(", {number} had nothing to check", number=number) if number else ""


def _and_more(number: int) -> str:
    return gettext("and {number} more", number=number)


def _word(word: str) -> tuple[str, str]:
    """What a line is about, before the line."""
    return f"{gettext(word):<9} ", DIM


def _listed(report: RunReport) -> Iterator[Line]:
    for finding in report.findings:
        if finding.verdict == "nothing":
            said = f" {finding.checker}: {gettext(WORDS['nothing'])}: {reason(finding.because)}"
            yield line(INDENT, sign("nothing"), (said, DIM), hang=10)
        else:
            yield line(INDENT, sign(finding.verdict), f" {finding.checker}: {reason(finding.because)}", hang=10)
