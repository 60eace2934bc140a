"""The right host leads: most datastores, then the highest MOID as text.

This module judges every election in which all hosts of a group took part undisturbed; a host that joined late, or met a
master, does not count. No election is won before its time is over (4 [YB-LOG]), whatever happens meanwhile. When
masters meet, as a partition heals, the same order says which of them is left. This module implements the order again,
on purpose the plain way, so that it checks the agents' own.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.pace import too_early
from herzschlag.checkers.rules.incumbent import OPENING_NS
from herzschlag.checkers.rules.one_master import settle_ns
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding, unknown
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "right-master"
NOTICED_NS = 25 * SECOND
"""A loss of access to a datastore is noticed after this time at the latest."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    wins = history.where("role", to="master")
    if not history.of_kind("role"):
        return unknown(NAME, "no host said anything of its role")
    goodness = scenario.cluster.node_goodness()
    details = [d for win in wins if (d := _judge(win, truth, scenario, goodness)) is not None]
    details += [d for win in wins if (d := _too_early(win, truth, scenario)) is not None]
    met = [d for segment in truth.segments for d in _meetings(segment, truth, scenario, goodness)]
    good = f"{len(details)} of {counted(len(wins), 'election')}, each won by the best candidate"
    if met:
        good += f"; {counted(len(met), 'time')} masters met and the best was left"
    return finding(NAME, [*details, *met], good=good, nothing="no election went undisturbed")


def _meetings(segment: Segment, truth: Truth, scenario: Scenario, goodness: dict[str, int]) -> list[Detail]:
    """Groups in which this stretch of time begins with several masters and lasts until one is left."""
    if truth.impaired(segment) or segment.end_ns - segment.begin_ns < settle_ns(scenario):
        return []
    details = []
    for group in truth.groups(segment):
        masters = _who_meet(group, segment, truth)
        left = [host for host in group if truth.role(host, segment.end_ns - 1) == "master"]
        if len(masters) < 2 or len(left) != 1 or not truth.clique(group, segment):
            continue
        best = max(masters, key=lambda host: (_value(host, truth, segment, goodness), host))
        if left[0] != best and _seemed_best(left[0], masters, segment, truth, goodness):
            continue
        because = f"{', '.join(sorted(masters))} met, and {left[0]} was left"
        role = truth.history.last("role", segment.end_ns - 1, node=left[0])
        evidence = (role.seq,) if role is not None else ()
        if left[0] != best:
            because += f" though {best} is better"
        verdict: Verdict = "holds" if left[0] == best else "violated"
        details.append(Detail(name=left[0], verdict=verdict, because=because, evidence=evidence))
    return details


def _seemed_best(left: str, masters: list[str], segment: Segment, truth: Truth, goodness: dict[str, int]) -> bool:
    """Whether the master that was left was the best by what each may have known of its datastores."""
    most = max(_known_values(left, segment, truth, goodness)), left
    others = [host for host in masters if host != left]
    return all((min(_known_values(host, segment, truth, goodness)), host) <= most for host in others)


def _known_values(host: str, segment: Segment, truth: Truth, goodness: dict[str, int]) -> set[int]:
    """What a host may be worth by its own knowledge: it notices a change of its access to datastores when it looks at
    them, and not while it stands still."""
    found = {_value(host, truth, segment, goodness)}
    moved_ns = 0
    for earlier in reversed([s for s in truth.segments if s.end_ns <= segment.begin_ns]):
        if moved_ns >= NOTICED_NS:
            break
        found.add(_value(host, truth, earlier, goodness))
        if p.Frozen(host) not in earlier.conditions:
            moved_ns += earlier.end_ns - earlier.begin_ns
    return found


def _who_meet(group: frozenset[str], segment: Segment, truth: Truth) -> list[str]:
    """Masters when the stretch began, and those whose election was as good as won; without a host that was isolated,
    or went into maintenance, before any other could hear it."""
    opening_ns = min(segment.begin_ns + OPENING_NS, segment.end_ns)
    masters = {host for host in group if truth.role(host, segment.begin_ns) == "master"}
    for change in truth.history.of_kind("role"):
        if change.node in group and segment.begin_ns < change.at_ns < opening_ns:
            if change.get("to") == "master":
                masters.add(change.node)
            elif change.get("to") in ("isolated", "uninitialized"):
                masters.discard(change.node)
    return sorted(masters)


def _judge(win: Record, truth: Truth, scenario: Scenario, goodness: dict[str, int]) -> Detail | None:
    timers = scenario.cluster.timers()
    segment = truth.segment_at(max(0, win.at_ns - 1))
    if win.at_ns - segment.begin_ns < timers.election_ns or truth.impaired(segment):
        return None  # a fault came or went during the election
    if truth.impaired(truth.segment_at(win.at_ns)):
        return None  # its clock leapt to the end of the election, at this very instant
    group = next((g for g in truth.groups(segment) if win.node in g), frozenset())
    if win.node not in group or not truth.clique(group, segment):
        return None  # frozen until then, it took no part; or not all of them could hear each other
    # A candidate offered itself for the greater part of the election; a host that starts one later is one as well.
    middle_ns = win.at_ns - timers.election_ns // 2
    candidates = [host for host in group if host == win.node or truth.role(host, middle_ns) == "election"]
    best = max(candidates, key=lambda host: (_value(host, truth, segment, goodness), host))
    evidence = (win.seq,)
    if best == win.node:
        return Detail(
            name=win.node, verdict="holds", because=f"best of {', '.join(sorted(candidates))}", evidence=evidence
        )
    return Detail(
        name=win.node,
        verdict="violated",
        because=f"became master at {truth.told(win.at_ns)} though {best} stood and is better"
        f" ({_value(best, truth, segment, goodness)} against {_value(win.node, truth, segment, goodness)}, then MOID)",
        evidence=evidence,
    )


def _too_early(win: Record, truth: Truth, scenario: Scenario) -> Detail | None:
    """A victory before the time of an election was over, by a clock that did not leap."""
    elections = truth.history.where("role", node=win.node, to="election")
    began = max((one for one in elections if one.seq < win.seq), key=lambda one: one.seq, default=None)
    lasts_ns = scenario.cluster.timers().election_ns
    if began is None or not too_early(truth, began.at_ns, win.at_ns, lasts_ns):
        return None
    why = f"became master after {(win.at_ns - began.at_ns) / SECOND:.1f} s; an election lasts {lasts_ns / SECOND:g} s"
    return Detail(name=win.node, verdict="violated", because=why, evidence=(began.seq, win.seq))


def _value(host: str, truth: Truth, segment: Segment, goodness: dict[str, int]) -> int:
    return truth.mounts(host, segment) + goodness.get(host, 0)


CHECKER = Checker(NAME, ("role", "fault"), _check)
