"""Words of a picture: layers, roles, states, times, in the language that is asked for.

This module decides what a sign is called in English; other languages have it in their catalogues.
"""

from __future__ import annotations

from herzschlag.history.clock import told_s
from herzschlag.languages import gettext
from herzschlag.languages.numbers import point
from herzschlag.pictures.again import DIFFERS
from herzschlag.pictures.layers import Layer
from herzschlag.report.traffic import NO_CAPTURE


def layer(name: Layer) -> str:
    return {
        Layer.VMS: gettext("virtual machines"),
        Layer.BELIEFS: gettext("what a master takes a host for"),
        Layer.HEARTBEATS: gettext("datastore heartbeats"),
        Layer.LOCKS: gettext("locks"),
        Layer.HEARTS: gettext("heartbeats"),
        Layer.ELECTION: gettext("election offers"),
        Layer.PINGS: gettext("pings"),
        Layer.REPORTS: gettext("reports to vCenter"),
        Layer.ORDERS: gettext("restart orders and their results"),
        Layer.CLOCK: gettext("clock"),
        Layer.LEGEND: gettext("legend"),
    }[name]


def role(name: str) -> str:
    known = {
        "master": gettext("master"),
        "slave": gettext("slave"),
        "election": gettext("in election"),
        "isolated": gettext("isolated"),
        "off": gettext("no power"),
        "frozen": gettext("frozen"),
        "agent-down": gettext("agent dead"),
        "uninitialized": gettext("starting"),
    }
    return known.get(name, name)


def link(how: str) -> str:
    known = {
        "cut": gettext("cut"),
        "down": gettext("port down"),
        "out": gettext("no way out"),
        "in": gettext("no way in"),
        "part": gettext("cut to some"),
        "off": gettext("no power"),
        "ok": gettext("carries"),
    }
    return known.get(how, how)


def vm(name: str, state: str) -> str:
    """`vm-98-1 runs`; for a state without a word, the name alone."""
    match state:
        case "on":
            return gettext("{vm} runs", vm=name)
        case "starting":
            return gettext("{vm} starts", vm=name)
        case "stopping":
            return gettext("{vm} stops", vm=name)
    return name


def belief(state: str) -> str:
    known = {
        "hostDown": gettext("host failed"),
        "networkIsolated": gettext("isolated"),
        "networkPartitionedFromMaster": gettext("partitioned"),
        "fdmUnreachable": gettext("agent unreachable"),
        "election": gettext("in election"),
        "uninitialized": gettext("not in the cluster"),
    }
    return known.get(state, state)


def packet(kind: str, lost: bool) -> str:
    if lost:
        return {
            "Heartbeat": gettext("heartbeat, lost"),
            "Ping": gettext("ping to the isolation address, lost"),
            "HostPing": gettext("ping to a host, lost"),
            "Pong": gettext("answer to a ping, lost"),
            "Election": gettext("election offer, lost"),
            "RestartOrder": gettext("restart order, lost"),
            "RestartResult": gettext("result of a restart, lost"),
        }.get(kind, gettext("report to vCenter, lost"))
    return {
        "Heartbeat": gettext("heartbeat"),
        "Ping": gettext("ping to the isolation address"),
        "HostPing": gettext("ping to a host"),
        "Pong": gettext("answer to a ping"),
        "Election": gettext("election offer"),
        "RestartOrder": gettext("restart order"),
        "RestartResult": gettext("result of a restart"),
    }.get(kind, gettext("report to vCenter"))


def clock(seconds: float) -> str:
    """`T+45.2 s`, with the language's decimal sign."""
    return f"{point(told_s(seconds, 1))} s"


def edge(trouble: str) -> str:
    """What is wrong with the gateway, or vCenter."""
    known = {"silent": gettext("answers no ping"), "off": gettext("no power"), "down": gettext("down")}
    return known.get(trouble, trouble)


def missing(reason: str) -> str:
    """Why a picture has no packets; what went wrong with a capture stays as it is."""
    known = {
        NO_CAPTURE: gettext("this run has no packet capture"),
        DIFFERS: gettext("the run was played by hand, or by another version"),
    }
    return known.get(reason, reason)
