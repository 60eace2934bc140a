"""A trial of this machine: how late its timers are and how fast it computes, and the speed that follows. 0.8 s.

A lab at speed 10 has a tenth of the time for everything, so a slow machine must play slower, or its timers are too late
for a verdict. This module decides the speed for `--speed auto`; how late timers may be for a verdict is in
`checkers/pace.py`.
"""

from __future__ import annotations

import hmac
import math
import time

import msgspec

from herzschlag.checkers.pace import tolerance_s
from herzschlag.languages import gettext

AUTO = "auto"
"""The word for a speed that follows from the trial."""
SPEEDS = (10.0, 5.0, 2.0, 1.0)
"""What `auto` chooses from, the fastest first."""
NAP_S = 0.002
TIMERS_S = 0.7
ROUNDS = 3000
USUAL_WORK_S = 0.02
"""Processor time of ROUNDS on a server with two processors, where speed 10 leaves both mostly idle."""
WORK_MOST = {10.0: 4.0, 5.0: 8.0, 2.0: 30.0}
"""Speed to how much slower than usual the machine may compute. An emulated processor, some 15 times slower, holds at
speed 2 and not at 10 (docs/fidelity.md)."""
LATE_SHARE = 0.5
"""Of the lateness that a verdict allows, what idle timers may use up: a lab's own work comes on top."""


class Trial(msgspec.Struct, frozen=True):
    """What the machine did in the trial."""

    late_s: float
    """The latest of the timers that nothing kept from being on time, real seconds."""
    work_s: float
    """Processor time of the work."""

    @property
    def slower(self) -> float:
        """How many times slower than usual this machine computes."""
        return self.work_s / USUAL_WORK_S


def try_machine() -> Trial:
    """Measure, for less than a second on a usual machine, with one processor for a small part of it."""
    return Trial(late_s=_lateness(), work_s=_work())


def speed_for(trial: Trial) -> float:
    """The fastest speed that this machine keeps up with."""
    return next((speed for speed in SPEEDS if keeps_up(trial, speed)), SPEEDS[-1])


def reason(trial: Trial) -> str:
    """The trial in words, for the line that says which speed was chosen."""
    late = gettext("timers up to {number} ms late", number=math.ceil(trial.late_s * 1000))
    if trial.slower < 2:
        return late
    return gettext("{late}, computing {number} times slower than usual", late=late, number=f"{trial.slower:.0f}")


def keeps_up(trial: Trial, speed: float) -> bool:
    """Whether the machine, as it is now, is fast enough for that speed."""
    in_time = trial.late_s <= LATE_SHARE * tolerance_s(speed) / speed
    most = next((most for fast, most in WORK_MOST.items() if speed >= fast), float("inf"))
    return in_time and trial.slower <= most


def _lateness() -> float:
    latest, end = 0.0, time.monotonic() + TIMERS_S
    while (now := time.monotonic()) < end:
        time.sleep(NAP_S)
        latest = max(latest, time.monotonic() - now - NAP_S)
    return latest


def _work() -> float:
    """The kind of work that agents do: a message encoded, signed, read and checked."""
    begin = time.process_time()
    message = {"sender": "host-98", "hears": ["host-99", "host-100"], "sequence": 0, "vms": ["vm-98-1"] * 4}
    for sequence in range(ROUNDS):
        data = msgspec.json.encode(message | {"sequence": sequence})
        tag = hmac.digest(b"k" * 32, data, "sha256")
        assert hmac.compare_digest(tag, hmac.digest(b"k" * 32, data, "sha256"))
        sorted(str(value) for value in msgspec.json.decode(data).values())
    return time.process_time() - begin
