"""The command `clean`: removes old run directories."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from herzschlag.cli.ending import fail
from herzschlag.exit_status import FAILED, WRONG_INPUT
from herzschlag.languages import N_, gettext, number
from herzschlag.languages.option import LangOption
from herzschlag.languages.refusals import told
from herzschlag.running import old_runs
from herzschlag.running.which_run import RUNS
from herzschlag.wrong_input import InputError


def clean_command(  # noqa: PLR0917 (Typer calls it by name)
    keep: Annotated[int | None, typer.Option(help="Leave this many, the newest.", min=0, metavar="N")] = None,
    older_than: Annotated[
        str | None, typer.Option(help="Remove only what is older: 90m, 12h, 7d, 2w.", metavar="AGE")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Remove nothing, say what would go.")] = False,
    out_directory: Annotated[Path, typer.Option("--out", help="Where run directories are.")] = RUNS,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")] = False,
    lang: LangOption = None,
) -> None:
    """Remove old run directories. Runs that go on are left, and everything that is not a run of Herzschlag.

    Example: herzschlag clean --keep 10

    Example: herzschlag clean --older-than 7d --dry-run
    """
    del lang  # its callback has chosen the language
    if keep is None and older_than is None:
        fail("clean: say which may go: --keep 10, or --older-than 7d, or --keep 0 for all", WRONG_INPUT)
    try:
        older_than_s = old_runs.age_s(older_than) if older_than is not None else -1.0
    except InputError as error:
        fail(str(error), WRONG_INPUT)
    found = old_runs.found_in(out_directory)
    going = old_runs.chosen(found, keep=keep or 0, older_than_s=older_than_s, now_s=time.time())
    trouble = 0
    for one in going:
        try:
            if not dry_run:
                old_runs.remove(one)
        except OSError as error:
            typer.echo(f"herzschlag: {told(f'{one.path}: cannot be removed: {error.strerror}')}", err=True)
            trouble += 1
            continue
        if not quiet:
            said = N_("would remove {path} ({size})") if dry_run else N_("removed {path} ({size})")
            typer.echo(gettext(said, path=one.path, size=_megabytes(one.size_bytes)))
    for one in found:
        if one.left_because and not quiet:
            typer.echo(gettext("left {path}: {why}", path=one.path, why=told(one.left_because)))
    if not quiet:
        total = sum(one.size_bytes for one in going)
        said = N_("{number} of {all} would go, {size}") if dry_run else N_("{number} of {all} removed, {size}")
        typer.echo(gettext(said, number=len(going), all=len(found), size=_megabytes(total)))
    if trouble:
        raise typer.Exit(FAILED)


def _megabytes(size_bytes: int) -> str:
    return f"{number(size_bytes / 1e6, '.1f')} MB"
