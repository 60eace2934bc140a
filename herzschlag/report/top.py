"""The top of a report: what ran, when, its verdict in a line, the command that repeats it, the way to its neighbours.

This module decides which facts of a run everyone wants. Links to other reports are put in when there is a summary
(`neighbours.py`), because a run does not know what runs beside it.
"""

from __future__ import annotations

import calendar
import time
from html import escape

from herzschlag.checkers.verdict import counted
from herzschlag.report import tables
from herzschlag.report.html import HEART
from herzschlag.report.model import Model
from herzschlag.report.neighbours import PLACE


def top(model: Model, title: str) -> str:
    file = model.run.file
    simulated = file.backend == "simulation"
    facts = {
        "": when(file.began),
        "Scenario": file.scenario,
        "On": "virtual time" if simulated else f"real packets, speed {file.speed:g}",
        "Seed": str(file.seed),
        "Cluster": f"{counted(len(model.hosts), 'host')}, {counted(len(model.vms), 'VM')}",
        "Length": f"{model.end_s - model.begin_s:.0f} s",
    }
    listed = "".join(
        f"<li>{f'{name} ' if name else ''}<b>{escape(value)}</b></li>" for name, value in facts.items() if value
    )
    remarks = "".join(f'<p class="note">{escape(remark)}</p>' for remark in model.run.remarks)
    about = model.run.scenario.about.strip()
    told = f"<details><summary>About this scenario</summary><p>{escape(about)}</p></details>" if about else ""
    return (
        f'<header class="top"><div class="brand">{HEART}<span>Herzschlag run report</span>{PLACE}'
        '<button type="button" id="theme" class="push">light / dark</button></div>'
        f"<h1>{escape(title)}</h1>"
        f'<div class="verdict">{tables.badge(file.verdict, large=True)}<p>{escape(_because(model))}</p></div>'
        f'<ul class="facts">{listed}</ul>{remarks}'
        f'<div class="repeat"><span class="dim">again</span><code id="repeat">{escape(file.repeat)}</code>'
        '<button type="button" id="copy" aria-label="Copy the command that repeats this run">copy</button></div>'
        f"{told}</header>"
    )


def _because(model: Model) -> str:
    """Where cards below say what does not hold, how many they are; else the reason."""
    file = model.run.file
    bad = [finding for finding in file.findings if not finding.fine]
    if bad:
        return f"{counted(len(bad), 'check')} of {len(file.findings)} {'does' if len(bad) == 1 else 'do'} not hold."
    return file.because


def when(began: str) -> str:
    """`28 November 2026, 10:15`, by the calendar of the machine that ran it."""
    try:
        at = time.strptime(began[:16], "%Y-%m-%dT%H:%M")
    except ValueError:  # a run of another version
        return ""
    return f"{at.tm_mday} {calendar.month_name[at.tm_mon]} {at.tm_year}, {at.tm_hour:02}:{at.tm_min:02}"
