"""The command `herzschlag live`: a lab, a server on loopback, and a link for the browser.

This module decides what is printed and that everything ends with the command. It needs the extra `live` (Starlette,
uvicorn, websockets), which is imported when the command is called.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from herzschlag.backends import asking
from herzschlag.backends.names import Backend
from herzschlag.exit_status import CANNOT_RUN, WRONG_INPUT
from herzschlag.languages import N_, current, gettext
from herzschlag.languages.option import LangOption
from herzschlag.languages.refusals import told
from herzschlag.live.addresses import is_loopback, reached_at
from herzschlag.scenarios.completion import scenarios as scenario_names
from herzschlag.scenarios.from_toml import ScenarioError, load
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.validation import check_speed
from herzschlag.wrong_input import InputError

PLAIN = Scenario(
    name="three-hosts",
    title=N_("Three hosts, two VMs each: break what you like"),
    about=N_("No script: click on links, hosts, datastores, gateway and vCenter."),
    cluster=Cluster(hosts=3, vms_per_host=2),
    speed=1.0,
)


def live(  # noqa: PLR0917 (Typer calls it by name)
    scenario: Annotated[
        str | None,
        typer.Argument(
            help="A shipped scenario or a TOML file. Default: three hosts, no script.", autocompletion=scenario_names
        ),
    ] = None,
    backend: Annotated[Backend, typer.Option(help="Real packets, or virtual time.")] = Backend.mininet,
    speed: Annotated[float, typer.Option(help="Divides every timer; 1 is real time.")] = 1.0,
    seed: Annotated[int, typer.Option(help="For everything random.", min=0)] = 0,
    port: Annotated[int, typer.Option(help="0: any free one.", min=0, max=65535)] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0: every one.")] = "127.0.0.1",
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    lang: LangOption = None,
) -> None:
    """Show a running lab in the browser, and break it by click.

    Example: herzschlag live slave-failure --backend simulation
    """
    try:
        from herzschlag.live.lab import LiveLab  # noqa: PLC0415
        from herzschlag.live.server import Access, Site  # noqa: PLC0415
        from herzschlag.live.serving import listen, serve  # noqa: PLC0415
    except ImportError as error:
        _fail(f"{error.name} is missing: pip install 'herzschlag[live]'", CANNOT_RUN)
    try:
        check_speed(speed, "--speed")
        chosen = PLAIN if scenario is None else load(scenario)
    except (ScenarioError, InputError) as error:
        _fail(str(error), WRONG_INPUT)
    backend, refused = asking.offered(backend, sys.argv[1:], ask=sys.stdin.isatty() and sys.stderr.isatty())
    if refused:
        _fail(refused, CANNOT_RUN)
    try:
        listening = listen(host, port)
    except InputError as error:
        _fail(str(error), WRONG_INPUT)
    lab = LiveLab(chosen, backend.value, speed=speed, seed=seed)
    access = Access(
        host, listening.getsockname()[1], lambda link: _say(gettext("For another browser: {link}", link=link))
    )
    if not is_loopback(host):
        said = N_("Warning: {host} can be reached from other machines. Any user with the link controls this lab.")
        _say(gettext(said, host=host))
    link = access.link()
    _say(gettext("Live page, until Ctrl-C: {link}", link=link))
    _say(gettext("For onlookers, who cannot act: {link}", link=access.onlookers_link()))
    if others := reached_at(host)[1:]:
        said = N_("Also at {addresses}, by address; a machine's name is refused.")
        _say(gettext(said, addresses=", ".join(others)))
    if open_browser:
        import webbrowser  # noqa: PLC0415 (looks for browsers)

        webbrowser.open(link)  # which waits: the socket listens already
    try:
        lab.start()
        serve(Site(lab.hub, access, None if lang is None else current()).app(), listening)
    except KeyboardInterrupt:
        pass  # that is how it ends
    finally:
        lab.close()


def _say(text: str) -> None:
    typer.echo(text)
    sys.stdout.flush()


def _fail(text: str, status: int) -> NoReturn:
    typer.echo(f"herzschlag live: {told(text)}", err=True)
    raise typer.Exit(status)
