"""What a client was told is written is there when the run is over, on every host that can be asked.

This module decides that an acknowledged write that one host lacks is lost: the hosts were asked once the system had had
the time to settle, so a copy that only one side has will not come to the other any more. A write that was refused or
not answered may be there or not. Source: Kingsbury, Jepsen: Redis (2013).
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "acknowledged"


def _check(history: History, scenario: Scenario) -> Finding:
    system = scenario.cluster.foreign()
    if system is None or system.writes is None:
        return finding(NAME, (), good="", nothing="no client writes to it")
    last = Truth.of(history, scenario).segments[-1]
    if last.end_ns - last.begin_ns < system.settle_s * SECOND:
        nothing = f"the run ended before {system.name} had the {system.settle_s:g} s that it takes to settle"
        return finding(NAME, (), good="", nothing=nothing)
    told = history.where("write", to="acknowledged")
    if not told:
        return unknown(NAME, "no write was ever acknowledged")
    if not (found := history.of_kind("found")):
        return unknown(NAME, "no host could be asked what is there at the end")
    writers = sorted({record.node for record in told})
    details = [_judge([r for r in told if r.node == writer], found, writer) for writer in writers]
    hosts = counted(len({record.node for record in found}), "host")
    return finding(NAME, details, good=f"{counted(len(told), 'acknowledged write')}, all of them on {hosts} at the end")


def _judge(told: list[Record], found: list[Record], writer: str) -> Detail:
    missing: dict[str, list[Record]] = {}
    for record in found:
        if record.get("writer") == writer:
            there = set(record.fields["numbers"])
            if lacks := [one for one in told if one.fields["number"] not in there]:
                missing[record.node] = lacks
    name = f"writes of the client on {writer}"
    if not missing:
        return Detail(name=name, verdict="holds", because=f"{len(told)} acknowledged, all there")
    lost = sorted({one.seq for lacks in missing.values() for one in lacks})
    because = f"{len(lost)} of {len(told)} acknowledged are not there, asked of {', '.join(sorted(missing))}"
    return Detail(name=name, verdict="violated", because=because, evidence=(lost[0], lost[-1]))


CHECKER = Checker(NAME, ("ready",), _check)
