"""No host is taken in by a way that takes no full packets: joining needs them (10 [KB-MTU], decision 5).

This module decides from the truth of links: shortly before a master calls a host connected, packets of full size
passed from the host to the master on some network. Heartbeats and pings are small, and prove nothing. A host that the
master took for lost and that followed it all the while, as one that was frozen, has not joined anew: what counts is
when it began to follow.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "full-joins"
LATELY_NS = 3 * SECOND
"""A join and its answer take less."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    moids = truth.lab.moids
    joined = [r for r in history.where("host-state", to="connectedToMaster") if r.node in moids]
    details = [_judge(record, truth) for record in joined if str(record.get("host")) in moids]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'host')} taken in, each by full packets",
        nothing="no host was taken in",
    )


def _judge(joined: Record, truth: Truth) -> Detail:
    host, master = str(joined.get("host")), joined.node
    at_ns = _since(joined, host, truth.history)
    lately = list(truth.between(max(0, at_ns - LATELY_NS), at_ns))
    wide = any(truth.passes(net, host, master, s, "join") for s in lately for net in truth.lab.networks)
    narrow = any(truth.passes(net, host, master, s, "8182") for s in lately for net in truth.lab.networks)
    verdict: Verdict = "violated" if narrow and not wide else "holds"
    why = f"{master} took it in at {truth.told(joined.at_ns)}"
    why += "" if verdict == "holds" else ", though no way between them took a full packet"
    return Detail(name=host, verdict=verdict, because=why, evidence=(joined.seq,))


def _since(joined: Record, host: str, history: History) -> int:
    """When it began to follow this master in this mastership of its; at the latest when it is called connected."""
    follows = history.last("role", joined.at_ns, node=host)
    leads = history.last("role", joined.at_ns, node=joined.node)
    if follows is None or leads is None or (follows.get("to"), follows.get("master")) != ("slave", joined.node):
        return joined.at_ns
    return follows.at_ns if leads.get("to") == "master" and leads.at_ns <= follows.at_ns else joined.at_ns


CHECKER = Checker(NAME, ("host-state", "role", "fault"), _check)
