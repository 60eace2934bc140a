"""How a command ends early: one line on standard error, in the reader's language, and an exit status."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console

from herzschlag.languages.refusals import told

_err = Console(stderr=True, highlight=False)


def fail(text: str, status: int) -> NoReturn:
    _err.print(f"herzschlag: {told(text)}", markup=False, soft_wrap=True)
    raise typer.Exit(status)
