"""The option `--lang` of a command, and the language before any command is known: of help and of wrong words.

Use: `lang: LangOption = None` among the arguments of a Typer command; nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

import typer

from herzschlag.languages.choice import LANGUAGES, Language, by_locale
from herzschlag.languages.current import use


class Lang(StrEnum):
    de = "de"
    en = "en"


def early(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """What the words of a command line ask for, right or wrong as they may be; else the locale's."""
    words = " ".join(arguments).replace("--lang=", "--lang ").split()
    asked = next((after for word, after in pairwise(words) if word == "--lang"), "")
    return next((language for language in LANGUAGES if language == asked), by_locale(environment))


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
