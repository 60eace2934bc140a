"""Words of a picture: layers, roles, states, times, in the language that is asked for.

This module decides what a sign is called; it leaves other languages to whoever hands in `say`.
"""

from __future__ import annotations

from collections.abc import Callable

from herzschlag.history.clock import told_s
from herzschlag.pictures.layers import Layer

Say = Callable[[str], str]
"""A text in the wanted language."""


def layer(name: Layer, say: Say) -> str:
    return {
        Layer.VMS: say("virtual machines"),
        Layer.BELIEFS: say("what a master takes a host for"),
        Layer.HEARTBEATS: say("datastore heartbeats"),
        Layer.LOCKS: say("locks"),
        Layer.HEARTS: say("heartbeats"),
        Layer.ELECTION: say("election offers"),
        Layer.PINGS: say("pings"),
        Layer.REPORTS: say("reports to vCenter"),
        Layer.ORDERS: say("restart orders and their results"),
        Layer.CLOCK: say("clock"),
        Layer.LEGEND: say("legend"),
    }[name]


def role(name: str, say: Say) -> str:
    known = {
        "master": say("master"),
        "slave": say("slave"),
        "election": say("in election"),
        "isolated": say("isolated"),
        "off": say("no power"),
        "frozen": say("frozen"),
        "agent-down": say("agent dead"),
        "uninitialized": say("starting"),
    }
    return known.get(name, name)


def link(how: str, say: Say) -> str:
    known = {
        "cut": say("cut"),
        "down": say("port down"),
        "out": say("no way out"),
        "in": say("no way in"),
        "part": say("cut to some"),
        "off": say("no power"),
        "ok": say("carries"),
    }
    return known.get(how, how)


def vm(state: str, say: Say) -> str:
    known = {"on": say("runs"), "starting": say("starts"), "stopping": say("stops")}
    return known.get(state, state)


def belief(state: str, say: Say) -> str:
    known = {
        "hostDown": say("failed"),
        "networkIsolated": say("isolated"),
        "networkPartitionedFromMaster": say("partitioned"),
        "fdmUnreachable": say("agent unreachable"),
        "election": say("in election"),
        "uninitialized": say("not in the cluster"),
    }
    return known.get(state, state)


def packet(kind: str, lost: bool, say: Say) -> str:
    if lost:
        return {
            "Heartbeat": say("heartbeat, lost"),
            "Ping": say("ping to the isolation address, lost"),
            "HostPing": say("ping to a host, lost"),
            "Pong": say("answer to a ping, lost"),
            "Election": say("election offer, lost"),
            "RestartOrder": say("restart order, lost"),
            "RestartResult": say("result of a restart, lost"),
        }.get(kind, say("report to vCenter, lost"))
    return {
        "Heartbeat": say("heartbeat"),
        "Ping": say("ping to the isolation address"),
        "HostPing": say("ping to a host"),
        "Pong": say("answer to a ping"),
        "Election": say("election offer"),
        "RestartOrder": say("restart order"),
        "RestartResult": say("result of a restart"),
    }.get(kind, say("report to vCenter"))


def clock(seconds: float, say: Say) -> str:
    """`T+45.2 s`, with the language's decimal sign."""
    return say("{clock} s").format(clock=decimal(told_s(seconds, 1), say))


def decimal(number: str, say: Say) -> str:
    # The decimal sign of numbers, as in 0.5.
    return number.replace(".", say("."))


def edge(trouble: str, say: Say) -> str:
    """What is wrong with the gateway, or vCenter."""
    known = {"silent": say("answers no ping"), "off": say("no power"), "down": say("down")}
    return known.get(trouble, trouble)
