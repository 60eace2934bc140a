"""The command `bench fidelity`: how many labs at once, and how fast, this machine can handle.

This module decides what a user types and sees, and that what was measured is kept for `--speed auto`, campaigns and the
pytest plugin. It leaves playing and what follows from it to `herzschlag/fidelity`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from herzschlag import failure
from herzschlag.backends import asking
from herzschlag.checkers.pace import speed_max, too_fast
from herzschlag.cli import durations, runs, speeds
from herzschlag.cli.ending import fail
from herzschlag.errors import UnusableMachine
from herzschlag.exit_status import CANNOT_RUN, FAILED, HOLDS, INTERRUPTED, UNKNOWN, WRONG_INPUT
from herzschlag.fidelity import kept
from herzschlag.fidelity.choosing import labs_at_once
from herzschlag.fidelity.loads import SPEEDS, Load, Tried, best, next_load
from herzschlag.fidelity.page import drawn
from herzschlag.fidelity.trying import Expected, attempt, expected, rounds
from herzschlag.history.records import write_whole
from herzschlag.languages import gettext, ngettext, number
from herzschlag.languages.option import LangOption
from herzschlag.languages.reasons import reason
from herzschlag.running.batch import JOBS_MAX
from herzschlag.running.which_run import RUNS
from herzschlag.scenarios.from_toml import SITUATIONS, ScenarioError, load
from herzschlag.scenarios.model import Scenario
from herzschlag.terminal.lines import line, write
from herzschlag.terminal.links import link
from herzschlag.terminal.marks import DIM, sign

PICTURE, FIGURES = "fidelity.svg", "fidelity.json"


class Benchmark(StrEnum):
    """Choices of the argument."""

    fidelity = "fidelity"


def bench_command(  # noqa: PLR0917 (Typer calls it by name)
    what: Annotated[Benchmark, typer.Argument(metavar="fidelity", help="What is measured.")],
    for_time: Annotated[str, typer.Option("--time", help="No load is begun after this time: 30s, 10m, 2h.")] = "30m",
    chosen: Annotated[
        list[str] | None,
        typer.Option(
            "--speed",
            metavar="NUMBER",
            help="Only this speed; may be repeated. Default: from 12 down, until it can handle two.",
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--scenario",
            metavar="NAME",
            help="A scenario to be played, shipped or a file; may be repeated. Default: the five situations.",
        ),
    ] = None,
    step: Annotated[
        int | None, typer.Option(help="How many labs more each time. Default: one a processor.", min=1, max=JOBS_MAX)
    ] = None,
    out_directory: Annotated[Path, typer.Option("--out", help="Where run directories go.")] = RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    lang: LangOption = None,
) -> None:
    """Measure how many labs at once, and how fast, this machine can handle.

    Plays the five situations on real packets, more and more labs at once and at each speed, until a verdict is another
    than in virtual time twice. What it can handle is kept for this user: --speed auto and campaigns use it, and pytest
    has as many labs at once as it can handle at speed 10. Some ten minutes, in which it should do nothing else.

    Exit status 0: it can handle some load; 3: none; 2: wrong usage; 4: this machine cannot run labs.

    Example: herzschlag bench fidelity

    Example: herzschlag bench fidelity --speed 10 --time 5m
    """
    del what, lang  # there is one benchmark; the callback of lang has chosen the language
    out = Console(highlight=False, quiet=as_json)
    scenarios = _scenarios(names or SITUATIONS)
    only = sorted({_speed(text, scenarios) for text in chosen or ()}, reverse=True)
    fast = only or [speed for speed in SPEEDS if not _too_fast(scenarios, speed)]
    for_s = durations.seconds(for_time)
    if missing := asking.lacking():
        fail(asking.refusal(missing, "herzschlag bench fidelity"), CANNOT_RUN)
    machine, folder = kept.here(), runs.new(out_directory)
    has = ngettext("{number} processor", "{number} processors", machine.processors)
    played = ngettext("{number} scenario", "{number} scenarios", len(scenarios))
    title = gettext(
        "Herzschlag  how many labs at once, and how fast: {runs}, {processors}", runs=played, processors=has
    )
    write(out, [line(title)])
    tried: list[Tried] = []
    until_s = time.monotonic() + for_s
    try:
        wish = expected(scenarios, folder)
        while (
            one := next_load(tried, fast, step or machine.processors, JOBS_MAX, all_speeds=bool(only))
        ) is not None and time.monotonic() < until_s:
            tried.append(_try(out, one, wish, folder))
    except KeyboardInterrupt:
        fail(gettext("interrupted; nothing is kept"), INTERRUPTED)
    except UnusableMachine as error:
        fail(str(error), CANNOT_RUN)
    measured = kept.Measured(machine=machine, date=time.strftime("%Y-%m-%d"), tried=tuple(tried))
    try:
        write_whole(folder / FIGURES, kept.encoded(measured))
        write_whole(folder / PICTURE, drawn(tried).encode())
        place = kept.write(measured) if best(tried) else None
    except OSError as error:
        fail(failure.line(error, folder), FAILED)
    if as_json:
        sys.stdout.write(kept.encoded(measured).decode())
    _tell(out, measured, place, folder / PICTURE)
    raise typer.Exit(HOLDS if best(tried) else UNKNOWN)


def _scenarios(names: Sequence[str]) -> list[Scenario]:
    try:
        return [load(name) for name in dict.fromkeys(names)]
    except ScenarioError as error:
        fail(str(error), WRONG_INPUT)


def _too_fast(scenarios: Sequence[Scenario], speed: float) -> str:
    """Why real packets at this speed could show nothing of the one with the shortest instants; empty where they can."""
    return too_fast(min(scenarios, key=lambda one: speed_max(one) or float("inf")), speed)


def _speed(text: str, scenarios: Sequence[Scenario]) -> float:
    speed = speeds.read(text)
    if not isinstance(speed, float):
        fail(f"--speed: {text!r} is not a number: 10 is ten times as fast as real time", WRONG_INPUT)
    if why := _too_fast(scenarios, speed):
        fail(f"--speed {speed:g}: {why}", WRONG_INPUT)
    return speed


def _try(out: Console, load: Load, wish: Expected, folder: Path) -> Tried:
    """Play the runs of one load, with a count on a terminal, and write its line."""
    count = rounds(load.labs, len(wish.scenarios)) * len(wish.scenarios)
    title = gettext("speed {speed}, {labs}", speed=number(load.speed), labs=labs_at_once(load.labs))
    with out.status(title) if out.is_terminal else nullcontext() as status:

        def told(ended: int) -> None:
            if status is not None:
                status.update(gettext("{load}: {ended} of {runs} runs", load=title, ended=ended, runs=count))

        tried = attempt(load, wish, folder, told)
    came = gettext(
        "{rate} runs an hour; the latest timer {late} ms late, half of the runs within {median} ms",
        rate=f"{tried.runs_an_hour:.0f}",
        late=f"{tried.late_ms:.0f}",
        median=f"{tried.late_median_ms:.0f}",
    )
    mark = sign("violated" if tried.changed else "holds")
    write(out, [line("  ", mark, " ", f"{title:24} ", came)])
    if tried.changed:
        first = reason(tried.changed[0])
        other = gettext(
            "{number} of {runs} verdicts are not those of virtual time", number=len(tried.changed), runs=count
        )
        write(out, [line("      ", (f"{other}: {first}", DIM), hang=6)])
    return tried


def _tell(out: Console, measured: kept.Measured, place: Path | None, picture: Path) -> None:
    """What follows from it."""
    most = best(measured.tried)
    if most is None or place is None:
        write(out, [line("  ", gettext("This machine can handle no lab at any speed that was tried."))])
        return
    said = gettext(
        "This machine plays {rate} runs an hour: {labs}, speed {speed}.",
        rate=f"{most.runs_an_hour:.0f}",
        labs=labs_at_once(most.load.labs),
        speed=number(most.load.speed),
    )
    write(out, [line("  ", said)])
    for about, path in (
        (gettext("--speed auto, campaigns and pytest go by it from now on: "), place),
        (gettext("drawn in "), picture),
    ):
        where = line("  ", about)
        where.text.append_text(link(out, path))
        write(out, [where])
