"""The option `--lang` of a command: a command that has it speaks the user's language, from its first line on.

Use: `lang: LangOption = None` among the arguments of a Typer command; nothing else.
"""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from herzschlag.languages.choice import LANGUAGES, by_locale
from herzschlag.languages.current import use


class Lang(StrEnum):
    de = "de"
    en = "en"


def choose(ctx: typer.Context, wanted: Lang | None) -> Lang | None:
    """The language of this process: as asked for, else the locale's."""
    if not ctx.resilient_parsing:  # completion runs no command
        use(next((language for language in LANGUAGES if language == wanted), by_locale(os.environ)))
    return wanted


LangOption = Annotated[
    Lang | None,
    typer.Option(
        "--lang",
        callback=choose,
        is_eager=True,
        help="Language of texts; records and JSON stay English. Default: the locale's.",
    ),
]
