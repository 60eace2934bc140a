"""The option `--herzschlag-speed`: the highest speed of labs on real packets, given or measured.

This module decides that it is measured once a session, by the process that the user started: xdist hands its options to
workers, which then find a number. Simulated clusters are in virtual time, and keep what their marker says.
"""

from __future__ import annotations

import pytest

from herzschlag.fidelity.choosing import choose
from herzschlag.plugin.constants import SPEED_OPTION
from herzschlag.plugin.places import places
from herzschlag.running.machine_trial import AUTO
from herzschlag.scenarios.validation import check_speed
from herzschlag.wrong_input import InputError


def settle(config: pytest.Config) -> str:
    """Put a number in place of what the user wrote, and say what a session begins with. Raises UsageError."""
    told = config.getoption(SPEED_OPTION)
    if told == AUTO:
        chosen = choose(places().number)
        config.option.herzschlag_speed = chosen.speed
        return f"herzschlag: labs at most at speed {chosen.speed:g}: {chosen.because}"
    try:
        config.option.herzschlag_speed = speed = float(told)
        check_speed(speed, SPEED_OPTION)
    except InputError as error:
        raise pytest.UsageError(str(error)) from None
    except ValueError:
        raise pytest.UsageError(f"{SPEED_OPTION} {told!r}: a number, or {AUTO}") from None
    return f"herzschlag: labs at most at speed {speed:g}"


def at_most(config: pytest.Config, backend: str, speed: float) -> float:
    """The speed of a test's cluster that asks for this one."""
    most = config.getoption(SPEED_OPTION)
    return speed if most is None or backend != "mininet" else min(speed, float(most))
