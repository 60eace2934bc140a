"""The figures on the time axis in their order; the last is what each observer believes, beside what is so.

This module decides how opinions are drawn against the truth. It leaves the other figures and the means of drawing to
`lanes.py`, the comparison itself to `belief.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from herzschlag.history.words import STATES
from herzschlag.languages import ENGLISH, N_, current, gettext
from herzschlag.report.belief import WELL, Judged, facts, judge, observers
from herzschlag.report.lanes import Figure, Painter, Row, hosts_figure, network_figure, shown_hosts, storage_figure
from herzschlag.report.model import Model, Stretch
from herzschlag.topo.spec import VCENTER

SUBJECTS_MAX = 8
"""Up to this many hosts an observer's strip has a row for each."""


def belief_figure(model: Model) -> Figure:
    """The truth about each host; below, a strip per observer."""
    hosts, notes = shown_hosts(model)
    rows: list[Row] = []
    paint = Painter(model)
    for host in hosts:
        for so in facts(model, host, VCENTER):
            stretch = Stretch(so.begin_ns, so.end_ns, so.so)
            tone = "so-well" if stretch.state in WELL else "so-ill"
            name = N_("so: well") if tone == "so-well" else N_("so: not well")
            paint.bar(len(rows), stretch, tone, name, text=gettext(stretch.state))
        rows.append(Row(gettext("{host}: so", host=host), "truth", 1.0))
    for observer in observers(model):
        judged = judge(model, observer)
        subjects = hosts if len(model.hosts) <= SUBJECTS_MAX else ()
        strip = len(rows)
        rows.append(Row(gettext("{observer} believes", observer=observer), observer, 1.1))
        for stretch in _worst_of(judged):
            paint.bar(strip, stretch, f"belief-{stretch.state}", stretch.state, text=stretch.who, hover=stretch.who)
        for host in subjects:
            mine = [j for j in judged if j.host == host]
            for j in mine:
                said = gettext(
                    "{observer} believes {host} is {believed}; it is: {so}",
                    observer=observer,
                    host=host,
                    believed=_told(j.believed),
                    so=gettext(j.so),
                )
                stretch = Stretch(j.begin_ns, j.end_ns, j.judgement, j.seq)
                paint.bar(len(rows), stretch, f"belief-{j.judgement}", j.judgement, text=_told(j.believed), hover=said)
            if mine:
                rows.append(Row(gettext("of {host}", host=host), observer, 0.9))
    about = gettext(
        "Above, the true state of each host, from the faults in force. Below, each observer's opinion of the hosts: "
        "right, late (there was no time yet to know better), or wrong."
    )
    return Figure("belief", gettext("Belief against truth"), about, rows, paint.done(notes), notes)


def _told(state: str) -> str:
    """An opinion as records name it, so that it can be found among them; in another language as people say it."""
    return gettext(STATES[state]) if current() != ENGLISH and state in STATES else gettext(state)


def _worst_of(judged: Sequence[Judged]) -> list[Stretch]:
    """One observer's strip: at each moment the worst of its opinions, and about whom."""
    marks = sorted({j.begin_ns for j in judged} | {j.end_ns for j in judged})
    badness = {"right": 0, "late": 1, "wrong": 2}
    found: list[Stretch] = []
    for begin, end in pairwise(marks):
        here = [j for j in judged if j.begin_ns <= begin < j.end_ns]
        if not here:
            continue
        worst = max(here, key=lambda j: badness[j.judgement]).judgement
        about = [f"{j.host}: {_told(j.believed)}" for j in here if j.judgement == worst]
        text = (
            gettext("right about all") if worst == "right" else "; ".join(about[:3]) + (" …" if len(about) > 3 else "")
        )
        seq = next((j.seq for j in here if j.judgement == worst and worst != "right"), None)
        if found and (found[-1].state, found[-1].who) == (worst, text) and found[-1].end_ns == begin:
            found[-1] = msgspec.structs.replace(found[-1], end_ns=end)
        else:
            found.append(Stretch(begin, end, worst, seq, text))
    return found


def figures(model: Model) -> list[Figure]:
    return [hosts_figure(model), network_figure(model), storage_figure(model), belief_figure(model)]
