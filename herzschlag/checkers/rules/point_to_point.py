"""Heartbeats go between a master and its slaves alone: slaves say nothing to each other (2 [DD-F]).

This module decides from what was sent, where the scenario has that counted: a host may send heartbeats to all when it
led at some time of the run, else to those that it followed. Elections have messages of their own.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.history.records import History, Record
from herzschlag.scenarios.model import Scenario

NAME = "point-to-point"
HEARTBEAT = "Heartbeat"


def _check(history: History, scenario: Scenario) -> Finding:
    hosts = frozenset(scenario.cluster.topology().moids)
    beats = [r for r in history.where("sent", packet=HEARTBEAT) if {r.get("sender"), r.get("receiver")} <= hosts]
    return finding(
        NAME,
        [_judge(record, history) for record in beats],
        good=f"heartbeats on {counted(len(beats), 'path')}, each from or to a master",
        nothing="nothing that was sent was counted",
    )


def _judge(beats: Record, history: History) -> Detail:
    sender, receiver = str(beats.get("sender")), str(beats.get("receiver"))
    led = history.where("role", node=sender, to="master")
    followed = history.where("role", node=sender, to="slave", master=receiver)
    verdict: Verdict = "holds" if led or followed else "violated"
    why = f"{sender} sent {beats.get('count')} heartbeats to {receiver} on network {beats.get('network')}"
    why += "" if verdict == "holds" else ", though it never led, and never followed that host"
    evidence = (beats.seq, *(r.seq for r in (*led, *followed)[:1]))
    return Detail(name=sender, verdict=verdict, because=why, evidence=evidence)


CHECKER = Checker(NAME, ("role", "sent"), _check)
