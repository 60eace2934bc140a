"""Speeds on the command line: a number, `auto`, or the scenario's own; and which are refused on real packets."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from herzschlag.checkers.pace import SENSIBLE_SPEED, too_fast
from herzschlag.cli.ending import fail
from herzschlag.exit_status import WRONG_INPUT
from herzschlag.fidelity.choosing import choose
from herzschlag.languages import gettext, number
from herzschlag.languages.refusals import told
from herzschlag.running.machine_trial import AUTO
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.validation import check_speed
from herzschlag.wrong_input import InputError


class Most(float):
    """A speed that a scenario may go below by its own, but not above."""


Wanted = float | str | None
"""A number; `Most`; `auto`, which is to be measured; None: the scenario's own."""


def read(text: str | None) -> Wanted:
    """What `--speed` says. Ends the program with status 2 where it is neither a number in range nor `auto`."""
    if text is None or text == AUTO:
        return text
    try:
        speed = float(text)
    except ValueError:
        fail(f"--speed: {text!r} is neither a number nor {AUTO}; 1 is real time, 10 ten times as fast", WRONG_INPUT)
    try:
        check_speed(speed, "--speed")
    except InputError as error:
        fail(str(error), WRONG_INPUT)
    return speed


def measured(console: Console, jobs: int) -> Most:
    """Measure this machine and say what was chosen for so many labs at once, in one line that begins at once."""
    console.print(f"{gettext('Speed: measuring what this machine keeps up with ...')} ", end="", highlight=False)
    chosen = choose(jobs)
    console.print(f"{number(chosen.speed)} ({chosen.because})", highlight=False)
    return Most(chosen.speed)


def of(scenario: Scenario, wanted: Wanted) -> float:
    """The speed of its run."""
    if isinstance(wanted, Most):
        return min(float(wanted), scenario.speed)
    return wanted if isinstance(wanted, float) else scenario.speed


def check_pace(scenarios: Sequence[Scenario], wanted: Wanted, console: Console) -> None:
    """Refuse a speed at which nothing could be told on real packets; warn of one that few machines keep up with."""
    speeds = [of(scenario, wanted) for scenario in scenarios]
    for scenario, chosen in zip(scenarios, speeds, strict=True):
        if why := too_fast(scenario, chosen):
            fail(f"--speed {chosen:g}: {why}", WRONG_INPUT)
    if max(speeds) > SENSIBLE_SPEED:
        text = f"few machines keep up with more than {SENSIBLE_SPEED:g}; a run may be unknown"
        console.print(f"herzschlag: --speed {max(speeds):g}: {told(text)}", markup=False, soft_wrap=True)
