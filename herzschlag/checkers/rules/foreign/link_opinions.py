"""Each end's opinion of a link, against the truth, per network and direction: what BFD promises.

This module decides that an end may call a link up only while both hosts work and packets pass both ways, and must when
they have for as long as the system needs to settle. After a link that was up is cut, an end that hears nothing any more
must have noticed within the detection time, counted from the last packet that it can have been given, and not before.
An end that still hears the other learns a little later that it is not heard itself. While lines are bad nothing
is judged, and a host that is frozen, off, or whose programs are dead has no opinion. Source: RFC 5880, 6.8.1, 6.8.3,
6.8.4.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.pace import TOLERANCE_S, begun_ns
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario
from herzschlag.systems.filling import detection_s
from herzschlag.systems.model import System

NAME = "link-opinions"


class _End(NamedTuple):
    """One end of a link on one network."""

    host: str
    peer: str
    network: str


class _Stretch(NamedTuple):
    """A time in which nothing changed for an end."""

    begin_ns: int
    end_ns: int
    works: bool
    """Its own host does."""
    hears: bool
    heard: bool
    judged: bool
    """Lines are as they should be, and no fault is being undone, in which packets pass already."""
    killed: frozenset[p.AnyCondition]
    """Programs that were, though they may have been started again at once."""

    @property
    def up(self) -> bool:
        return self.works and self.hears and self.heard

    @property
    def lacks(self) -> str:
        """What an end that works and is not up lacks."""
        return "is not heard" if self.hears else "hears nothing"


def _check(history: History, scenario: Scenario) -> Finding:
    system = scenario.cluster.foreign()
    if system is None or not system.has_links:
        return finding(NAME, (), good="", nothing="no host has an opinion of a link")
    if not history.of_kind("link"):
        return unknown(NAME, "no host ever said what it thinks of a link")
    truth = Truth.of(history, scenario)
    (ready,) = history.of_kind("ready")[:1]
    hosts = truth.lab.moids
    ends = [_End(a, b, network) for network in truth.lab.networks for a in hosts for b in hosts if a != b]
    details = [_Judge(end, system, truth, ready.at_ns).detail() for end in ends]
    return finding(NAME, details, good=f"{counted(len(details), 'end')} of links, each as it was")


class _Judge:
    def __init__(self, end: _End, system: System, truth: Truth, ready_ns: int) -> None:
        self._end = end
        self._truth = truth
        self._ready_ns = ready_ns
        self._told = truth.history.where("link", node=end.host, peer=end.peer, network=end.network)
        self._settle_ns = round(system.settle_s * SECOND)
        interval_s, self._detection_s = detection_s(system)
        self._earliest_s = self._detection_s - interval_s - TOLERANCE_S
        links = system.links
        assert links is not None, "a system that tells links says when an end must have noticed"
        self._told_s = links.told_s
        self._undoing_ns = [(begun_ns(end), end.at_ns) for end in truth.history.where("fault", phase="end")]
        """From when to when faults are being undone: one ends when it is undone everywhere."""
        self._deaths_ns = [span.begin_ns for span in truth.spans if any(map(self._ends_a_life, span.primitives))]

    def detail(self) -> Detail:
        stretches = self._stretches()
        noticed = []
        for before, now in pairwise((None, *stretches)):
            assert now is not None
            if before is not None and before.judged and before.up and now.judged and now.works and not now.up:
                wrong, measured = self._noticed(now)
                noticed += [measured] if measured else []
            else:
                wrong = None
            if wrong := wrong or (self._settled(now, now is stretches[0]) if now.judged and now.works else None):
                return self._violated(*wrong)
        return Detail(name=self._name, verdict="holds", because="; ".join(noticed) or "as it was")

    def _ends_a_life(self, one: p.Primitive) -> bool:
        """Whether it ends the present life of the programs on the end's host."""
        match one:
            case p.PowerOff(node=host) | p.AgentDown(host=host):
                return host == self._end.host
        return False

    @property
    def _name(self) -> str:
        return f"{self._end.host} of {self._end.peer} on network {self._end.network}"

    def _violated(self, because: str, record: Record | None) -> Detail:
        evidence = () if record is None else (record.seq,)
        return Detail(name=self._name, verdict="violated", because=because, evidence=evidence)

    def _noticed(self, now: _Stretch) -> tuple[tuple[str, Record | None] | None, str]:
        """What is wrong with when the end of a link that was up noticed that it is not; and when it did."""
        if self._opinion(now.begin_ns)[0] != "up":
            return None, ""
        most_s = self._detection_s + (0 if not now.hears else self._told_s)
        left = next((r for r in self._told if r.at_ns > now.begin_ns and r.get("to") == "down"), None)
        after_s = None if left is None or left.at_ns >= now.end_ns else (left.at_ns - now.begin_ns) / SECOND
        since = f"though it {now.lacks} since {self._truth.told(now.begin_ns)}"
        if after_s is None:
            late = (now.end_ns - now.begin_ns) / SECOND > most_s + TOLERANCE_S
            return (f"never called down, {since}; {most_s:g} s are allowed", left) if late else None, ""
        if after_s > most_s + TOLERANCE_S:
            return (f"called down after {after_s:.2f} s, {since}; {most_s:g} s are allowed", left), ""
        if after_s < self._earliest_s:
            return (f"called down after {after_s:.2f} s, {since}: too early for {self._detection_s:g} s", left), ""
        return None, f"noticed after {after_s:.2f} s that it {now.lacks}"

    def _settled(self, now: _Stretch, first: bool) -> tuple[str, Record | None] | None:
        """What is wrong at the beginning of what is left of the stretch, at a change in it, or at its end."""
        from_ns = self._ready_ns if first else now.begin_ns + self._settle_ns
        if from_ns >= now.end_ns:
            return None
        changes = [record.at_ns for record in self._told if from_ns < record.at_ns < now.end_ns]
        right = "up" if now.up else "down"
        for at_ns in (from_ns, *changes, now.end_ns - 1):
            opinion, record = self._opinion(at_ns)
            if opinion != right:
                in_truth = "packets pass both ways" if now.up else f"it {now.lacks}"
                return f"{opinion} at {self._truth.told(at_ns)}, and {in_truth}", record
        return None

    def _opinion(self, at_ns: int) -> tuple[str, Record | None]:
        """What it said last in its present life; a life begins with every link down."""
        born_ns = max((ns for ns in self._deaths_ns if ns <= at_ns), default=-1)
        said = [record for record in self._told if born_ns < record.at_ns <= at_ns]
        return (str(said[-1].fields["to"]), said[-1]) if said else ("down", None)

    def _stretches(self) -> list[_Stretch]:
        found: list[_Stretch] = []
        for segment in self._truth.segments:
            one = self._stretch(segment)
            if found and found[-1][2:] == one[2:]:
                one = one._replace(begin_ns=found.pop().begin_ns)
            found.append(one)
        return found

    def _stretch(self, segment: Segment) -> _Stretch:
        host, peer, network = self._end
        truth = self._truth
        works = truth.agent_runs(host, segment)
        return _Stretch(
            segment.begin_ns,
            segment.end_ns,
            works,
            truth.agent_runs(peer, segment) and truth.passes(network, peer, host, segment, "8182"),
            works and truth.passes(network, host, peer, segment, "8182"),
            not truth.impaired(segment)
            and not any(begin <= segment.begin_ns and segment.end_ns <= end for begin, end in self._undoing_ns),
            frozenset(c for c in segment.conditions if isinstance(c, p.AgentDown) and c.host in (host, peer)),
        )


CHECKER = Checker(NAME, ("ready",), _check)
