"""Words for people in their language: English in the source, others from catalogues; records and JSON stay English.

This module decides what a caller uses: `gettext` and `ngettext` for what is written, `number` for figures between
words, `use` and `speaking` for the language. Which language a user wants is decided in `choice.py` and `option.py`. The
catalogue of a language is made by `docs/generate/catalogue.py` from every call of these functions.
"""

from __future__ import annotations

from herzschlag.languages.catalogue import N_, N_pair, for_scripts, gettext, ngettext
from herzschlag.languages.choice import ENGLISH, LANGUAGES, Language
from herzschlag.languages.current import current, speaking, use
from herzschlag.languages.numbers import number

__all__ = [
    "ENGLISH",
    "N_",
    "N_pair",
    "LANGUAGES",
    "Language",
    "current",
    "for_scripts",
    "gettext",
    "ngettext",
    "number",
    "speaking",
    "use",
]
