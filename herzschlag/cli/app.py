"""The program `herzschlag`: commands, arguments, exit statuses.

This module decides what a user types and what is written where: results on standard output, errors on standard error.
Exit status: 0 holds, 1 violated, 2 wrong usage or input, 3 unknown, 4 this machine cannot run it, 5 Herzschlag itself
failed; over several runs the worst: violated, 5, 4, unknown. How the program ends otherwise is in `program.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from herzschlag import __version__
from herzschlag.backends.names import Backend, Capture
from herzschlag.checkers import checkers
from herzschlag.checkers.verdict import EXIT_STATUS, worst
from herzschlag.cli import console
from herzschlag.cli.commands import scenario_files
from herzschlag.cli.commands.clean import clean_command
from herzschlag.cli.commands.help import help_command
from herzschlag.cli.commands.open import open_command
from herzschlag.cli.ending import fail
from herzschlag.compare.cli import compare_command
from herzschlag.exit_status import CANNOT_RUN, FAILED, INTERRUPTED, WRONG_INPUT
from herzschlag.live.cli import live
from herzschlag.packets.cli import dissector_command, packets_command
from herzschlag.remote.cli import CONTEXT as REMOTE_CONTEXT
from herzschlag.remote.cli import remote
from herzschlag.report.cli import draw_all
from herzschlag.report.cli import report as report_command
from herzschlag.running import batch, interrupts
from herzschlag.running.run_file import LOG_FOLDER, RunReport, new_folder
from herzschlag.running.runner import RunRequest, run
from herzschlag.running.which_run import RUNS
from herzschlag.scenarios.completion import scenarios as scenario_names
from herzschlag.scenarios.from_toml import ScenarioError, load_family
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.validation import check_speed
from herzschlag.shell.cli import shell_command
from herzschlag.wrong_input import InputError

MOST_JOBS = 64
SCENARIOS = "Scenarios"
FINISHED = "Finished runs"

app = typer.Typer(
    name="herzschlag",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class Datapath(StrEnum):
    auto = "auto"
    kernel = "kernel"
    user = "user"


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"herzschlag {__version__}")
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
    speed: Annotated[
        float | None, typer.Option(help="Divides every timer; 1 is real time. Default: the scenario's own.")
    ] = None,
    seed: Annotated[int, typer.Option(help="For everything random.", min=0)] = 0,
    jobs: Annotated[int, typer.Option(help="Runs at the same time.", min=1, max=MOST_JOBS)] = 1,
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
) -> None:
    """Run scenarios and judge them.

    Exit status 0: every run holds; 1: one is violated; 2: wrong usage or input, nothing was started; 3: one is unknown;
    4: this machine cannot run one; 5: Herzschlag itself failed (a part of it died, a full disk, no memory), which says
    nothing of the cluster. Over several runs the worst: 1, 5, 4, 3.

    Example: herzschlag run isolation partition --backend simulation
    """
    loaded = _load_all(scenarios, speed)
    folder = _folder(out_directory)
    requests = [
        RunRequest(
            scenario=scenario,
            backend=backend.value,
            speed=scenario.speed if speed is None else speed,
            seed=seed,
            directory=folder / _unique(index, loaded),
            datapath=datapath.value,
            capture=capture.value,
            capture_limit_mb=capture_limit,
        )
        for index, scenario in enumerate(loaded)
    ]
    try:
        if jobs == 1 or len(requests) == 1:
            reports = [_run_here(request, as_json) for request in requests]
        else:
            shown = (lambda report: None) if as_json else (lambda report: console.print_report(out, report))
            reports = batch.run_batch(requests, jobs, shown)
    except KeyboardInterrupt:
        fail(f"interrupted; partial results are in {folder}", INTERRUPTED)
    verdict = worst(report.verdict for report in reports)
    if as_json:
        document = {"verdict": verdict, "runs": [report.for_json() for report in reports]}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        console.print_summary(out, reports)
    for report in reports:
        if report.status == "unavailable":
            err.print(f"herzschlag: {report.scenario} cannot run here: {report.because}", markup=False, soft_wrap=True)
        if report.status == "failed":
            logs = Path(report.directory) / LOG_FOLDER
            place = f" (logs: {logs})" if logs.is_dir() else ""
            err.print(f"herzschlag: {report.scenario} failed: {report.because}{place}", markup=False, soft_wrap=True)
    drawn = draw_all([Path(r.directory) for r in reports if _can_be_drawn(r)] if draw else [])
    for trouble in (*drawn.refused, *drawn.failed):
        err.print(f"herzschlag: {trouble}", markup=False, soft_wrap=True)
    raise typer.Exit(_status(reports, failed=bool(drawn.failed)))


@app.command("run-one", hidden=True)
def run_one_command(  # noqa: PLR0917 (Typer calls it by name)
    scenario: str,
    into: Annotated[Path, typer.Option()],
    backend: Annotated[Backend, typer.Option()],
    speed: Annotated[float, typer.Option()],
    seed: Annotated[int, typer.Option()] = 0,
    datapath: Annotated[Datapath, typer.Option()] = Datapath.auto,
    capture: Annotated[Capture, typer.Option()] = Capture.heartbeats,
    capture_limit: Annotated[int | None, typer.Option()] = None,
) -> None:
    """One run of a batch, in its own process; its result is the run directory."""
    interrupts.end_politely_once()
    interrupts.end_with(sys.stdin.fileno())
    (loaded,) = _load_all([scenario], speed)
    request = RunRequest(
        scenario=loaded,
        backend=backend.value,
        speed=speed,
        seed=seed,
        directory=into,
        datapath=datapath.value,
        capture=capture.value,
        capture_limit_mb=capture_limit,
    )
    try:
        report = run(request, console.LinePrinter(out, loaded))
    except KeyboardInterrupt:
        fail("interrupted", INTERRUPTED)
    raise typer.Exit(_status([report]))


@app.command("doctor")
def doctor_command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A line for everything that is there.")] = False,
) -> None:
    """Say what this machine can do, what is missing, and the command that gets it.

    Example: herzschlag doctor
    """
    from herzschlag import doctor  # noqa: PLC0415 (only this command looks at the machine)

    raise typer.Exit(doctor.main([*(["--json"] if as_json else []), *(["-v"] if verbose else [])]))


def _can_be_drawn(report: RunReport) -> bool:
    """Also one that failed, up to where it did, unless its records could not be written."""
    return report.status == "finished" or (report.status == "failed" and bool(report.findings))


def _status(reports: Sequence[RunReport], *, failed: bool = False) -> int:
    """Violated, then failed, then unavailable, then unknown. `failed`: something besides the runs did."""
    verdict = worst(report.verdict for report in reports)
    states = {report.status for report in reports}
    if verdict != "violated" and (failed or "failed" in states):
        return FAILED
    if verdict != "violated" and "unavailable" in states:
        return CANNOT_RUN
    return EXIT_STATUS[verdict]


def _load_all(names: Sequence[str], speed: float | None) -> list[Scenario]:
    """Everything is read and checked before anything starts."""
    try:
        if speed is not None:
            check_speed(speed, "--speed")
        checkers()  # one of another package that is broken is told before anything starts, not after an hour
        return [scenario for name in names for scenario in load_family(name)]
    except (ScenarioError, InputError) as error:
        fail(str(error), WRONG_INPUT)


def _folder(base: Path) -> Path:
    try:
        return new_folder(base)
    except InputError as error:
        fail(f"--out {error}", WRONG_INPUT)


def _unique(index: int, scenarios: Sequence[Scenario]) -> str:
    """The scenario's name, with a number when it is run more than once."""
    name = scenarios[index].name
    before = sum(1 for scenario in scenarios[:index] if scenario.name == name)
    return f"{name}-{before + 1}" if before else name


def _run_here(request: RunRequest, as_json: bool) -> RunReport:
    if as_json:
        return run(request)
    view = console.LiveTable if out.is_terminal else console.LinePrinter
    with view(out, request.scenario) as watcher:
        report = run(request, watcher)
    console.print_report(out, report)
    return report


app.command("scenarios", rich_help_panel=SCENARIOS)(scenario_files.scenarios_command)
app.command("init", rich_help_panel=SCENARIOS)(scenario_files.init_command)
app.command("check", rich_help_panel=SCENARIOS)(scenario_files.check_command)
app.command("schema", rich_help_panel=SCENARIOS)(scenario_files.schema_command)
app.command("open", rich_help_panel=FINISHED)(open_command)
app.command("clean", rich_help_panel=FINISHED)(clean_command)
app.command("packets", rich_help_panel=FINISHED)(packets_command)
app.command("dissector", rich_help_panel=FINISHED)(dissector_command)
app.command("compare", rich_help_panel=FINISHED)(compare_command)
app.command("report", rich_help_panel=FINISHED)(report_command)
app.command("live")(live)
app.command("shell")(shell_command)
app.command("remote", context_settings=REMOTE_CONTEXT)(remote)
app.command("help")(help_command)
