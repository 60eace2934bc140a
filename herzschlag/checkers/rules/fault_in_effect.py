"""Every fault of the scenario was in effect.

This module decides what shows it: the pair of records with the instants at which the backend had it in force, and for
links cut at a switch or packet filter, counters of packets that met the cut; for bad lines, what happened on them,
which must be about what was asked for (`line_effect.py`). A cut that met no packet though packets flowed there proves
nothing: unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.line_effect import not_as_asked, not_on_course, told, told_of_lines
from herzschlag.checkers.segments import Stops
from herzschlag.checkers.truth import Span, Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.faults.line_quality import line_course
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "fault-in-effect"

LONG_ENOUGH_NS = 3 * SECOND
"""A cut shorter than this may meet no packet: heartbeats come each second."""


def _needs(scenario: Scenario) -> tuple[str, ...]:
    """What met a cut is counted when it is lifted, or at the end."""
    lab = scenario.cluster.topology()
    stays = any(
        step.for_s is None and any(isinstance(c, p.LinkCut) and c.at == "switch" for c in step.fault.primitives(lab))
        for step in scenario.plain_steps()
    )
    return ("fault", "counters") if stays else ("fault",)


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    spans = {span.id: span for span in truth.spans}
    details = []
    for step in scenario.plain_steps():
        span = spans.get(step.id)
        if span is None:
            why = f"{step.fault.describe()} never took effect"
            details.append(Detail(name=step.id, verdict="unknown", because=why))
        elif step.for_s is not None and span.end_ns > history.end_ns:
            why = f"{step.fault.describe()} was never undone"
            details.append(Detail(name=step.id, verdict="unknown", because=why, evidence=(span.begin.seq,)))
        else:
            details.append(_bitten(step.id, span, truth))
    good = f"{counted(sum(detail.verdict == 'holds' for detail in details), 'fault')} in effect"
    return finding(NAME, details, good=good, nothing="there are no faults")


def _bitten(name: str, span: Span, truth: Truth) -> Detail:
    history = truth.history
    counted = [c for c in span.primitives if isinstance(c, p.LinkCut)]
    length_ns = min(span.end_ns, history.end_ns) - span.begin_ns
    bad = [c for c in span.primitives if isinstance(c, p.Impaired)]
    if bad and length_ns >= LONG_ENOUGH_NS and (counted_lines := _on_lines(span, history)) is not None:
        line, record = counted_lines
        course = line_course(bad[:1])
        steady = course.flap is None and len(course.stages) == 1
        if _shared(span, bad, truth):
            also = f"{line['sent']} packets met the bad lines; other faults lay on them too, so shares are not compared"
            return Detail(name=name, verdict="holds", because=also, evidence=(span.begin.seq, record.seq))
        if not steady and not _sends_throughout(span, bad, truth):
            also = (
                f"{line['sent']} packets met the bad lines; no host sent there all the time, so shares are not compared"
            )
            return Detail(name=name, verdict="holds", because=also, evidence=(span.begin.seq, record.seq))
        if not line.get("sent") and not _should_have_met(span, bad, truth):
            told_so = "no packet met the bad lines, and by the model none had to: nothing flowed there"
            return Detail(name=name, verdict="nothing", because=told_so, evidence=(span.begin.seq, record.seq))
        if steady:
            why = not_as_asked(line, course.stages[0].quality)
        else:
            why = not_on_course(line, course, length_ns, len(truth.lab.moids))
        verdict: Verdict = "unknown" if why else "holds"
        return Detail(name=name, verdict=verdict, because=why or told(line), evidence=(span.begin.seq, record.seq))
    if not counted or not any(c.at == "switch" for c in counted) or length_ns < LONG_ENOUGH_NS:
        return Detail(name=name, verdict="holds", because="in force", evidence=(span.begin.seq,))
    shown = _counted(span, history)
    evidence = (span.begin.seq, *(record.seq for record in shown))
    if not shown:
        why = "nobody counted the packets that met the cut"
        return Detail(name=name, verdict="unknown", because=why, evidence=evidence)
    dropped = sum(int(record.fields["dropped"]) for record in shown)
    if not dropped:
        sender = _should_have_met(span, counted, truth)
        if not sender:
            why = "no packet met the cut, and by the model none had to: nothing flowed there"
            return Detail(name=name, verdict="nothing", because=why, evidence=evidence)
        why = f"no packet met the cut, though {sender}"
        return Detail(name=name, verdict="unknown", because=why, evidence=evidence)
    return Detail(name=name, verdict="holds", because=f"{dropped} packets met the cut", evidence=evidence)


def _should_have_met(span: Span, links: Sequence[p.LinkCut | p.Impaired], truth: Truth) -> str:
    """A link of the fault on which, by roles and faults, packets came to the switch for long enough, in words; else
    nothing. Slaves say nothing to each other, and hardly a packet is for the gateway (fact sheet 2, 6)."""
    beyond = [other for other in truth.spans if other.id != span.id]
    for cut in links:
        if (isinstance(cut, p.LinkCut) and cut.at != "switch") or {cut.src, cut.dst} - set(truth.lab.moids):
            continue
        if cut.network not in truth.networks:
            continue
        since_ns = span.begin_ns + SECOND
        for at_ns in range(since_ns, min(span.end_ns, truth.end_ns) - SECOND, SECOND):
            segment = truth.segment_at(at_ns)
            sends = truth.speaks(cut.src, cut.dst, at_ns) and truth.agent_works(cut.src, segment)
            others = p.combined(other.primitives for other in beyond if other.begin_ns <= at_ns < other.end_ns)
            if not sends or not Stops(others).passes(cut.network, cut.src, cut.dst, "8182"):
                since_ns = at_ns
            elif at_ns - since_ns >= LONG_ENOUGH_NS:
                role = truth.role(cut.src, at_ns)
                return f"{cut.src}, {role}, sent to {cut.dst} on network {cut.network} until {at_ns / SECOND:.0f} s"
    return ""


def _sends_throughout(span: Span, links: Sequence[p.Impaired], truth: Truth) -> bool:
    """Whether the agent of some host that sends on these lines worked from the begin of the fault to its end. Else what
    came may have come in one phase of a line that changes."""
    hosts = {link.src for link in links} & set(truth.lab.moids)
    during = list(truth.between(span.begin_ns, min(span.end_ns, truth.end_ns) - 1))
    return not hosts or any(all(truth.agent_works(host, segment) for segment in during) for host in hosts)


def _shared(span: Span, links: Sequence[p.Impaired], truth: Truth) -> bool:
    """Whether another fault was in force meanwhile that stops or changes packets of these links."""
    own = {(link.network, link.src, link.dst) for link in links}
    for other in truth.spans:
        if other.id == span.id or other.begin_ns >= span.end_ns or span.begin_ns >= other.end_ns:
            continue
        conditions = p.combined([other.primitives])
        stops = Stops(conditions)
        bad = {(c.network, c.src, c.dst) for c in conditions if isinstance(c, p.Impaired)}
        if own & bad or any(not stops.passes(*link, what) for link in own for what in ("8182", "icmp")):
            return True
    return False


def _counted(span: Span, history: History) -> list[Record]:
    """Where the packets that met this cut were counted: at the end of the run, or when it was lifted."""
    for found in (history.where("counters", id=span.id), history.where("fault", id=span.id, phase="end")):
        if counted := [record for record in found if record.get("dropped") is not None]:
            return counted
    return []


def _on_lines(span: Span, history: History) -> tuple[dict[str, int], Record] | None:
    """What happened on the lines of this fault, and the record that says so; None where the kernel made them bad."""
    return next(((line, record) for record, line in told_of_lines(history) if record.get("id") == span.id), None)


CHECKER = Checker(NAME, _needs, _check)
