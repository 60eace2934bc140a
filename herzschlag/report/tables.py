"""Tables of a report: what does not hold, what holds, instants, records.

This module decides how a finding links to its evidence and how many records the table of records holds. It leaves the
page around it to `page.py`. All that comes from a run is escaped here: names and reasons are shown, never interpreted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from html import escape

from herzschlag.checkers.figures import documented, happened
from herzschlag.checkers.verdict import SIGNS, WORDS, Detail, Finding, Mark
from herzschlag.history.records import Record
from herzschlag.history.words import node, sentence
from herzschlag.languages import N_, gettext, ngettext, number
from herzschlag.languages.reasons import reason
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
WIRE = N_(
    "By packets alone: the number, in the capture, of the packet that shows the instant, and how many real milliseconds "
    "it came after the record."
)
RANK: dict[Mark, int] = {"violated": 0, "unknown": 1, "holds": 2, "nothing": 3}


NO_INSTANTS = N_("This scenario names no instants, published or expected.")
AGREEMENTS = (N_("agrees"), N_("differs"), N_("missing"), N_("not on the wire"), N_("unknown"))
FIGURE_WORDS = (N_("Published"), N_("Expected"), N_("Published or expected"), N_("Expected or published"))


def badge(verdict: Mark, *, large: bool = False) -> str:
    """Shape, word and colour together: none of them alone carries the verdict."""
    size = " large" if large else ""
    return f'<span class="badge {verdict}{size}"><span aria-hidden="true">{SIGNS[verdict]}</span> {mark_word(verdict)}</span>'


def evidence(seqs: Iterable[int], model: Model) -> str:
    """Links to records, each with what it says."""
    listed = list(dict.fromkeys(seqs))
    links = [
        f'<a class="ev" href="#r{seq}" title="{escape(sentence(model.history[seq]), quote=True)}">#{seq}</a>'
        for seq in listed[:EVIDENCE_MAX]
        if 0 <= seq < len(model.history)
    ]
    more = gettext(" and {number} more", number=len(listed) - EVIDENCE_MAX) if len(listed) > EVIDENCE_MAX else ""
    return " ".join(links) + more if links else f'<span class="dim">{gettext("none")}</span>'


def bad_findings(model: Model) -> str:
    """The cards of what does not hold, the worst first; of many the later ones are folded."""
    ordered = sorted(
        (finding for finding in model.run.file.findings if not finding.fine), key=lambda f: RANK[f.verdict]
    )
    if not ordered:
        return ""
    cards = [_bad(item, model) for item in ordered]
    more = cards[CARDS_MAX:]
    folded = (
        f"<details><summary>{gettext('and {number} more', number=len(more))}</summary>{''.join(more)}</details>"
        if more
        else ""
    )
    return f'<div class="wrong">{"".join(cards[:CARDS_MAX])}{folded}</div>'


def _bad(item: Finding, model: Model) -> str:
    seqs = [*item.evidence, *(seq for d in _worst_first(item) for seq in d.evidence)]
    at = next((seq for seq in seqs if 0 <= seq < len(model.history)), None)
    show = "" if at is None else f'<a class="button show" href="#r{at}">{gettext("Show the instant")}</a>'
    told = gettext("In doubt because of “{checker}”.", checker=escape(item.doubt))
    doubt = f'<p class="note">{told}</p>' if item.doubt else ""
    return (
        f'<div class="finding {item.verdict}"><div class="line">{badge(item.verdict)}<h3>{escape(item.checker)}</h3>{show}</div>'
        f"<p>{escape(reason(item.because[:1200]))}</p>{doubt}{_details(item, model)}</div>"
    )


def held(model: Model) -> str:
    """Everything that holds, in one line; it opens."""
    file = model.run.file
    good = [finding for finding in file.findings if finding.fine]
    if not file.findings:
        return f'<p class="note">{gettext("No checker has judged this run.")}</p>'
    holding = [finding for finding in good if finding.verdict == "holds"]
    rest = len(good) - len(holding)
    if len(good) < len(file.findings):
        words = ngettext("{number} other check holds", "{number} other checks hold", len(holding))
    else:
        words = ngettext("{number} check holds", "{number} checks hold", len(holding))
    words += gettext(", {number} had nothing to check", number=rest) if rest else ""
    cards = "".join(
        f'<li class="finding {item.verdict}"><div class="line">{badge(item.verdict)}<h4>{escape(item.checker)}</h4></div>'
        f"<p>{escape(reason(item.because[:1200]))}</p>{_details(item, model)}</li>"
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
            f'<p class="evs"><span class="dim">{gettext("Evidence:")}</span> {evidence(item.evidence, model)}</p>'
            if item.evidence
            else ""
        )
    rows = "".join(
        f"<li>{badge(d.verdict)} <b>{escape(reason(d.name))}</b> {escape(reason(d.because))} {evidence(d.evidence, model) if d.evidence else ''}</li>"
        for d in shown
    )
    left = len(item.details) - len(shown)
    told = gettext("Thinned: {number} more are in run.json, none worse.", number=left)
    thinned = f"<li>{told}</li>" if left else ""
    looked = ngettext("{number} thing looked at", "{number} things looked at", len(item.details))
    return f'<details><summary>{looked}</summary><ul class="looked">{rows}{thinned}</ul></details>'


def compact(model: Model) -> str:
    """Documented beside measured in three columns; each name leads to the record that was measured."""
    items = model.run.file.instants
    if not items:
        return f'<p class="note">{gettext(NO_INSTANTS)}</p>'
    word = figure_word(model)
    rows = "".join(
        f'<tr class="{d.verdict}"><th scope=row>{_measured_at(d, model)}</th><td class=num>{documented(d, model.clock)}</td>'
        f"<td class=num>{happened(d, model.clock)}</td><td>{_sign(d)}</td></tr>"
        for d in sorted(items, key=lambda d: (d.at_ns is None, d.at_ns or 0))
    )
    return (
        f'<div class="compacted"><table class="compact"><caption class="sr">{against_measured(model)}{gettext("; the names lead to the instants")}</caption><thead><tr><th scope=col>{gettext("Instant")}'
        f"<th scope=col class=num>{word}<th scope=col class=num>{gettext('Measured')}<th scope=col><span class=sr>{gettext('Verdict')}</span></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _measured_at(d: Detail, model: Model) -> str:
    """The instant's name, as a link to the record that shows it: the one at its time."""
    seqs = [seq for seq in d.evidence if 0 <= seq < len(model.history)]
    if not seqs:
        return escape(gettext(d.name))
    at = next((seq for seq in seqs if model.history[seq].at_ns == d.at_ns), seqs[-1])
    return f'<a href="#r{at}">{escape(gettext(d.name))}</a>'


def _sign(d: Detail) -> str:
    return f'<span class="sign {d.verdict}" title="{mark_word(d.verdict)}">{SIGNS[d.verdict]}<span class=sr> {mark_word(d.verdict)}</span></span>'


def instants(model: Model) -> str:
    """The published instants beside the measured ones."""
    items = model.run.file.instants
    if not items:
        return f'<p class="note">{gettext(NO_INSTANTS)}</p>'
    reach = max([0.2, *(abs(d.deviation_s) for d in items if d.deviation_s is not None)])
    rows = "".join(_instant(d, reach, model) for d in items)
    wire = f"<th scope=col>{gettext('By packets alone')}" if model.run.traffic.confirmed else ""
    word = figure_word(model)
    told = gettext(
        "Seconds of protocol time, after a fault that stops heartbeats from the last one that arrived, else from "
        "the fault. Deviation is measured less {published}, or less the nearer end of a range.",
        published=word.lower(),
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{against_measured(model)}"><table class="instants">'
        f"<caption>{told}{' ' + gettext(WIRE) if wire else ''}</caption>"
        f"<thead><tr><th scope=col>{gettext('Instant')}<th scope=col class=num>{word}<th scope=col class=num>{gettext('Measured')}<th scope=col class=num>"
        f"{gettext('Deviation')}<th scope=col class=devhead>{gettext('early')}&ensp;│&ensp;{gettext('late')}<th scope=col>{gettext('Verdict')}<th scope=col>{gettext('Evidence')}{wire}<th scope=col>{gettext('Source')}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def figure_word(model: Model) -> str:
    """What the figures beside the measured ones are: `Published`, `Expected`, or both."""
    words = dict.fromkeys(d.figure_word for d in model.run.file.instants) or ("published",)
    return gettext(" or ".join(words).capitalize())


def against_measured(model: Model) -> str:
    return gettext("{published} against measured", published=figure_word(model))


def mark_word(mark: Mark) -> str:
    """A mark as people read it."""
    return gettext(WORDS[mark])


def _instant(d: Detail, reach: float, model: Model) -> str:
    measured = gettext("never came") if d.measured_s is None else f"{number(d.measured_s, '.3f')} s"
    deviation = "" if d.deviation_s is None else number(d.deviation_s, "+.3f")
    return (
        f"<tr><th scope=row>{escape(gettext(d.name))}</th><td class=num>{documented(d, model.clock)}</td><td class=num>{measured}</td>"
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
        return f'<td class="dim"{why}>{"" if found is None else gettext(found.agreement)}</td>'
    apart = "" if found.difference_ms is None else f", {number(found.difference_ms, '+.1f')} ms"
    return (
        f'<td title="{escape(found.because, quote=True)}">'
        f'<span class="dim">{gettext("frame {number}", number=found.frame)} {gettext(found.agreement)}{apart}</span></td>'
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
    note = ngettext("{number} record of the run, in order.", "{number} records of the run, in order.", len(chosen))
    if len(chosen) > RECORDS_MAX:
        must = [r for r in chosen if r.seq in cited or r.kind in ("fault", "ready", "role", "run", "end")]
        kept = {r.seq for r in must}
        rest = [r for r in chosen if r.kind not in DULL and r.seq not in kept]
        room = max(0, RECORDS_MAX - len(must))
        step = max(1, -(-len(rest) // room)) if room else len(rest) + 1
        chosen = sorted([*must, *rest[::step]], key=lambda r: r.seq)
        note = gettext(
            "Thinned: {number} of {all} records, all cited ones among them; history.jsonl has the rest.",
            number=len(chosen),
            all=len(model.history),
        )
    rows = "".join(_record(r, model) for r in chosen)
    kinds = Counter(r.kind for r in chosen)
    options = "".join(f'<option value="{kind}">{kind} ({count})' for kind, count in sorted(kinds.items()))
    return (
        f'<details id="allrecords"><summary>{gettext("Show the records")}</summary><div class="controls"><label>{gettext("Search")} <input type="search" '
        f'id="find" aria-label="{gettext("Search the records")}" placeholder="{gettext("host-98, lock, isolation …")}"></label><label>{gettext("Kind")} <select id="kind"><option value="">{gettext("all but timers")}'
        f'<option value="*">{gettext("all")}{options}</select></label><span class="dim" id="found" role="status"></span></div>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{gettext("Records")}">'
        f"<table class=records><caption>{note} {gettext('Times count from the first fault. A number shows its instant.')}</caption>"
        f"<thead><tr><th scope=col class=num>{gettext('No.')}<th scope=col class=num>{gettext('Time')}<th scope=col>{gettext('Node')}<th scope=col>{gettext('Kind')}"
        f"<th scope=col>{gettext('What')}<th scope=col>{gettext('Because')}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _record(r: Record, model: Model) -> str:
    return (
        f"<tr id=r{r.seq} data-t={model.seconds(r.at_ns):.4f}><td class=num><a href=#r{r.seq}>{r.seq}</a><td class=num>{model.clock.told(r.at_ns, 3)}"
        f"<td>{escape(node(r.node))}<td>{escape(r.kind)}<td>{escape(sentence(r))}<td>{escape(reason(str(r.get('because') or ''))[:WORDS_MAX])}"
    )
