"""The program `herzschlag`: commands, arguments, exit statuses.

This module decides what a user types and what is written where: results on standard output, errors on standard error.
Exit status: 0 holds, 1 violated, 2 wrong usage or input, 3 unknown, 4 this machine cannot run it, 5 Herzschlag itself
failed; over several runs the worst: violated, 5, 4, unknown. How the program ends otherwise is in `program.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from herzschlag import __version__
from herzschlag.backends import asking
from herzschlag.backends.names import Backend, Capture
from herzschlag.campaign.cli import campaign_command
from herzschlag.checkers import checkers
from herzschlag.cli import runs, speeds
from herzschlag.cli.commands import scenario_files
from herzschlag.cli.commands.bench import bench_command
from herzschlag.cli.commands.clean import clean_command
from herzschlag.cli.commands.demo import demo_command
from herzschlag.cli.commands.explore import explore_command
from herzschlag.cli.commands.help import help_command
from herzschlag.cli.commands.open import open_command
from herzschlag.cli.ending import fail
from herzschlag.cli.spoken import Spoken
from herzschlag.compare.cli import compare_command
from herzschlag.compiled import serving
from herzschlag.exit_status import CANNOT_RUN, WRONG_INPUT
from herzschlag.languages.option import LangOption
from herzschlag.lesson.cli import lesson
from herzschlag.live.cli import live
from herzschlag.packets.cli import dissector_command, packets_command
from herzschlag.pictures.cli import picture
from herzschlag.remote.cli import CONTEXT as REMOTE_CONTEXT
from herzschlag.remote.cli import remote
from herzschlag.report.cli import report as report_command
from herzschlag.running.batch import JOBS_MAX
from herzschlag.running.machine_trial import AUTO
from herzschlag.running.which_run import RUNS
from herzschlag.scenarios.completion import scenarios as scenario_names
from herzschlag.scenarios.from_toml import ScenarioError, load_family
from herzschlag.scenarios.model import Scenario
from herzschlag.shell.cli import shell_command
from herzschlag.wrong_input import InputError

SCENARIOS = "Scenarios"
FINISHED = "Finished runs"

app = typer.Typer(
    name="herzschlag",
    cls=Spoken,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


SPEED_HELP = (
    "Divides every timer; 1 is real time. auto: what this machine keeps up with, measured. Default: the scenario's own."
)


class Datapath(StrEnum):
    auto = "auto"
    kernel = "kernel"
    user = "user"


def _version(wanted: bool) -> None:
    if wanted:
        why = serving.why_not()
        out.print(f"herzschlag {__version__} (cores: {serving.served()}{f'; {why}' if why else ''})", soft_wrap=True)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Say the version, and end.")
    ] = False,
) -> None:
    """A laboratory for high-availability heartbeats."""


@app.command("run")
def run_command(  # noqa: PLR0917 (Typer calls it by name)
    scenarios: Annotated[
        list[str],
        typer.Argument(help="Names of shipped scenarios, or TOML files.", autocompletion=scenario_names),
    ],
    backend: Annotated[Backend, typer.Option(help="Real packets, or virtual time.")] = Backend.mininet,
    speed: Annotated[str | None, typer.Option(metavar="NUMBER|auto", help=SPEED_HELP)] = None,
    seed: Annotated[int, typer.Option(help="For everything random.", min=0)] = 0,
    jobs: Annotated[int, typer.Option(help="Runs at the same time.", min=1, max=JOBS_MAX)] = 1,
    out_directory: Annotated[Path, typer.Option("--out", help="Where run directories go.")] = RUNS,
    datapath: Annotated[Datapath, typer.Option(help="Open vSwitch datapath of the lab.")] = Datapath.auto,
    capture: Annotated[
        Capture, typer.Option(help="Packets kept: those of the agents and pings, or all.")
    ] = Capture.heartbeats,
    capture_limit: Annotated[
        int | None,
        typer.Option(metavar="MB", help="Limit of the capture's size; packets after it are missing. Default: 256."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    draw: Annotated[
        bool, typer.Option("--report/--no-report", help="Draw report.html, and a summary of several.")
    ] = True,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List every check, also those that hold.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what does not hold, and a last line.")] = False,
    lang: LangOption = None,
) -> None:
    """Run scenarios and judge them.

    Exit status 0: every run holds; 1: one is violated; 2: wrong usage or input, nothing was started; 3: one is unknown;
    4: this machine cannot run one; 5: Herzschlag itself failed (a part of it died, a full disk, no memory), which says
    nothing of the cluster. Over several runs the worst: 1, 5, 4, 3.

    Example: herzschlag run isolation partition --backend simulation
    """
    del lang  # its callback has chosen the language
    loaded = _load_all(scenarios)
    wanted = speeds.read(speed)
    if backend is Backend.mininet:
        speeds.check_pace(loaded, wanted, err)
        if missing := asking.lacking():
            fail(asking.refusal(missing, asking.simulated(sys.argv[1:])), CANNOT_RUN)
        wanted = speeds.measured(err, min(jobs, len(loaded))) if wanted == AUTO else wanted
    folder = runs.new(out_directory)
    requests = runs.requests(
        loaded,
        folder,
        backend=backend.value,
        speed=wanted,
        seed=seed,
        datapath=datapath.value,
        capture=capture.value,
        capture_limit_mb=capture_limit,
    )
    status = runs.play_and_tell(
        runs.Screen(out, err), requests, jobs, as_json=as_json, draw=draw, verbose=verbose, quiet=quiet
    )
    raise typer.Exit(status)


@app.command("doctor")
def doctor_command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A line for everything that is there.")] = False,
    lang: LangOption = None,
) -> None:
    """Say what this machine can do, what is missing, and the command that gets it.

    Example: herzschlag doctor
    """
    del lang  # its callback has chosen the language
    from herzschlag import doctor  # noqa: PLC0415 (only this command looks at the machine)

    raise typer.Exit(doctor.main([*(["--json"] if as_json else []), *(["-v"] if verbose else [])]))


def _load_all(names: Sequence[str]) -> list[Scenario]:
    """Everything is read and checked before anything starts."""
    try:
        checkers()  # one of another package that is broken is told before anything starts, not after an hour
        return [scenario for name in names for scenario in load_family(name)]
    except (ScenarioError, InputError) as error:
        fail(str(error), WRONG_INPUT)


app.command("scenarios", rich_help_panel=SCENARIOS)(scenario_files.scenarios_command)
app.command("init", rich_help_panel=SCENARIOS)(scenario_files.init_command)
app.command("check", rich_help_panel=SCENARIOS)(scenario_files.check_command)
app.command("schema", rich_help_panel=SCENARIOS)(scenario_files.schema_command)
app.command("explore", rich_help_panel=SCENARIOS)(explore_command)
app.command("open", rich_help_panel=FINISHED)(open_command)
app.command("clean", rich_help_panel=FINISHED)(clean_command)
app.command("packets", rich_help_panel=FINISHED)(packets_command)
app.command("dissector", rich_help_panel=FINISHED)(dissector_command)
app.command("compare", rich_help_panel=FINISHED)(compare_command)
app.command("report", rich_help_panel=FINISHED)(report_command)
app.command("picture", rich_help_panel=FINISHED)(picture)
app.command("demo")(demo_command)
app.command("campaign")(campaign_command)
app.command("bench")(bench_command)
app.command("live")(live)
app.command("lesson")(lesson)
app.command("shell")(shell_command)
app.command("remote", context_settings=REMOTE_CONTEXT)(remote)
app.command("help")(help_command)
