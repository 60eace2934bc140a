"""Tables of a report: verdict, findings, instants, records.

This module decides how a finding links to its evidence and how many records the table of records holds. It leaves the
page around it to `page.py`. All that comes from a run is escaped here: names and reasons are shown, never interpreted.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from herzschlag.checkers.verdict import SIGNS, WORDS, Detail, Finding, Mark
from herzschlag.history.records import SECOND, Record
from herzschlag.history.words import sentence
from herzschlag.report.model import Model
from herzschlag.sources.documents import documents, pieces

RECORDS_MAX = 3000
DETAILS_MAX = 40
WORDS_MAX = 240
"""Letters of a reason in the table of records."""
DULL = frozenset({"dropped", "lateness", "lock", "path"})
"""Frequent kinds, which are left out first."""
EVIDENCE_MAX = 12
WIRE = (
    "By packets alone: from the last heartbeat that arrived to the packet that shows the instant; its number in the "
    "capture, and how many real milliseconds it came after the record."
)
RANK: dict[Mark, int] = {"violated": 0, "unknown": 1, "holds": 2, "nothing": 3}


def badge(verdict: Mark, *, large: bool = False) -> str:
    """Shape, word and colour together: none of them alone carries the verdict."""
    size = " large" if large else ""
    return (
        f'<span class="badge {verdict}{size}"><span aria-hidden="true">{SIGNS[verdict]}</span> {WORDS[verdict]}</span>'
    )


def evidence(seqs: Iterable[int], model: Model) -> str:
    """Links to records, each with what it says."""
    listed = list(dict.fromkeys(seqs))
    links = [
        f'<a class="ev" href="#r{seq}" title="{escape(sentence(model.history[seq]), quote=True)}">#{seq}</a>'
        for seq in listed[:EVIDENCE_MAX]
        if 0 <= seq < len(model.history)
    ]
    more = f" and {len(listed) - EVIDENCE_MAX} more" if len(listed) > EVIDENCE_MAX else ""
    return " ".join(links) + more if links else '<span class="dim">none</span>'


def findings(model: Model) -> str:
    """Worst first; what a finding looked at opens below it."""
    ordered = sorted(model.run.file.findings, key=lambda finding: RANK[finding.verdict])
    if not ordered:
        return '<p class="note">No checker has judged this run.</p>'
    bad = "".join(_finding(item, model) for item in ordered if not item.fine)
    good = "".join(_finding(item, model) for item in ordered if item.fine)
    return f'<ul class="findings">{bad}</ul><ul class="findings good">{good}</ul>'


def _finding(item: Finding, model: Model) -> str:
    details = ""
    shown = sorted(item.details, key=lambda d: RANK[d.verdict])[:DETAILS_MAX]
    if shown:
        rows = "".join(
            f"<tr><td>{badge(d.verdict)}</td><td>{escape(d.name)}</td><td>{escape(d.because)}</td>"
            f"<td>{evidence(d.evidence, model)}</td></tr>"
            for d in shown
        )
        left = len(item.details) - len(shown)
        thinned = f". Thinned: {left} more are in run.json, none worse" if left else ""
        details = (
            f"<details{' open' if item.verdict == 'violated' else ''}><summary>{len(item.details)} looked at</summary>"
            f'<div class="scroll" tabindex="0" role="region" aria-label="What {escape(item.checker)} looked at"><table>'
            f"<caption>What the check “{escape(item.checker)}” looked at{thinned}</caption><thead><tr><th scope=col>Verdict<th scope=col>What"
            f"<th scope=col>Because<th scope=col>Evidence</tr></thead><tbody>{rows}</tbody></table></div></details>"
        )
    seqs = list(item.evidence) or [seq for d in item.details for seq in d.evidence]
    links = f'<p class="evs"><span class="dim">Evidence:</span> {evidence(seqs, model)}</p>' if seqs else ""
    return (
        f'<li class="finding {item.verdict}"><div class="line">{badge(item.verdict)}<h3>{escape(item.checker)}</h3></div>'
        f"<p>{escape(item.because[:1200])}</p>{links}{details}</li>"
    )


def instants(model: Model) -> str:
    """The published instants beside the measured ones."""
    items = model.run.file.instants
    if not items:
        return '<p class="note">This scenario names no instants, published or expected.</p>'
    reach = max([0.2, *(abs(d.deviation_s) for d in items if d.deviation_s is not None)])
    rows = "".join(_instant(d, reach, model) for d in items)
    wire = "<th scope=col>By packets alone" if model.run.traffic.confirmed else ""
    word = figure_word(model)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{word} against measured"><table class="instants">'
        "<caption>Seconds of protocol time, after a fault that stops heartbeats from the last one that arrived, else from "
        f"the fault. Deviation is measured less {word.lower()}, or less the nearer end "
        f"of a range.{' ' + WIRE if wire else ''}</caption>"
        f"<thead><tr><th scope=col>Instant<th scope=col class=num>{word}<th scope=col class=num>Measured<th scope=col class=num>"
        f"Deviation<th scope=col class=devhead>early&ensp;│&ensp;late<th scope=col>Verdict<th scope=col>Evidence{wire}<th scope=col>Source</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def figure_word(model: Model) -> str:
    """What the figures beside the measured ones are: `Published`, `Expected`, or both."""
    words = dict.fromkeys(d.figure_word for d in model.run.file.instants) or ("published",)
    return " or ".join(words).capitalize()


def _instant(d: Detail, reach: float, model: Model) -> str:
    low, high = d.published_s or (0.0, 0.0)
    published = f"{low:g}" if low == high else f"{low:g} \u2013 {high:g}"
    measured = "never came" if d.measured_s is None else f"{d.measured_s:.3f}"
    deviation = "" if d.deviation_s is None else f"{d.deviation_s:+.3f}"
    return (
        f"<tr><th scope=row>{escape(d.name)}</th><td class=num>{published} s</td><td class=num>{measured}"
        f"{' s' if d.measured_s is not None else ''}</td><td class=num>{deviation}{' s' if deviation else ''}</td>"
        f"<td>{_deviation_bar(d, reach)}</td><td>{badge(d.verdict)}</td><td>{evidence(d.evidence, model)}</td>{_wire(d, model)}"
        f'<td class="dim">{_source(d.source)}</td></tr>'
    )


def _source(text: str) -> str:
    """The source, with what each document that it names is and says."""
    return "".join(
        f'<abbr title="{escape(documents()[p.key].line(), quote=True)}">{escape(p.text)}</abbr>'
        if p.key
        else escape(p.text)
        for p in pieces(text)
    )


def _wire(d: Detail, model: Model) -> str:
    """The same instant from packets alone: which packet shows it, and how far it lies from the record."""
    if not model.run.traffic.confirmed:
        return ""
    found = model.run.traffic.confirmed.get(d.name)
    if found is None or found.packet_s is None:
        why = "" if found is None else f' title="{escape(found.because, quote=True)}"'
        return f'<td class="dim"{why}>{"" if found is None else found.agreement}</td>'
    apart = "" if found.difference_ms is None else f", {found.difference_ms:+.1f} ms"
    detected = "" if found.detection_s is None else f"{found.detection_s:.3f} s<br>"
    return (
        f'<td title="{escape(found.because, quote=True)}">{detected}'
        f'<span class="dim">frame {found.frame} {found.agreement}{apart}</span></td>'
    )


def _deviation_bar(d: Detail, reach: float) -> str:
    if d.deviation_s is None:
        return ""
    at = 50 + 46 * max(-1.0, min(1.0, d.deviation_s / reach))
    left, width = min(50.0, at), abs(at - 50)
    return (
        '<svg class="dev" viewBox="0 0 100 14" width="100" height="14" aria-hidden="true"><path class="axis" d="M50 0v14M4 7h92"/>'
        f'<rect class="{d.verdict}" x="{left:.1f}" y="4" width="{width:.1f}" height="6"/>'
        f'<circle class="{d.verdict}" cx="{at:.1f}" cy="7" r="4"/></svg>'
    )


def records(model: Model, cited: set[int]) -> str:
    """Every record; of a long run those that are `cited` on the page, and of the others as many as fit, evenly."""
    chosen = list(model.history)
    note = f"All {len(chosen)} records of the run, in order."
    if len(chosen) > RECORDS_MAX:
        must = [r for r in chosen if r.seq in cited or r.kind in ("fault", "ready", "role", "run", "end")]
        kept = {r.seq for r in must}
        rest = [r for r in chosen if r.kind not in DULL and r.seq not in kept]
        room = max(0, RECORDS_MAX - len(must))
        step = max(1, -(-len(rest) // room)) if room else len(rest) + 1
        chosen = sorted([*must, *rest[::step]], key=lambda r: r.seq)
        note = f"Thinned: {len(chosen)} of {len(model.history)} records, all cited ones among them; history.jsonl has the rest."
    zero_ns = model.faults[0].begin_ns if model.faults else None
    rows = "".join(_record(r, zero_ns) for r in chosen)
    after = "<th scope=col class=num>After fault" if zero_ns is not None else ""
    counts = " “After fault” counts from the first fault." if after else ""
    return (
        f"<table class=records><caption>{note}{counts}</caption>"
        f"<thead><tr><th scope=col class=num>No.<th scope=col class=num>Time{after}<th scope=col>Node<th scope=col>Kind"
        f"<th scope=col>What<th scope=col>Because</tr></thead><tbody>{rows}</tbody></table>"
    )


def _record(r: Record, zero_ns: int | None) -> str:
    after = "" if zero_ns is None else f"<td class=num>{(r.at_ns - zero_ns) / SECOND:+.3f} s"
    return (
        f"<tr id=r{r.seq} data-t={r.at_ns / SECOND:.4f}><td class=num>{r.seq}<td class=num>{r.at_s:.3f} s{after}<td>{escape(r.node)}"
        f"<td>{escape(r.kind)}<td>{escape(sentence(r))}<td>{escape(str(r.get('because') or '')[:WORDS_MAX])}"
    )
