"""Parses the words of a `fault` command into a fault.

This module decides the notation of `fault KIND key=value ...`; it leaves what a fault means to `herzschlag.faults`,
whose fields are the keys. Pure functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from herzschlag.errors import WrongInput
from herzschlag.faults import Fault, kinds
from herzschlag.languages import N_
from herzschlag.wrong_input import nearest

NODES = ("host", "src", "dst", "a", "b", "keep", "over", "groups")
"""Fields that name nodes."""
NOTATION = N_("several: a,b; groups: a,b/c,d; links: A:a:b,B:a:b; options: name:value,name:value")


class WordsError(WrongInput):
    """Wrong words; the text says what they are, the rule, and the way out."""


def fault_of(kind: str, words: Sequence[str]) -> Fault:
    """`isolate`, `["host=host-98", "keep=gateway"]` to the value."""
    if kind not in kinds():
        raise WordsError(f"fault {kind!r}: {nearest(kind, sorted(kinds()))} (help fault lists them)")
    fields: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise WordsError(f"{word!r} is not KEY=VALUE: {usage(kind)}")
        if key not in keys(kind):
            raise WordsError(f"{key!r} is not a key of {kind}: {nearest(key, keys(kind))}")
        if key in fields:
            raise WordsError(f"{key} is given twice: separate several values by commas, {key}=one,two")
        fields[key] = _value(key, value)
    try:
        return msgspec.convert({"fault": kind, **fields}, kinds()[kind], strict=False)
    except msgspec.ValidationError as error:
        raise WordsError(f"{error}: {usage(kind)}") from None


def keys(kind: str) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kinds()[kind])]


def usage(kind: str) -> str:
    shown = [f"{f.name}=..." if f.required else f"[{f.name}=...]" for f in msgspec.structs.fields(kinds()[kind])]
    return " ".join(["fault", kind, *shown])


def choices(kind: str, key: str) -> list[str]:
    """The values that a key takes, when they are few and fixed."""
    if kind not in kinds() or key not in keys(kind):
        return []
    hint = get_type_hints(kinds()[kind])[key]
    if hint is bool:
        return ["true", "false"]
    return [str(choice) for choice in get_args(hint)] if get_origin(hint) is Literal else []


def _value(key: str, text: str) -> Any:
    if key == "groups":
        return [group.split(",") for group in text.split("/")]
    if key == "links":
        return [link.split(":") for link in text.split(",")]
    if key in ("options", "to"):
        return dict(_option(one) for one in text.split(","))
    if key == "keep" or "," in text:
        return text.split(",")
    return text


def _option(text: str) -> tuple[str, Any]:
    """A switch, a number, or a word."""
    name, _, value = text.rpartition(":")
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name, value
