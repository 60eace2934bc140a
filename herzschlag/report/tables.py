"""Tables of a report: what does not hold, what holds, instants, records.

This module decides how a finding links to its evidence and how many records the table of records holds. It leaves the
page around it to `page.py`. All that comes from a run is escaped here: names and reasons are shown, never interpreted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from html import escape

from herzschlag.checkers.figures import documented, happened
from herzschlag.checkers.verdict import SIGNS, WORDS, Detail, Finding, Mark, counted
from herzschlag.history.records import Record
from herzschlag.history.words import node, sentence
from herzschlag.report.model import Model
from herzschlag.sources.documents import documents, pieces

RECORDS_MAX = 3000
DETAILS_MAX = 40
CARDS_MAX = 3
"""Of what does not hold; more are folded, so that the picture stays in view."""
WORDS_MAX = 240
"""Letters of a reason in the table of records."""
DULL = frozenset({"dropped", "lateness", "lock", "path"})
"""Frequent kinds, which are left out first."""
EVIDENCE_MAX = 12
WIRE = (
    "By packets alone: the number, in the capture, of the packet that shows the instant, and how many real milliseconds "
    "it came after the record."
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


def bad_findings(model: Model) -> str:
    """The cards of what does not hold, the worst first; of many the later ones are folded."""
    ordered = sorted(
        (finding for finding in model.run.file.findings if not finding.fine), key=lambda f: RANK[f.verdict]
    )
    if not ordered:
        return ""
    cards = [_bad(item, model) for item in ordered]
    more = cards[CARDS_MAX:]
    folded = f"<details><summary>and {len(more)} more</summary>{''.join(more)}</details>" if more else ""
    return f'<div class="wrong">{"".join(cards[:CARDS_MAX])}{folded}</div>'


def _bad(item: Finding, model: Model) -> str:
    seqs = [*item.evidence, *(seq for d in _worst_first(item) for seq in d.evidence)]
    at = next((seq for seq in seqs if 0 <= seq < len(model.history)), None)
    show = "" if at is None else f'<a class="button show" href="#r{at}">Show the instant</a>'
    doubt = f'<p class="note">In doubt because of “{escape(item.doubt)}”.</p>' if item.doubt else ""
    return (
        f'<div class="finding {item.verdict}"><div class="line">{badge(item.verdict)}<h3>{escape(item.checker)}</h3>{show}</div>'
        f"<p>{escape(item.because[:1200])}</p>{doubt}{_details(item, model)}</div>"
    )


def held(model: Model) -> str:
    """Everything that holds, in one line; it opens."""
    file = model.run.file
    good = [finding for finding in file.findings if finding.fine]
    if not file.findings:
        return '<p class="note">No checker has judged this run.</p>'
    holding = [finding for finding in good if finding.verdict == "holds"]
    rest = len(good) - len(holding)
    others = "other " if len(good) < len(file.findings) else ""
    words = f"{len(holding)} {others}{'check holds' if len(holding) == 1 else 'checks hold'}"
    words += f", {rest} had nothing to check" if rest else ""
    cards = "".join(
        f'<li class="finding {item.verdict}"><div class="line">{badge(item.verdict)}<h4>{escape(item.checker)}</h4></div>'
        f"<p>{escape(item.because[:1200])}</p>{_details(item, model)}</li>"
        for item in sorted(good, key=lambda f: RANK[f.verdict])
    )
    return f'<details class="held"><summary>{words}</summary><ul class="findings">{cards}</ul></details>'


def _worst_first(item: Finding) -> list[Detail]:
    return sorted(item.details, key=lambda d: RANK[d.verdict])


def _details(item: Finding, model: Model) -> str:
    """What a finding looked at, folded."""
    shown = _worst_first(item)[:DETAILS_MAX]
    if not shown:
        return (
            f'<p class="evs"><span class="dim">Evidence:</span> {evidence(item.evidence, model)}</p>'
            if item.evidence
            else ""
        )
    rows = "".join(
        f"<li>{badge(d.verdict)} <b>{escape(d.name)}</b> {escape(d.because)} {evidence(d.evidence, model) if d.evidence else ''}</li>"
        for d in shown
    )
    left = len(item.details) - len(shown)
    thinned = f"<li>Thinned: {left} more are in run.json, none worse.</li>" if left else ""
    return f'<details><summary>{counted(len(item.details), "thing")} looked at</summary><ul class="looked">{rows}{thinned}</ul></details>'


def compact(model: Model) -> str:
    """Documented beside measured in three columns; each name leads to the record that was measured."""
    items = model.run.file.instants
    if not items:
        return '<p class="note">This scenario names no instants, published or expected.</p>'
    word = figure_word(model)
    rows = "".join(
        f'<tr class="{d.verdict}"><th scope=row>{_measured_at(d, model)}</th><td class=num>{documented(d, model.clock)}</td>'
        f"<td class=num>{happened(d, model.clock)}</td><td>{_sign(d)}</td></tr>"
        for d in sorted(items, key=lambda d: (d.at_ns is None, d.at_ns or 0))
    )
    return (
        f'<div class="compacted"><table class="compact"><caption class="sr">{word} against measured; the names lead to the instants</caption><thead><tr><th scope=col>Instant'
        f"<th scope=col class=num>{word}<th scope=col class=num>Measured<th scope=col><span class=sr>Verdict</span></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _measured_at(d: Detail, model: Model) -> str:
    """The instant's name, as a link to the record that shows it: the one at its time."""
    seqs = [seq for seq in d.evidence if 0 <= seq < len(model.history)]
    if not seqs:
        return escape(d.name)
    at = next((seq for seq in seqs if model.history[seq].at_ns == d.at_ns), seqs[-1])
    return f'<a href="#r{at}">{escape(d.name)}</a>'


def _sign(d: Detail) -> str:
    return f'<span class="sign {d.verdict}" title="{WORDS[d.verdict]}">{SIGNS[d.verdict]}<span class=sr> {WORDS[d.verdict]}</span></span>'


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
    measured = "never came" if d.measured_s is None else f"{d.measured_s:.3f} s"
    deviation = "" if d.deviation_s is None else f"{d.deviation_s:+.3f}"
    return (
        f"<tr><th scope=row>{escape(d.name)}</th><td class=num>{documented(d, model.clock)}</td><td class=num>{measured}</td>"
        f"<td class=num>{deviation}{' s' if deviation else ''}</td>"
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
    return (
        f'<td title="{escape(found.because, quote=True)}">'
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
    """Every record; of a long run those that are `cited` on the page, and of the others as many as fit, evenly. Above
    them a search, and a choice of kinds; both need the page's script, the table does not."""
    chosen = list(model.history)
    note = f"{counted(len(chosen), 'record')} of the run, in order."
    if len(chosen) > RECORDS_MAX:
        must = [r for r in chosen if r.seq in cited or r.kind in ("fault", "ready", "role", "run", "end")]
        kept = {r.seq for r in must}
        rest = [r for r in chosen if r.kind not in DULL and r.seq not in kept]
        room = max(0, RECORDS_MAX - len(must))
        step = max(1, -(-len(rest) // room)) if room else len(rest) + 1
        chosen = sorted([*must, *rest[::step]], key=lambda r: r.seq)
        note = f"Thinned: {len(chosen)} of {len(model.history)} records, all cited ones among them; history.jsonl has the rest."
    rows = "".join(_record(r, model) for r in chosen)
    kinds = Counter(r.kind for r in chosen)
    options = "".join(f'<option value="{kind}">{kind} ({count})' for kind, count in sorted(kinds.items()))
    return (
        '<details id="allrecords"><summary>Show the records</summary><div class="controls"><label>Search <input type="search" '
        'id="find" aria-label="Search the records" placeholder="host-98, lock, isolation …"></label><label>Kind <select id="kind"><option value="">all but timers'
        f'<option value="*">all{options}</select></label><span class="dim" id="found" role="status"></span></div>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Records">'
        f"<table class=records><caption>{note} Times count from the first fault. A number shows its instant.</caption>"
        "<thead><tr><th scope=col class=num>No.<th scope=col class=num>Time<th scope=col>Node<th scope=col>Kind"
        f"<th scope=col>What<th scope=col>Because</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _record(r: Record, model: Model) -> str:
    return (
        f"<tr id=r{r.seq} data-t={model.seconds(r.at_ns):.4f}><td class=num><a href=#r{r.seq}>{r.seq}</a><td class=num>{model.clock.told(r.at_ns, 3)}"
        f"<td>{escape(node(r.node))}<td>{escape(r.kind)}<td>{escape(sentence(r))}<td>{escape(str(r.get('because') or '')[:WORDS_MAX])}"
    )
