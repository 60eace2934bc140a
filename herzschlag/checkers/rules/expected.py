"""The scenario's own expectations, apart from instants: never, states, order, counts.

This module decides each by the records. A moment that never came makes every expectation that counts from it unknown.
"""

from __future__ import annotations

import msgspec

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, finding
from herzschlag.history.clock import Clock
from herzschlag.history.records import SECOND, History
from herzschlag.history.words import STATES, clause, node, opinion, sentence
from herzschlag.scenarios.expectations import (
    NOWHERE,
    UNMOVED,
    Count,
    Expectation,
    Matcher,
    Never,
    Order,
    Seen,
    State,
    Window,
    kind_of_moment,
    kinds_named,
    matching,
    moment,
    show,
)
from herzschlag.scenarios.model import Scenario

NAME = "expectations"


def _needs(scenario: Scenario) -> tuple[str, ...]:
    """Kinds of record that it looks at."""
    matchers: list[Matcher] = []
    found: list[str] = []
    for _, item in scenario.expect.all():
        if isinstance(item, Window):
            found += [kind_of_moment(item.after), kind_of_moment(item.until)]
        if isinstance(item, Never | Count):
            matchers.append(item.record)
        elif isinstance(item, Order):
            matchers += item.records
        elif isinstance(item, State):
            told = (("role", item.roles), ("host-state", item.seen), ("vm", item.vms))
            found += [kind_of_moment(item.at), *(kind for kind, wanted in told if wanted)]
    if "role" in found:
        found.append("fault")  # Power is what a role depends on.
    return (*found, *kinds_named(matchers))


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    details: list[Detail] = []
    for key, item in scenario.expect.all():
        found = None
        if isinstance(item, Never | Count | Order):
            found = _in_window(key, item, history)
        elif isinstance(item, State):
            found = _state(item, history, truth)
        if found is not None:
            details.append(msgspec.structs.replace(found, key=key))
    return finding(NAME, details, good=f"all {len(details)} hold", nothing="nothing is expected beside instants")


def _name(key: str, item: Expectation) -> str:
    return str(getattr(item, "name", key))


def _in_window(key: str, item: Never | Count | Order, history: History) -> Detail:
    bounds = _bounds(item, history)
    if isinstance(bounds, str):
        return Detail(name=_name(key, item), verdict="unknown", because=bounds, source=item.source)
    verdict, because, evidence = _judge(item, history, *bounds)
    return Detail(name=item.name, verdict=verdict, because=because, evidence=evidence, source=item.source)


def _bounds(item: Window, history: History) -> tuple[int, int] | str:
    begin, end = moment(history, item.after), moment(history, item.until)
    if begin is None or end is None:
        return f"the moment {item.after if begin is None else item.until!r} never came"
    return begin.at_ns + round(item.after_s * SECOND), end.at_ns + round(item.until_s * SECOND)


def _judge(
    item: Never | Count | Order, history: History, from_ns: int, until_ns: int
) -> tuple[Verdict, str, tuple[int, ...]]:
    if isinstance(item, Never):
        found = matching(history, item.record, from_ns, until_ns)
        if not found:
            return "holds", f"no record {show(item.record)}", ()
        first, more = found[0], len(found) - 1
        others = f"; and {more} more" if more else ""
        return (
            "violated",
            f"it happened at {Clock.of(history).told(first.at_ns)}: {sentence(first)}{clause(first)}{others}",
            tuple(record.seq for record in found[:10]),
        )
    if isinstance(item, Count):
        return _count(item, history, from_ns, until_ns)
    at_ns = from_ns
    evidence: list[int] = []
    for matcher in item.records:
        later = matching(history, matcher, at_ns, until_ns)
        later = [record for record in later if not evidence or record.seq > evidence[-1]]
        if not later:
            after = f"after record {evidence[-1]}" if evidence else "in the window"
            return "violated", f"no record {show(matcher)} {after}", tuple(evidence)
        evidence.append(later[0].seq)
        at_ns = later[0].at_ns
    return "holds", "in order", tuple(evidence)


def _count(item: Count, history: History, from_ns: int, until_ns: int) -> tuple[Verdict, str, tuple[int, ...]]:
    found = matching(history, item.record, from_ns, until_ns)
    number = len({str(record.get(item.distinct)) for record in found}) if item.distinct else len(found)
    wanted = []
    good = True
    for word, bound, fits in (
        ("exactly", item.exactly, number == item.exactly),
        ("at least", item.at_least, item.at_least is None or number >= item.at_least),
        ("at most", item.at_most, item.at_most is None or number <= item.at_most),
    ):
        if bound is not None:
            wanted.append(f"{word} {bound}")
            good = good and fits
    what = f"different {item.distinct} in records" if item.distinct else "records"
    because = f"{number} {what} {show(item.record)}, {' and '.join(wanted)} expected"
    return ("holds" if good else "violated"), because, tuple(record.seq for record in found[:20])


def _state(item: State, history: History, truth: Truth) -> Detail:
    begin = moment(history, item.at)
    if begin is None:
        why = f"the moment {item.at!r} never came"
        return Detail(name=item.name, verdict="unknown", because=why, source=item.source)
    at_ns = begin.at_ns + round(item.at_s * SECOND)
    if at_ns > history.end_ns:
        why = f"the run ended before {item.at} + {item.at_s:g} s"
        return Detail(name=item.name, verdict="unknown", because=why, source=item.source)
    look = _Look(history, truth, at_ns)
    look.roles(item.roles)
    look.opinions(item.seen)
    look.places(item.vms)
    verdict: Verdict = "violated" if look.wrong else "unknown" if look.missing else "holds"
    because = "; ".join(look.wrong or look.missing) or "as expected"
    return Detail(name=item.name, verdict=verdict, because=because, evidence=tuple(look.evidence), source=item.source)


class _Look:
    """One look at everything at one moment, collecting what is wrong and what no record says."""

    def __init__(self, history: History, truth: Truth, at_ns: int) -> None:
        self._history = history
        self._truth = truth
        self._at_ns = at_ns
        self.wrong: list[str] = []
        self.missing: list[str] = []
        self.evidence: list[int] = []

    def roles(self, wanted: dict[str, str]) -> None:
        for host, role in wanted.items():
            last = self._history.last("role", self._at_ns, node=host)
            if last is None:
                self.missing.append(f"{host} never said what its role is")
                continue
            self.evidence.append(last.seq)
            found = self._truth.role(host, self._at_ns)
            if found != role:
                self.wrong.append(f"{host} is {found}, not {role}")

    def opinions(self, wanted: tuple[Seen, ...]) -> None:
        for seen in wanted:
            for host, state in seen.hosts.items():
                last = self._history.last("host-state", self._at_ns, node=seen.by, host=host)
                if last is None:
                    self.missing.append(f"{node(seen.by)} never said how it sees {host}")
                    continue
                self.evidence.append(last.seq)
                if last.get("to") != state:
                    self.wrong.append(f"{opinion(seen.by, host, str(last.get('to')))}, not {STATES.get(state, state)}")

    def places(self, wanted: dict[str, str | tuple[str, ...]]) -> None:
        if wanted and not self._history.of_kind("vm"):
            self.missing.append("no host ever said anything of a VM")
            return
        for vm, place in wanted.items():
            places = (place,) if isinstance(place, str) else place
            stays = self._truth.running_on(vm, self._at_ns)
            hosts = sorted({stay.host for stay in stays})
            self.evidence += [stay.begin for stay in stays]
            if UNMOVED in places:
                if list(stays) != list(self._truth.stays[vm][:1]):
                    self.wrong.append(f"{vm} runs {_where(hosts)}, and is not where it began without a break")
            elif hosts and (len(hosts) > 1 or hosts[0] not in places):
                self.wrong.append(f"{vm} runs {_where(hosts)}, not {' or '.join(places)}")
            elif not hosts and NOWHERE not in places:
                self.wrong.append(f"{vm} runs nowhere, not on {' or '.join(places)}")


def _where(hosts: list[str]) -> str:
    return f"on {' and '.join(hosts)}" if hosts else "nowhere"


CHECKER = Checker(NAME, _needs, _check)
