"""The speed for `--speed auto`: what was measured by `herzschlag bench fidelity`, or what a trial of 0.8 s says.

This module decides which of the two counts: a measurement of this machine as it is, unless the machine is busy now.
"""

from __future__ import annotations

from typing import NamedTuple

from herzschlag.fidelity import kept
from herzschlag.languages import gettext, ngettext
from herzschlag.running.machine_trial import keeps_up, reason, speed_for, try_machine


class Chosen(NamedTuple):
    speed: float
    because: str


def choose(labs: int) -> Chosen:
    """The speed for this many labs at once, and why. Takes 0.8 s."""
    trial = try_machine()
    measured = kept.read()
    speed = measured.speed_with(labs) if measured else None
    if measured is None or speed is None:
        return Chosen(speed_for(trial), reason(trial))
    if not keeps_up(trial, speed):
        slower = min(speed, speed_for(trial))
        return Chosen(slower, gettext("busy now: {why}", why=reason(trial)))
    because = gettext("it can handle {labs} then, measured on {date}", labs=labs_at_once(labs), date=measured.date)
    return Chosen(speed, because)


def labs_at_once(labs: int) -> str:
    return ngettext("{number} lab at once", "{number} labs at once", labs)
