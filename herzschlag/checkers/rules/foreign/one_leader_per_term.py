"""In each numbered term at most one host leads, at any time and whatever is broken: what Raft promises.

Source: Ongaro, Consensus: Bridging Theory and Practice, section 3.4 (Election Safety).
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.history.records import History, Record
from herzschlag.scenarios.model import Scenario

NAME = "one-leader-per-term"


def _check(history: History, scenario: Scenario) -> Finding:
    system = scenario.cluster.foreign()
    if system is None or not system.has_terms:
        return finding(NAME, (), good="", nothing="there are no terms")
    led: dict[int, list[Record]] = {}
    for record in history.of_kind("term"):
        led.setdefault(int(record.fields["term"]), []).append(record)
    if not led:
        return unknown(NAME, "no host ever said that it leads a term")
    details = []
    for term, records in sorted(led.items()):
        hosts = sorted({record.node for record in records})
        details.append(
            Detail(
                name=f"term {term}",
                verdict="holds" if len(hosts) == 1 else "violated",
                because=f"led by {' and by '.join(hosts)}",
                evidence=tuple(record.seq for record in records),
            )
        )
    return finding(NAME, details, good=f"{counted(len(details), 'term')}, one leader each")


CHECKER = Checker(NAME, ("ready",), _check)
