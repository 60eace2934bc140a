"""What each agent knows at an instant, and what it does not: its belief beside the truth.

This module decides what is said of each host and of vCenter, from `report/belief.py` and the records of silent ways. An
opinion that is not right yet, because nothing could tell the observer, is not its mistake, and is marked as such.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from herzschlag.history.words import node
from herzschlag.languages import N_, gettext
from herzschlag.report.belief import facts, judge
from herzschlag.report.model import Model, Stretch
from herzschlag.topo.spec import VCENTER

Judged = Literal["right", "late", "wrong", ""]
MARKS = {"right": N_("that is true"), "late": N_("cannot know better yet"), "wrong": N_("that is not true")}
DARK = ("off", "frozen", "agent-down")
STATES = {
    "master": N_("master"),
    "slave": N_("slave"),
    "election": N_("in an election"),
    "isolated": N_("isolated"),
    "off": N_("no power"),
    "frozen": N_("frozen"),
    "agent-down": N_("its agent is dead"),
    "uninitialized": N_("is starting"),
}
OPINIONS = {
    "connectedToMaster": N_("connected"),
    "master": N_("master"),
    "hostDown": N_("failed"),
    "networkIsolated": N_("isolated"),
    "networkPartitionedFromMaster": N_("alive, but cut off"),
    "fdmUnreachable": N_("its agent cannot be reached"),
    "election": N_("in an election"),
    "uninitialized": N_("not in the cluster"),
}
SO = {
    "no power": N_("no power"),
    "frozen": N_("frozen"),
    "in maintenance": N_("in maintenance"),
    "agent dead, host up": N_("agent dead, host up"),
    "not yet in the cluster": N_("not yet in the cluster"),
    "a master": N_("is a master"),
    "in an election": N_("is in an election"),
    "a master, cut off": N_("is a master of its own, cut off"),
    "in an election, cut off": N_("is in an election, cut off"),
    "up, reaches its master": N_("up, reaches its master"),
    "up, cut off from everyone": N_("up, cut off from everyone"),
    "up, alone, reaches the gateway": N_("up, alone, reaches the gateway"),
    "up, cut off from its master": N_("up, cut off from its master"),
}
"""Truths of `report/belief.py`, as they read beside an opinion."""


class Line(msgspec.Struct, frozen=True):
    """One thing that an agent believes."""

    text: str
    truth: str = ""
    """How it really is, where that is worth a word."""
    judged: Judged = ""
    mark: str = ""


class Mind(msgspec.Struct, frozen=True):
    """One agent: a host's, or vCenter."""

    who: str
    name: str
    role: str
    """As the picture calls it, for colour and sign."""
    state: str
    """What it is, in a few words."""
    lines: tuple[Line, ...]
    not_known: str = ""


def minds(model: Model, at_ns: int) -> tuple[Mind, ...]:
    """One for each host, in the order of the lab, and vCenter's."""
    return (*(_host(model, host, at_ns) for host in model.hosts), _vcenter(model, at_ns))


def _host(model: Model, host: str, at_ns: int) -> Mind:
    role = model.role_at(host, at_ns)
    state = gettext(STATES.get(role, role))
    if role in DARK:
        return Mind(host, host, role, state, (), gettext("It knows nothing and does nothing."))
    if role == "master":
        opinions = _opinions(model, host, at_ns)
        return Mind(
            host, host, role, state, opinions, "" if opinions else gettext("It knows nothing of the other hosts.")
        )
    if role == "isolated":
        so = _truth(model, host, at_ns)
        return Mind(
            host,
            host,
            role,
            state,
            (Line(gettext("It takes itself for isolated."), so, "right", gettext(MARKS["right"])),),
            gettext("It knows nothing of the other hosts."),
        )
    if role == "election":
        return Mind(host, host, role, state, (), gettext("It looks for a master and does not know who leads."))
    if role == "slave":
        return Mind(
            host, host, role, state, (_of_master(model, host, at_ns),), gettext("It knows nothing of the other slaves.")
        )
    return Mind(host, host, role, state, ())


def _opinions(model: Model, observer: str, at_ns: int) -> tuple[Line, ...]:
    found = {one.host: one for one in judge(model, observer) if one.begin_ns <= at_ns < one.end_ns}
    watched = {
        host: model.seconds(stretch.begin_ns)
        for (who, host), stretches in _watches(model).items()
        if who == observer and (stretch := _at(stretches, at_ns)) is not None
    }
    lines = []
    for host in model.hosts:
        one = found.get(host)
        if host == observer or one is None:
            continue
        text = gettext("{host}: {state}", host=host, state=gettext(OPINIONS.get(one.believed, one.believed)))
        if host in watched and one.believed == "connectedToMaster":
            text += ", " + gettext("but silent for some seconds")
        lines.append(Line(text, gettext(SO.get(one.so, one.so)), _judged(one.judgement), gettext(MARKS[one.judgement])))
    return tuple(lines)


def _watches(model: Model) -> dict[tuple[str, str], list[Stretch]]:
    """Per (observer, host): stretches of doubt, from the first missing heartbeats until it is heard again."""
    found: dict[tuple[str, str], list[Stretch]] = {}
    for record in model.history.of_kind("liveness"):
        key = (record.node, str(record.get("host")))
        stretches = found.setdefault(key, [])
        if stretches and stretches[-1].end_ns > record.at_ns:
            stretches[-1] = msgspec.structs.replace(stretches[-1], end_ns=record.at_ns)
        if record.get("phase") != "heard":
            stretches.append(Stretch(record.at_ns, model.end_ns + 1, str(record.get("phase"))))
    return found


def _of_master(model: Model, host: str, at_ns: int) -> Line:
    """What a slave knows of its master."""
    took = [r for r in model.history.of_kind("role", node=host) if r.at_ns <= at_ns and r.get("to") == "slave"]
    master = str(took[-1].get("master") or "") if took else ""
    if not master:
        return Line(gettext("It follows a master."))
    doubts = _at(_watches(model).get((host, master), []), at_ns)
    silent = [net for net in model.lab.networks if _at(model.silences.get((host, master, net), ()), at_ns) is not None]
    so = _truth(model, master, at_ns)
    if doubts is not None or len(silent) == len(model.lab.networks):
        text = gettext("It follows {master}, but has not heard it for some seconds.", master=master)
        return Line(text, gettext("{host}: {state}", host=master, state=so), "late", gettext(MARKS["late"]))
    if silent:
        text = gettext("It follows {master}, and hears it on one network only.", master=master)
        return Line(text)
    dark = model.role_at(master, at_ns) in DARK
    text = gettext("It follows {master} and hears it on both networks.", master=master)
    if not dark:
        return Line(text, "", "right", gettext(MARKS["right"]))
    return Line(
        gettext("It follows {master}.", master=master),
        gettext("{host}: {state}", host=master, state=so),
        "late",
        gettext(MARKS["late"]),
    )


def _vcenter(model: Model, at_ns: int) -> Mind:
    lines = _opinions(model, VCENTER, at_ns)
    told = [r for r in model.history.of_kind("vcenter") if r.at_ns <= at_ns]
    master = str(told[-1].get("master") or "") if told else ""
    state = gettext("hears the master {master}", master=master) if master else gettext("hears no master")
    return Mind(VCENTER, node(VCENTER), "vcenter", state, lines)


def _truth(model: Model, host: str, at_ns: int) -> str:
    so = next((f.so for f in facts(model, host, VCENTER) if f.begin_ns <= at_ns < f.end_ns), "")
    return gettext(SO.get(so, so)) if so else ""


def _at(stretches: list[Stretch] | tuple[Stretch, ...], at_ns: int) -> Stretch | None:
    return next((s for s in stretches if s.begin_ns <= at_ns < s.end_ns), None)


def _judged(judgement: str) -> Judged:
    return "right" if judgement == "right" else "late" if judgement == "late" else "wrong"
