"""Catalogues: what a text of the source is called in the language that is spoken.

`LANGUAGE/messages.po` is written by people; `messages.mo` and `scripts.json` are made of it (`make docs`) and lie
beside it, so that neither a wheel nor a checkout has anything to compile and no library is needed to read them. English
needs no catalogue: the source has it. A text without translation is shown in English, and
`tests/repository/test_languages.py` finds it before a reader does.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from herzschlag.languages.choice import ENGLISH, Language
from herzschlag.languages.current import current

if TYPE_CHECKING:
    from gettext import NullTranslations


def N_(message: str) -> str:
    """Marks a text that is looked up later, as one of a table."""
    return message


def N_pair(one: str, many: str) -> tuple[str, str]:
    """The same for a text with a form for one and another for many."""
    return one, many


def gettext(message: str, **values: object) -> str:
    """`message` in the language that is spoken; its `{names}` are replaced by `values`, if there are any."""
    language = current()
    said = message if language == ENGLISH or not message else _translations(language).gettext(message)
    return said.format(**values) if values else said


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """The form for a number of things; `{number}` is the number."""
    language = current()
    if language == ENGLISH:
        said = one if number == 1 else many
    else:
        said = _translations(language).ngettext(one, many, number)
    return said.format(number=number, **values)


def for_scripts(language: Language | None = None) -> dict[str, str | list[str]]:
    """The texts of JavaScript files for a page: a text, or the forms for one and for many, by the English text."""
    chosen = language or current()
    if chosen == ENGLISH:
        return {}
    found: dict[str, str | list[str]] = json.loads(_file(chosen, "scripts.json").decode())
    return found


@cache
def _translations(language: Language) -> NullTranslations:
    import io  # noqa: PLC0415 (English needs none of these)
    from gettext import GNUTranslations  # noqa: PLC0415

    return GNUTranslations(io.BytesIO(_file(language, "messages.mo")))


def _file(language: Language, name: str) -> bytes:
    return (resources.files("herzschlag.languages") / language / name).read_bytes()
