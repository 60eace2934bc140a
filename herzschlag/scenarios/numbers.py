"""The limits of every number of a scenario, whichever key it has.

This module ensures that no number reaches the arithmetic of times and sizes that is not a number, is infinite, or is
larger than anything sensible. Narrower limits belong to the keys: `validation.py`, `options.py`, the faults. It reads
the unit off a key's last word, as every name here says it.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from herzschlag.wrong_input import InputError, join

LONGEST_S = 7 * 24 * 3600.0
LARGEST = 10**12
"""Of anything that is not a time: more megabytes, megahertz or records than there are."""
_LIMITS = (("_s", LONGEST_S, "a week"), ("_ms", LONGEST_S * 1000, "a week"))
_BESIDE = ("fault",)
"""Fields whose own keys are written beside those of their table."""


def check_numbers(value: Any, key: str = "") -> None:
    """Raise InputError for the first number that no key may have."""
    if isinstance(value, msgspec.Struct):
        for name, spelled in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            check_numbers(getattr(value, name), key if name in _BESIDE else join(key, spelled))
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_numbers(inner, join(key, str(name)))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            check_numbers(inner, join(key, index))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        _check(value, key)


def _check(number: float, key: str) -> None:
    if not math.isfinite(number):
        raise InputError(key, f"is {number}: a number that is neither infinite nor undefined")
    word = key.rpartition("[")[0] if key.endswith("]") else key
    for unit, most, told in _LIMITS:
        if word.endswith(unit) and abs(number) > most:
            raise InputError(key, f"is {number:g}: at most {most:g} ({told})")
    if abs(number) > LARGEST:
        raise InputError(key, f"is {number:g}: at most {LARGEST:g}")
