"""The command `help`, for those who type the word."""

from __future__ import annotations

from typing import Annotated

import typer


def help_command(
    context: typer.Context,
    command: Annotated[str | None, typer.Argument(help="One of the commands.")] = None,
) -> None:
    """Show this help, or that of a command: the same as COMMAND --help.

    Example: herzschlag help run
    """
    assert context.parent is not None
    words = [] if command is None else [command]
    context.parent.command.main(args=[*words, "--help"], prog_name=context.parent.info_name)
