"""Families: one scenario file that describes several runs, equal but for some keys.

This module decides how `[[variants]]` change a file: each names keys by their path (`steps[0].for_s`) and gives other
values; a key that the file does not have yet may be added at the end of a path. It leaves judging the result to the
ordinary checks.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import msgspec

from herzschlag.wrong_input import InputError, build, join, nearest

_PART = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")
_PATH = re.compile(r"[^.\[\]]+(\[[0-9]+\]|\.[^.\[\]]+)*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    set: dict[str, Any]
    """Path of a key to its value in this variant."""
    title: str = ""


def family(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Variant to the whole scenario as plain tables; a file without variants is its own, under the empty name."""
    if "variants" not in data:
        return {"": data}
    base = {key: value for key, value in data.items() if key != "variants"}
    found: dict[str, dict[str, Any]] = {}
    for index, variant in enumerate(build(list[Variant], data["variants"], "variants")):
        key = join("variants", index)
        if not _NAME.fullmatch(variant.name) or variant.name in found:
            raise InputError(f"{key}.name", f"is {variant.name!r}: letters, digits, '-' and '_', each name once")
        member = copy.deepcopy(base)
        for path, value in variant.set.items():
            _put(member, path, value, f"{key}.set")
        member["name"] = f"{base.get('name', '')}@{variant.name}"
        member["title"] = f"{base.get('title', '')}: {variant.title or variant.name}"
        found[variant.name] = member
    if not found:
        raise InputError("variants", "is empty: give at least one, or leave it out")
    return found


def _put(data: Any, path: str, value: Any, key: str) -> None:
    if not _PATH.fullmatch(path):
        raise InputError(key, f"{path!r} is not a path of a key: write for example 'steps[0].for_s'")
    parts: list[str | int] = [int(number) if number else word for word, number in _PART.findall(path)]
    for done, part in enumerate(parts[:-1]):
        data = _step(data, part, parts[: done + 1], key)
    last = parts[-1]
    if isinstance(data, list) and isinstance(last, int):
        _step(data, last, parts, key)
        data[last] = value
    elif isinstance(data, dict) and isinstance(last, str):
        data[last] = value
    else:
        raise InputError(key, f"{path!r} leads into a plain value")


def _step(data: Any, part: str | int, way: list[str | int], key: str) -> Any:
    shown = ""
    for item in way:
        shown = join(shown, item)
    if isinstance(data, list) and isinstance(part, int):
        if part < len(data):
            return data[part]
        raise InputError(key, f"{shown!r} is not there: the list has {len(data)} items, counted from 0")
    if isinstance(data, dict) and isinstance(part, str):
        if part in data:
            return data[part]
        raise InputError(key, f"{shown!r} is not there: {nearest(part, data)}")
    raise InputError(key, f"{shown!r} is not there: it leads into a plain value, or takes a list for a table")
