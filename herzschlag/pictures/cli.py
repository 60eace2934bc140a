"""The command `herzschlag picture`: the cluster at one instant, or at several, each as a sheet to print.

This module decides which run is drawn, how instants are written, and where pictures go. It leaves what is in them to
`instant.py`, and how that looks to `sheet.py`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from herzschlag.errors import UnusableMachine
from herzschlag.exit_status import CANNOT_RUN, FAILED, WRONG_INPUT
from herzschlag.languages import gettext
from herzschlag.languages.option import LangOption
from herzschlag.languages.refusals import told
from herzschlag.pictures import again
from herzschlag.pictures.instant import Instant, instant
from herzschlag.pictures.layers import Layer, chosen
from herzschlag.pictures.pdf import pdf
from herzschlag.pictures.sheet import svg
from herzschlag.report.model import Model
from herzschlag.report.reading import ReportError, Run, read_run
from herzschlag.running import which_run
from herzschlag.scenarios.completion import scenarios as scenario_names
from herzschlag.scenarios.from_toml import ScenarioError, load
from herzschlag.wrong_input import InputError

SUFFIXES = (".svg", ".pdf")
SHORTLY_AFTER_S = 4.2
LAYERS_HELP = f"Layers to draw, with commas; {', '.join(Layer)}. Default: all."
_SECONDS = re.compile(r"T?([+-]?\d+(?:[.,]\d+)?)")


def picture(  # noqa: PLR0917 (Typer calls it by name)
    run: Annotated[
        str | None,
        typer.Argument(help="A run. Default: the last.", autocompletion=which_run.completions),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Play this scenario in virtual time instead of a run.", autocompletion=scenario_names
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            "--at",
            metavar="SECONDS",
            help="Seconds after the first fault: 45.2, T+45.2 or 45,2. Several give several pictures."
            f" Default: {SHORTLY_AFTER_S:g}.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File, .svg or .pdf, or a folder. Default: SCENARIO-SECONDS.svg. -: standard output."),
    ] = None,
    layers: Annotated[str | None, typer.Option(metavar="LAYERS", help=LAYERS_HELP)] = None,
    without: Annotated[str | None, typer.Option(metavar="LAYERS", help="Layers to leave out, with commas.")] = None,
    title: Annotated[str | None, typer.Option(help="What is above the picture. Default: the scenario's title.")] = None,
    lang: LangOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not print the paths of what was drawn.")] = False,
) -> None:
    """Draw the cluster at an instant, as an A4 sheet to print: SVG, or PDF with the extra `pictures`.

    Packets are those of the second before. A run in virtual time keeps none: it is played again.

    Example: herzschlag picture isolation --at 45.2 --out isolation.svg

    Example: herzschlag picture --scenario master-failure --at 12 --at 36 --without legend --out sheets/
    """
    del lang  # its callback has chosen the language
    try:
        model = Model(_run(run, scenario))
        wanted = chosen(layers, without)
        instants = [instant(model, _seconds(text)) for text in at or [str(_shortly_after(model))]]
        places = [_place(out, model.run.scenario.name, now.seconds, several=len(instants) > 1) for now in instants]
        drawn = [_drawn(now, title, wanted, path) for now, path in zip(instants, places, strict=True)]
    except (InputError, ScenarioError, ReportError) as error:
        _fail(str(error))
    except UnusableMachine as error:
        _fail(str(error), CANNOT_RUN)
    for one, path in zip(drawn, places, strict=True):
        _write(one, path, quiet=quiet)


def _drawn(now: Instant, title: str | None, wanted: frozenset[Layer], path: Path | None) -> bytes:
    faults = tuple(about for _, about in now.faults)
    text = svg(now, title=gettext(now.title) if title is None else title, faults=faults, wanted=wanted)
    return pdf(text) if path is not None and path.suffix == ".pdf" else text.encode()


def _run(run: str | None, scenario: str | None) -> Run:
    if scenario is None:
        return again.with_packets(read_run(which_run.find_run(run)))
    if run is not None:
        raise InputError("scenario", f"{scenario}: name a run or a scenario, not both")
    return again.played(load(scenario))


def _shortly_after(model: Model) -> float:
    return max(model.begin_s, min(SHORTLY_AFTER_S, model.end_s))


def _seconds(text: str) -> float:
    found = _SECONDS.fullmatch(text.strip())
    if found is None:
        raise InputError("at", f"{text!r} is not an instant: write seconds after the first fault, as 45.2 or T+45.2")
    return float(found[1].replace(",", "."))


def _place(out: Path | None, name: str, seconds: float, *, several: bool) -> Path | None:
    """Where a picture goes; None is standard output."""
    stamp = f"{seconds:g}"
    if out is not None and str(out) == "-":
        if several:
            raise InputError("out", "-: standard output takes one picture: name a folder for several")
        return None
    if out is None or out.is_dir() or not out.suffix:
        return (out or Path()) / f"{name.replace('@', '-')}-{stamp}.svg"
    if out.suffix not in SUFFIXES:
        raise InputError("out", f"{out}: pictures are {' or '.join(SUFFIXES)}")
    return out.with_name(f"{out.stem}-{stamp}{out.suffix}") if several else out


def _write(data: bytes, path: Path | None, *, quiet: bool) -> None:
    if path is None:
        sys.stdout.write(data.decode())
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        _fail(f"{path}: {error.strerror}: choose another place with --out", FAILED)
    if not quiet:
        typer.echo(path)


def _fail(text: str, status: int = WRONG_INPUT) -> NoReturn:
    typer.echo(f"herzschlag picture: {told(text)}", err=True)
    raise typer.Exit(status)
