"""The command `herzschlag shell`: starts a lab, opens a prompt in it, and leaves a run directory.

This module decides how a shell begins and ends, and its exit status: 0, or that of the last `judge`; 2 when a script
has a line that cannot be done; 3 when the cluster did not become ready; 4 when this machine cannot run it; 5 when the
lab was lost.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer

from herzschlag.backends import asking
from herzschlag.backends.base import BackendUnavailable, MachineryDied
from herzschlag.backends.names import Backend, Capture
from herzschlag.cluster import Cluster, Setup
from herzschlag.exit_status import CANNOT_RUN, FAILED, INTERRUPTED, UNKNOWN, WRONG_INPUT
from herzschlag.languages import N_, gettext, ngettext, number
from herzschlag.languages.option import LangOption
from herzschlag.languages.reasons import reason
from herzschlag.languages.refusals import told
from herzschlag.running.conductor import NotReady
from herzschlag.running.held import held
from herzschlag.running.run_file import RunReport, new_folder
from herzschlag.running.runner import RunRequest, announce, judge_and_write
from herzschlag.running.which_run import RUNS
from herzschlag.scenarios.completion import scenarios as scenario_names
from herzschlag.scenarios.from_toml import ScenarioError, load_family
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.to_toml import as_toml
from herzschlag.scenarios.validation import check_speed
from herzschlag.shell.prompt import Shell
from herzschlag.wrong_input import InputError

NAME = "by-hand"
DEFAULT = Setup(vms_per_host=1)
"""Three hosts, with something to restart."""
SCENARIO_FILE = "scenario.toml"


def fail(text: str, status: int) -> NoReturn:
    sys.stderr.write(f"herzschlag: {told(text)}\n")
    raise typer.Exit(status)


def shell_command(  # noqa: PLR0917 (Typer calls it by name)
    scenario: Annotated[
        str | None,
        typer.Argument(
            help="A scenario, for its cluster and its steps. Default: three hosts with a VM each.",
            autocompletion=scenario_names,
        ),
    ] = None,
    backend: Annotated[Backend, typer.Option(help="Real packets, or virtual time.")] = Backend.mininet,
    speed: Annotated[
        float | None, typer.Option(help="Divides every timer; 1 is real time. Default: the scenario's own, or 1.")
    ] = None,
    seed: Annotated[int, typer.Option(help="For everything random.", min=0)] = 0,
    out_directory: Annotated[Path, typer.Option("--out", help="Where the run directory goes.")] = RUNS,
    capture: Annotated[
        Capture, typer.Option(help="Packets kept: those of the agents and pings, or all.")
    ] = Capture.heartbeats,
    capture_limit: Annotated[
        int | None,
        typer.Option(metavar="MB", help="Limit of the capture's size; packets after it are missing. Default: 256."),
    ] = None,
    lang: LangOption = None,
) -> None:
    """Open the Mininet prompt in a running lab, with cut, heal, poweroff, states, capture and more.

    Example: herzschlag shell isolation --speed 10

    A script is piped in, one command a line: herzschlag shell --backend simulation <script
    """
    del lang  # its callback has chosen the language
    loaded = _scenario(scenario, speed)
    backend, refused = asking.offered(backend, sys.argv[1:], ask=sys.stdin.isatty() and sys.stderr.isatty())
    if refused:
        fail(refused, CANNOT_RUN)
    wanted_speed = speed if speed is not None else loaded.speed if loaded is not None else 1.0
    name = loaded.name if loaded is not None else NAME
    directory = _directory(out_directory, name)
    request = RunRequest(
        scenario=Scenario(name=name, title=f"{name}, by hand", cluster=loaded.cluster if loaded else DEFAULT),
        backend=backend.value,
        speed=wanted_speed,
        seed=seed,
        directory=directory,
        capture=capture.value,
        capture_limit_mb=capture_limit,
    )
    announce(request, "running", "it has not ended")
    try:
        with held(directory):
            status = _session(request, loaded)
        raise typer.Exit(status)
    except BackendUnavailable as error:
        announce(request, "unavailable", str(error))
        fail(f"this machine cannot run it: {error}", CANNOT_RUN)
    except NotReady as error:
        announce(request, "interrupted", str(error))
        fail(f"the lab never became ready: {error} (logs: {directory}/log)", UNKNOWN)
    except MachineryDied as error:
        announce(request, "failed", str(error))
        fail(f"failed: the lab was lost: {error} (logs: {directory}/log)", FAILED)
    except KeyboardInterrupt:
        announce(request, "interrupted", "interrupted")
        fail("interrupted", INTERRUPTED)


def _session(request: RunRequest, scenario: Scenario | None) -> int:
    cluster = Cluster.start(
        request.scenario.cluster,
        backend=request.backend,
        speed=request.speed,
        seed=request.seed,
        name=request.scenario.name,
        directory=request.directory,
        capture=request.capture,
        capture_limit_mb=request.capture_limit_mb,
    )
    shell = Shell(cluster, scenario, intro=_intro(cluster, scenario) if sys.stdin.isatty() else "")
    try:
        status = shell.run()
        if status == INTERRUPTED:
            announce(request, "interrupted", "interrupted")
            return status
        with _undisturbed():
            report = _keep(request, cluster)
        said = N_("{folder}: {verdict} ({why}); {command} draws it")
        values = {"verdict": gettext(report.verdict), "why": reason(report.because)}
        command = f"herzschlag report {report.directory}"
        sys.stderr.write(gettext(said, folder=report.directory, command=command, **values) + "\n")
        return status
    finally:
        cluster.close()
        shell.close()


def _keep(request: RunRequest, cluster: Cluster) -> RunReport:
    """Judge what happened and leave a whole run directory."""
    with contextlib.suppress(MachineryDied):  # the history says so, which makes the verdict unknown
        cluster.finish()
    scenario = cluster.scenario()
    path = request.directory / SCENARIO_FILE
    text = as_toml(scenario)
    path.write_text(text, encoding="utf-8")
    told = msgspec.structs.replace(scenario, source=str(path), text=text)
    cluster.close()  # before the capture is annotated, which must have ended
    versions = dict(cluster.session.versions())
    return judge_and_write(msgspec.structs.replace(request, scenario=told), cluster.history(), versions)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C meanwhile, so that the run directory is written whole."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _intro(cluster: Cluster, scenario: Scenario | None) -> str:
    steps = ""
    if scenario and scenario.steps:
        said = N_("; {number} steps of {name}: step, play")
        steps = gettext(said, number=len(scenario.timeline()), name=scenario.name)
    hosts = cluster.hosts
    shown = ", ".join(hosts) if len(hosts) <= 6 else ngettext("{number} host", "{number} hosts", len(hosts))
    values = {"masters": ", ".join(cluster.masters()), "speed": number(cluster.plan.speed), "steps": steps}
    return gettext("{hosts}; master {masters}; speed {speed}{steps}. Try: help, states", hosts=shown, **values)


def _scenario(name: str | None, speed: float | None) -> Scenario | None:
    try:
        if speed is not None:
            check_speed(speed, "--speed")
        if name is None:
            return None
        found = load_family(name)
    except (ScenarioError, InputError) as error:
        fail(str(error), WRONG_INPUT)
    if len(found) > 1:
        fail(f"{name} is a family: choose one of {', '.join(one.name for one in found)}", WRONG_INPUT)
    return found[0]


def _directory(base: Path, name: str) -> Path:
    try:
        directory = new_folder(base) / name
    except InputError as error:
        fail(f"--out {error}", WRONG_INPUT)
    directory.mkdir()
    return directory
