"""The command `herzschlag remote`: its options, then any other command, run on another machine.

Decides what is typed and the exit status: the far command's own; 4 when the machine cannot be reached or used; 2 for
wrong usage. Standard output carries what the far command wrote there and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from herzschlag.exit_status import CANNOT_RUN

PATIENCE_S = 30.0  # on a line that loses packets TCP needs many seconds to recover
# Options of `remote` come first; everything from the first other word on belongs to the far command.
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
    far_folder: Annotated[str, typer.Option(help="Where project and results live over there.")] = FAR_FOLDER,
    checkout: Annotated[
        str | None, typer.Option(help="A checkout over there, set up already, used as it is: nothing is brought.")
    ] = None,
    setup: Annotated[
        str | None, typer.Option(help="Command that sets the project up over there. Default: make setup.")
    ] = None,
    patience: Annotated[
        float, typer.Option(min=1, max=3600, help="Seconds without a sign of life after which the line is dead.")
    ] = PATIENCE_S,
) -> None:
    """Run any command on another machine over SSH, and bring its results home.

    The project is brought there as it is here, and set up, when it is missing or different. Besides the commands of
    this program there are: `test` (the project's tests), `make TARGET` (of its Makefile), `prepare` (bring and set up,
    no more) and `fetch` (bring home what a broken connection left there).

    Example: herzschlag remote --vagrant run isolation

    Example: herzschlag remote --host me@lab.example.org --key ~/.ssh/id_ed25519 run partition --speed 10
    """
    try:
        from herzschlag.remote.order import Order, carry_out  # noqa: PLC0415 (paramiko is optional, and slow to import)
    except ModuleNotFoundError as error:
        typer.echo(f"herzschlag remote: {error.name} is missing: pip install 'herzschlag[remote]'", err=True)
        raise typer.Exit(CANNOT_RUN) from None
    order = Order(
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
