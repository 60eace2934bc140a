"""The command `demo`: the five situations, on real packets where this machine has them, else in virtual time.

This module decides that something is always shown: what is missing for real packets, and how to get it, is said first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from herzschlag.backends import asking
from herzschlag.backends.names import Backend
from herzschlag.cli import runs, speeds
from herzschlag.cli.ending import fail
from herzschlag.exit_status import CANNOT_RUN
from herzschlag.languages import gettext
from herzschlag.languages.option import LangOption
from herzschlag.running.batch import JOBS_MAX
from herzschlag.running.machine_trial import AUTO
from herzschlag.running.which_run import RUNS
from herzschlag.scenarios.from_toml import SITUATIONS, load


def demo_command(
    backend: Annotated[
        Backend | None, typer.Option(help="Default: real packets where this machine has them, else virtual time.")
    ] = None,
    speed: Annotated[
        str,
        typer.Option(
            metavar="NUMBER|auto",
            help="Divides every timer; 1 is real time. auto: what this machine keeps up with, measured.",
        ),
    ] = AUTO,
    jobs: Annotated[
        int | None, typer.Option(help="Runs at the same time. Default: one a processor.", min=1, max=JOBS_MAX)
    ] = None,
    out_directory: Annotated[Path, typer.Option("--out", help="Where run directories go.")] = RUNS,
    lang: LangOption = None,
) -> None:
    """Play the five situations: documented beside measured instants, and a report of each.

    Where real packets are not available, it says why and how to get them, and plays the same agents in virtual time.

    Example: herzschlag demo
    """
    del lang  # its callback has chosen the language
    screen = runs.Screen(Console(highlight=False), Console(stderr=True, highlight=False))
    wanted = speeds.read(speed)
    chosen = backend or Backend.mininet
    if chosen is Backend.mininet and (missing := asking.lacking()):
        if backend is not None:
            fail(asking.refusal(missing, "herzschlag demo"), CANNOT_RUN)
        chosen = Backend.simulation
        for line in (
            gettext("No real packets here: {why}.", why=asking.why(missing)),
            gettext("To get them: {how}", how=asking.how(missing)),
            gettext(
                "So the same agents play the five situations in virtual time: "
                "every instant is computed, nothing is sent."
            ),
        ):
            screen.out.print(line, markup=False, soft_wrap=True)
    scenarios = [load(name) for name in SITUATIONS]
    at_once = min(jobs or os.cpu_count() or 1, len(scenarios))
    if chosen is Backend.mininet:
        speeds.check_pace(scenarios, wanted, screen.err)
        wanted = speeds.measured(screen.out, at_once) if wanted == AUTO else wanted
    requests = runs.requests(scenarios, runs.new(out_directory), backend=chosen.value, speed=wanted)
    raise typer.Exit(runs.play_and_tell(screen, requests, at_once))
