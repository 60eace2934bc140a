"""The harness itself survived the run.

This module decides that a run in which a switch, the controller or a process of ours died unasked, or which never came
to its end, is unknown: its history may show the harness's failure and not the protocol's.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.verdict import Detail, Finding, finding
from herzschlag.history.records import History
from herzschlag.scenarios.model import Scenario

NAME = "machinery"


def _check(history: History, scenario: Scenario) -> Finding:
    del scenario
    details = [
        Detail(name=str(r.get("what")), verdict="unknown", because=f"died: {r.get('because')}", evidence=(r.seq,))
        for r in history.of_kind("machinery")
    ]
    for kind, why in (("run", "began"), ("ready", "became ready"), ("end", "came to its end")):
        there = history.of_kind(kind)
        if there:
            details.append(Detail(name="run", verdict="holds", because=f"it {why}", evidence=(there[0].seq,)))
        else:
            details.append(Detail(name="run", verdict="unknown", because=f"it never {why}"))
    return finding(NAME, details, good="everything of ours lived to the end")


CHECKER = Checker(NAME, ("run", "ready", "end"), _check)
