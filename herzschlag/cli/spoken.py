"""What the command line says by itself, in the reader's language: help, and words that it refuses.

Help is English where commands and options are defined, and in docs/commands.md. This module decides how it is
translated, a paragraph at a time (`paragraphs`, by which docs/generate/catalogue.py finds them), and that examples stay
as they are typed. In English it changes nothing.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import typer
from typer import rich_utils
from typer.core import TyperGroup

from herzschlag.languages import ENGLISH, N_, current, gettext
from herzschlag.languages.refusals import told

EXAMPLE = "Example: "
BY_TYPER = {
    "ARGUMENTS_PANEL_TITLE": N_("Arguments"),
    "OPTIONS_PANEL_TITLE": N_("Options"),
    "COMMANDS_PANEL_TITLE": N_("Commands"),
    "ERRORS_PANEL_TITLE": N_("Error"),
    "DEFAULT_STRING": N_("[default: {}]"),
    "REQUIRED_LONG_STRING": N_("[required]"),
    "RICH_HELP": N_("Try [blue]'{command_path} {help_option}'[/] for help."),
}
"""Texts of Typer, by their names there."""
OF_EACH = N_("Show this message and exit.")
"""Of the option --help."""
TYPES = {
    "str": N_("text"),
    "path": N_("path"),
    "int range": N_("whole number"),
    "int": N_("whole number"),
    "float range": N_("number"),
    "float": N_("number"),
    "bool": N_("switch"),
}
"""What Typer calls the type of a value, and what it is for people; in English it stays Typer's."""
_TYPE = re.compile(rf"<(?:list\[)?({'|'.join(TYPES)})\]?>")


OPTIONS, COMMAND = N_("[OPTIONS]"), N_("COMMAND [ARGS]...")
"""In the line of usage."""


class _Formatter(typer.Context.formatter_class):  # type: ignore[misc,valid-type]  # Typer has no public name for it
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, gettext("Usage: ") if prefix is None else prefix)


class _Context(typer.Context):
    formatter_class = _Formatter


class Spoken(TyperGroup):
    """The group of all commands."""

    context_class = _Context

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _translated(super().get_command(ctx, cmd_name), ctx)

    def get_params(self, ctx: Any) -> Any:
        return _options(super().get_params(ctx))

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        for name, text in BY_TYPER.items():
            setattr(rich_utils, name, gettext(text))
        if current() != ENGLISH:
            self.help = _in_paragraphs(self.help or "")
            self.options_metavar, self.subcommand_metavar = gettext(OPTIONS), gettext(COMMAND)
        with _in_words():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        with _in_words():
            return super().invoke(ctx)


def paragraphs(text: str) -> list[str]:
    """Of a docstring, each in one line."""
    return [" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n")]


def _translated(command: Any, ctx: Any) -> Any:
    """The command with German texts. A second time changes nothing: no German text is a key."""
    if command is not None and current() != ENGLISH:
        command.context_class = _Context
        command.help = _in_paragraphs(command.help or "")
        command.rich_help_panel = gettext(command.rich_help_panel or "") or None
        command.options_metavar = gettext(OPTIONS)
        _options(command.get_params(ctx))
    return command


def _options(params: Sequence[Any]) -> Sequence[Any]:
    for one in params:
        if current() != ENGLISH:
            one.help = gettext(one.help or "") or None
            one.metavar = gettext(placeholder(one)) or None
            vars(one)["display_type"] = partial(_type, one)
    return params


def placeholder(param: Any) -> str:
    """The placeholder of a value: as its option names it, or the name of an argument; else nothing."""
    if param.metavar:
        return str(param.metavar)
    return str(param.name) if param.param_type_name == "argument" else ""


def _type(param: Any, ctx: Any) -> str:
    """`<Text>` for Typer's `<str>`; choices stay, as they are typed."""
    told = type(param).display_type(param, ctx)
    found = _TYPE.fullmatch(told)
    return told if found is None else f"<{gettext(TYPES[found[1]])}>"


def _in_paragraphs(text: str) -> str:
    said = []
    for one in paragraphs(text):
        example = one.removeprefix(EXAMPLE)
        said.append(gettext(one) if example == one else gettext("Example: {command}", command=example))
    return "\n\n".join(said)


@contextmanager
def _in_words() -> Iterator[None]:
    """Refusals of Typer in the reader's language."""
    try:
        yield
    except typer.TyperException as error:
        if hasattr(error, "format_message") and current() != ENGLISH:
            said = told(error.format_message())
            vars(error)["format_message"] = lambda: said
        raise
