"""The top of a report: what ran, when, its verdict in a line, the command that repeats it, the way to its neighbours.

This module decides which facts of a run everyone wants. Links to other reports are put in when there is a summary
(`neighbours.py`), because a run does not know what runs beside it.
"""

from __future__ import annotations

import time
from html import escape

from herzschlag.languages import N_, gettext, ngettext, number
from herzschlag.languages.reasons import reason
from herzschlag.report import tables
from herzschlag.report.html import HEART
from herzschlag.report.model import Model
from herzschlag.report.neighbours import PLACE

MONTHS = (
    *(N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June")),
    *(N_("July"), N_("August"), N_("September"), N_("October"), N_("November"), N_("December")),
)


def top(model: Model, title: str) -> str:
    file = model.run.file
    simulated = file.backend == "simulation"
    facts = {
        "": when(file.began),
        gettext("Scenario"): file.scenario,
        gettext("On"): gettext("virtual time")
        if simulated
        else gettext("real packets, speed {speed}", speed=number(file.speed)),
        gettext("Seed"): str(file.seed),
        gettext("Cluster"): f"{ngettext('{number} host', '{number} hosts', len(model.hosts))}, "
        + ngettext("{number} VM", "{number} VMs", len(model.vms)),
        gettext("Length"): f"{model.end_s - model.begin_s:.0f} s",
    }
    listed = "".join(
        f"<li>{f'{name} ' if name else ''}<b>{escape(value)}</b></li>" for name, value in facts.items() if value
    )
    remarks = "".join(f'<p class="note">{escape(reason(remark))}</p>' for remark in model.run.remarks)
    about = gettext(model.run.scenario.about.strip())
    told = (
        f"<details><summary>{gettext('About this scenario')}</summary><p>{escape(about)}</p></details>" if about else ""
    )
    return (
        f'<header class="top"><div class="brand">{HEART}<span>{gettext("Herzschlag run report")}</span>{PLACE}'
        f'<button type="button" id="theme" class="push">{gettext("light / dark")}</button></div>'
        f"<h1>{escape(title)}</h1>"
        f'<div class="verdict">{tables.badge(file.verdict, large=True)}<p>{escape(_because(model))}</p></div>'
        f'<ul class="facts">{listed}</ul>{remarks}'
        f'<div class="repeat"><span class="dim">{gettext("again")}</span><code id="repeat">{escape(file.repeat)}</code>'
        f'<button type="button" id="copy" aria-label="{gettext("Copy the command that repeats this run")}">{gettext("copy")}</button></div>'
        f"{told}</header>"
    )


def _because(model: Model) -> str:
    """Where cards below say what does not hold, how many they are; else the reason."""
    file = model.run.file
    bad = [finding for finding in file.findings if not finding.fine]
    if bad:
        return ngettext(
            "{number} check of {all} does not hold.",
            "{number} checks of {all} do not hold.",
            len(bad),
            all=len(file.findings),
        )
    return reason(file.because)


def when(began: str) -> str:
    """`28 November 2026, 10:15`, by the calendar of the machine that ran it."""
    try:
        at = time.strptime(began[:16], "%Y-%m-%dT%H:%M")
    except ValueError:  # a run of another version
        return ""
    form = gettext("{day} {month} {year}, {clock}")
    clock = f"{at.tm_hour:02}:{at.tm_min:02}"
    return form.format(day=at.tm_mday, month=gettext(MONTHS[at.tm_mon - 1]), year=at.tm_year, clock=clock)
