"""The command `herzschlag remote`: its options, then any other command, run on another machine.

This module decides what a user types and the exit status: the remote command's; 4 when the machine cannot be reached or
used; 2 for wrong usage. Standard output carries the remote command's standard output and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from herzschlag.exit_status import CANNOT_RUN
from herzschlag.languages.refusals import told

PATIENCE_S = 30.0  # on a connection that loses packets TCP needs many seconds to recover
# Options of `remote` come first; everything from the first other word on belongs to the remote command.
CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": False, "allow_interspersed_args": False}
FAR_FOLDER = "~/.cache/herzschlag"


def remote(  # noqa: PLR0917 (Typer calls it by name)
    context: typer.Context,
    vagrant: Annotated[bool, typer.Option("--vagrant", help="The VM of the Vagrantfile here or above.")] = False,
    machine: Annotated[str | None, typer.Option(help="Which one, when the Vagrantfile has several.")] = None,
    host: Annotated[str | None, typer.Option(metavar="USER@ADDRESS[:PORT]", help="Any machine.")] = None,
    key: Annotated[Path | None, typer.Option(help="Private key. Default: ssh-agent's, then those in ~/.ssh.")] = None,
    known_hosts: Annotated[
        Path | None, typer.Option(help="File of known host keys. Default: ~/.ssh/known_hosts.")
    ] = None,
    accept_new_key: Annotated[
        bool, typer.Option("--accept-new-key", help="Trust a host key never seen before, and remember it.")
    ] = False,
    far_folder: Annotated[str, typer.Option(help="Folder for project and results on the remote machine.")] = FAR_FOLDER,
    checkout: Annotated[
        str | None, typer.Option(help="A checkout on the remote machine, already set up and used as it is.")
    ] = None,
    setup: Annotated[
        str | None, typer.Option(help="Command that sets the project up remotely. Default: make setup.")
    ] = None,
    patience: Annotated[
        float, typer.Option(min=1, max=3600, help="Seconds without a sign of life after which the connection is dead.")
    ] = PATIENCE_S,
) -> None:
    """Run any command on another machine over SSH, and download its results.

    The project is sent as it is here, and set up, when it is missing or different. Besides the commands of this
    program there are: `test` (the project's tests), `make TARGET` (of its Makefile), `prepare` (send and set up only)
    and `fetch` (download results that a broken connection left on the remote machine).

    Example: herzschlag remote --vagrant run isolation

    Example: herzschlag remote --host me@lab.example.org --key ~/.ssh/id_ed25519 run partition --speed 10
    """
    try:
        from herzschlag.remote.order import RemoteOrder, carry_out  # noqa: PLC0415 (paramiko is optional, and slow to import)
    except ModuleNotFoundError as error:
        said = told(f"{error.name} is missing: pip install 'herzschlag[remote]'")
        typer.echo(f"herzschlag remote: {said}", err=True)
        raise typer.Exit(CANNOT_RUN) from None
    order = RemoteOrder(
        typed=context.args,
        vagrant=vagrant,
        machine=machine,
        host=host,
        key=key,
        known_hosts=known_hosts,
        accept_new_key=accept_new_key,
        far_folder=far_folder,
        checkout=checkout,
        setup=setup,
        patience_s=patience,
    )
    raise typer.Exit(carry_out(order))
