"""Sequence diagrams: messages and conclusions around each fault, as SVG.

This module decides which records make a line of the diagram, which arrows they become, and how many lines one diagram
may have. Time runs downwards and not to scale: pauses are written out. Datagrams come from the capture when there is
one, repeated ones in one arrow; without a capture, arrows follow from the records.
"""

from __future__ import annotations

import re
from html import escape
from typing import Literal

import msgspec

from herzschlag.history.clock import Clock
from herzschlag.history.records import SECOND, Record
from herzschlag.history.words import STATES, node, sentence
from herzschlag.history.words import fault as fault_in_words
from herzschlag.languages import ENGLISH, N_, gettext, speaking
from herzschlag.languages.reasons import reason
from herzschlag.report.model import Fault, Model
from herzschlag.topo.spec import GATEWAY, VCENTER

BEFORE_NS = 2 * SECOND
AFTER_NS = 100 * SECOND
LINES_MAX = 44
PAUSE_NS = SECOND // 2
SAME_NS = SECOND // 500
LANES_MAX = 9
NOTE_MAX = 64
"""Letters of a note."""
_LANE_PX, _WIDTH_PX, _HEAD, _LINE, _LEFT = (150, 232), 1120, 56, 27, 84
KINDS = ("fault", "role", "election", "liveness", "host-state", "isolation", "restart", "vm", "lock")
_SAYS_SO = re.compile(r"^(host-\d+) says so")
_CONTROL = ("RestartOrder", "RestartResult")
_LOCKS = {"held": N_("locks {file}"), "broken": N_("breaks lock of {file}"), "denied": N_("denied lock of {file}")}
_RESTART = {"begins": N_("restart begins: {vm}"), "ordered": N_("starts itself: {vm}")}
_VM = {"on": N_("VM on: {vm}"), "off": N_("VM off: {vm}")}
_LIVENESS = {"watching": N_("watches {host}"), "unreachable": N_("unreachable: {host}"), "heard": N_("hears {host}")}
_REPEATED = ("Heartbeat", "Election", "Ping", "Join", "Welcome")


class Line(msgspec.Struct):
    """One line: a note on a lifeline, an arrow between two, or a fault across all."""

    at_ns: int
    kind: Literal["note", "arrow", "fault"]
    node: str
    text: str
    to: str = ""
    seq: int | None = None
    because: str = ""
    lost: bool = False
    count: int = 1
    weight: int = 2
    """Lines of a greater one are left out first when there is no room."""


class Diagram(msgspec.Struct, frozen=True):
    fault: Fault
    svg: str
    notes: tuple[str, ...]


def diagrams(model: Model) -> list[Diagram]:
    """One per beginning of a fault; faults at one instant share a diagram."""
    found: list[Diagram] = []
    for index, fault in enumerate(model.faults):
        if index and fault.begin_ns - model.faults[index - 1].begin_ns < BEFORE_NS:
            continue
        later = [f.begin_ns for f in model.faults if f.begin_ns >= fault.begin_ns + BEFORE_NS]
        until_ns = min([fault.begin_ns + AFTER_NS, model.end_ns, *(at - 1 for at in later)])
        found.append(_diagram(model, fault, until_ns))
    return found


def _diagram(model: Model, fault: Fault, until_ns: int) -> Diagram:
    begin_ns = fault.begin_ns - BEFORE_NS
    lines: list[Line] = []
    for record in model.history:
        if begin_ns <= record.at_ns <= until_ns and record.kind in KINDS:
            unanswered = _in_vain(record, model)
            line = _line(record, unanswered)
            if line is not None:
                line.weight = _weight(record, unanswered)
                lines.append(line)
    lines = sorted([*_joined(lines), *_datagrams(model, begin_ns, until_ns)], key=lambda line: line.at_ns)
    notes: list[str] = []
    if len(lines) > LINES_MAX:
        ranked = sorted(range(len(lines)), key=lambda i: (lines[i].weight, i))[:LINES_MAX]
        said = N_("Thinned: {number} of {all} lines are drawn; the table of records has all.")
        notes.append(gettext(said, number=LINES_MAX, all=len(lines)))
        lines = [lines[i] for i in sorted(ranked)]
    seen = {line.node for line in lines} | {line.to for line in lines}
    lanes = [node for node in (*model.hosts, GATEWAY, VCENTER) if node in seen]
    if len(lanes) > LANES_MAX:
        notes.append(gettext("Thinned: {number} of {all} nodes are drawn.", number=LANES_MAX, all=len(lanes)))
        busiest = sorted(lanes, key=lambda n: -sum(n in (line.node, line.to) for line in lines))
        lanes = [node for node in lanes if node in busiest[:LANES_MAX]]
        lines = [line for line in lines if {line.node, line.to} - {""} <= set(lanes)]
    if model.run.traffic.missing:
        said = N_("{why}: arrows follow from the records, and single datagrams are not drawn.")
        notes.append(gettext(said, why=gettext(model.run.traffic.missing)))
    return Diagram(fault, _svg(lanes, lines, fault, model.clock), tuple(notes))


def _in_vain(record: Record, model: Model) -> bool:
    """Whether the isolation that this record begins to probe was declared in the end."""
    if record.kind != "isolation" or record.get("phase") != "probing":
        return False
    later = (r.get("phase") for r in model.history.of_kind("isolation", node=record.node) if r.seq > record.seq)
    return next(later, "") == "declared"


def _weight(record: Record, unanswered: bool) -> int:
    """Of the line of a record: the higher, the sooner it is left out. By its English words, in every language."""
    with speaking(ENGLISH):
        line = _line(record, unanswered)
    if line is None or line.kind == "fault":
        return 0
    heavy = (
        "isolation",
        "election won",
        "now master",
        "is failed",
        "restart",
        "now election",
        "isolated",
        "is partitioned",
    )
    if any(word in line.text for word in heavy):
        return 1
    return 2 if not line.text.startswith("lock") else 3


def _line(record: Record, unanswered: bool) -> Line | None:  # noqa: PLR0912 (one case a kind of record)
    """The lines that a record adds to the diagram; `unanswered`: its pings got no reply."""
    f = record.fields
    because = str(f.get("because") or "")
    told = reason(because)
    phase = str(f.get("phase") or "")

    def made(kind: Literal["note", "arrow", "fault"], node: str, text: str, to: str = "", lost: bool = False) -> Line:
        return Line(record.at_ns, kind, node, text, to, record.seq, told, lost)

    match record.kind:
        case "fault":
            said = fault_in_words(record)
            return made("fault", "", said if phase == "begin" else gettext("{fault}: undone", fault=said))
        case "restart" if phase == "ordered" and f.get("target") and f.get("target") != record.node:
            return made("arrow", record.node, gettext("restart {vm}", vm=f.get("vm")), str(f.get("target")))
        case "restart" if phase == "done":
            return None
        case "restart":
            said = _RESTART.get(phase, N_("restart {phase}: {vm}"))
            return made("note", record.node, gettext(said, phase=gettext(phase), vm=f.get("vm")))
        case "isolation" if phase == "response":
            said = N_("response {what}: {vm}")
            return made("note", record.node, gettext(said, what=gettext(str(f.get("do"))), vm=f.get("vm")))
        case "isolation" if phase == "probing":
            return made("arrow", record.node, gettext("pings its isolation address"), GATEWAY, lost=unanswered)
        case "host-state":
            host, state = str(f.get("host")), gettext(STATES.get(str(f.get("to")), str(f.get("to"))))
            opinion = gettext("{host} is {state}", host=host, state=state)
            if record.node == VCENTER:
                sayer = _SAYS_SO.match(because)
                return made("arrow", sayer.group(1), opinion, VCENTER) if sayer else None
            if "asked to be taken in" in because:
                return made("arrow", host, gettext("asks to join"), record.node)
            if host == record.node or f.get("to") == "election":
                return None
            return made("note", record.node, opinion)
        case "role" if f.get("to") == "slave" and f.get("master"):
            return made("arrow", str(f.get("master")), gettext("takes it in"), record.node)
        case "role":
            return made("note", record.node, gettext("now {role}", role=gettext(str(f.get("to")))))
        case "lock":
            path = str(f.get("path", "")).rsplit("/", 1)[-1]
            if f.get("to") not in ("held", "broken", "denied") or path.endswith("-hb"):
                return None
            said = _LOCKS[str(f.get("to"))]
            return made("note", record.node, gettext(said, file=path))
        case "vm":
            return (
                None
                if f.get("to") in ("starting", "stopping")
                else made("note", record.node, gettext(_VM.get(str(f.get("to")), "VM {vm}"), vm=f.get("vm")))
            )
        case "liveness":
            said = _LIVENESS.get(phase, N_("{phase} {host}"))
            return made("note", record.node, gettext(said, phase=phase, host=f.get("host")))
        case "election" if phase == "started":
            return None
        case _:
            return made("note", record.node, sentence(record).removeprefix(record.node).lstrip(": "))


def _joined(lines: list[Line]) -> list[Line]:
    """Join the lines of one node at one instant that differ in the host: `watches host-99, host-100`."""
    joined: dict[tuple[int, str, str, str, str], Line] = {}
    for line in lines:
        says, _, of_what = line.text.rpartition(" ")
        key = (line.at_ns // SAME_NS, line.kind, line.node, line.to, says)
        if says and line.kind != "fault" and key in joined:
            joined[key].text += f", {of_what}"
            joined[key].weight = min(joined[key].weight, line.weight)
        else:
            joined[key if key not in joined else (*key[:4], f"{line.seq}")] = line
    return list(joined.values())


def _datagrams(model: Model, begin_ns: int, until_ns: int) -> list[Line]:
    """Orders and answers one by one; of what is repeated (heartbeats, offers, pings) one arrow for as long as it arrives,
    and one for as long as it does not. Both networks together: what arrived on one of them has arrived."""
    found: list[Line] = []
    going: dict[tuple[str, str, str], tuple[Line, int]] = {}
    for d in model.run.traffic.datagrams:
        if not begin_ns <= d.sent_ns <= until_ns or d.kind not in (*_CONTROL, *_REPEATED):
            continue
        way, lost = (d.kind, d.source, d.destination), d.arrived_ns is None
        line, last_ns = going.get(way, (None, 0))
        apart = d.kind in _CONTROL and d.sent_ns - last_ns > PAUSE_NS
        if line is None or line.lost != lost or apart:
            line = Line(
                d.sent_ns, "arrow", d.source, d.kind, d.destination, lost=lost, weight=2 if d.kind in _CONTROL else 3
            )
            found.append(line)
        else:
            line.count += 1
        going[way] = (line, d.sent_ns)
    return found


def _svg(lanes: list[str], lines: list[Line], fault: Fault, clock: Clock) -> str:
    lane = min(_LANE_PX[1], max(_LANE_PX[0], (_WIDTH_PX - _LEFT) // max(1, len(lanes))))
    place = {node: _LEFT + lane * index + lane // 2 for index, node in enumerate(lanes)}
    width = max(_LEFT + lane * len(lanes) + 8, 460)
    parts: list[str] = []
    y, before_ns = _HEAD + 14, None
    for line in lines:
        if before_ns is not None and line.at_ns - before_ns > PAUSE_NS:
            parts.append(f'<text class="q-pause" x="{_LEFT - 10}" y="{y + 3}" text-anchor="end">⋮</text>')
            y += 13
        parts.append(_draw(line, place, y, width, clock))
        before_ns = line.at_ns
        y += _LINE
    height = y + 10
    heads = "".join(
        f'<line class="q-life" x1="{x}" y1="{_HEAD - 8}" x2="{x}" y2="{height - 6}"/>'
        f'<rect class="q-head" x="{x - 60}" y="12" width="120" height="32" rx="7"/>'
        f'<text class="q-name" x="{x}" y="33" text-anchor="middle">{escape(node(name))}</text>'
        for name, x in place.items()
    )
    title = gettext(
        "Sequence diagram around the fault {fault}: {number} lines between {nodes}.",
        fault=fault.about,
        number=len(lines),
        nodes=", ".join(lanes) or gettext("no nodes"),
    )
    return (
        f'<svg class="sequence" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        f' aria-label="{escape(title, quote=True)}">{heads}{"".join(parts)}</svg>'
    )


def _draw(line: Line, place: dict[str, int], y: int, width: int, clock: Clock) -> str:
    text = line.text + (f" \u00d7{line.count}" if line.count > 1 else "")
    when = f'<text class="q-time" x="{_LEFT - 20}" y="{y + 4}" text-anchor="end">{clock.told(line.at_ns)}</text>'
    tip = f"<title>{escape(f'{line.because}' if line.because else text)}</title>"
    if line.kind == "fault":
        body = (
            f'<rect class="q-fault" x="{_LEFT - 12}" y="{y - 12}" width="{width - _LEFT + 4}" height="24" rx="4"/>'
            f'<text class="q-faulttext" x="{_LEFT}" y="{y + 4}">⚡ {escape(_cut(text, (width - _LEFT) // 7))}</text>'
        )
    elif line.kind == "arrow" and line.node in place and line.to in place:
        x1, x2 = place[line.node], place[line.to]
        way = 1 if x2 > x1 else -1
        tip_x = x2 - way * 3 if not line.lost else (x1 + x2) // 2
        end = (
            f'<path class="q-cross" d="M{tip_x - 5} {y - 5}l10 10m0 -10l-10 10"/>'
            if line.lost
            else f'<path class="q-tip" d="M{tip_x} {y}l{-way * 9} -4.5v9z"/>'
        )
        label = _cut(text, max(15, abs(x2 - x1) // 6))
        body = (
            f'<line class="q-arrow{" q-lost" if line.lost else ""}" x1="{x1}" y1="{y}" x2="{tip_x}" y2="{y}"/>{end}'
            f'<text class="q-label" x="{(x1 + x2) // 2}" y="{y - 5}" text-anchor="middle">{escape(label)}</text>'
        )
    else:
        label = _cut(text, NOTE_MAX)  # nothing else is on its line: it may be wider than its lane
        half = max(30, int(len(label) * 3.25) + 8)
        x = min(max(place.get(line.node, _LEFT), _LEFT - 10 + half), width - 4 - half)
        body = (
            f'<rect class="q-note" x="{x - half}" y="{y - 10}" width="{2 * half}" height="20" rx="10"/>'
            f'<text class="q-label" x="{x}" y="{y + 4}" text-anchor="middle">{escape(label)}</text>'
        )
    if line.seq is not None:
        return f'<a href="#r{line.seq}">{tip}{when}{body}</a>'
    return f"<g>{tip}{when}{body}</g>"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
