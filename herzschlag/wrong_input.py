"""Converts nested tables to typed values, with errors that a user can act on.

This module decides how wrong input is reported: which key, its value, the rule, and the nearest key that exists. It
leaves what the values mean to the caller. msgspec does the typing; this file finds unknown keys first, because msgspec
says neither which key was meant nor names more than the enclosing table.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from herzschlag.errors import WrongInput

T = TypeVar("T")

LISTED_MAX = 30
"""Names that are listed whole in a message."""
ALIKE_MAX = 5


class InputError(WrongInput):
    """Wrong input: `key` is where (dotted, with positions), the text is value, rule and way out."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key}: {text}" if key else text)
        self.key = key
        self.text = text

    @property
    def errors(self) -> tuple[InputError, ...]:
        """Every single one."""
        return (self,)


class InputErrors(InputError):
    """Several at once, so that a user sees all of them: `key` and `text` are those of the first."""

    def __init__(self, errors: Sequence[InputError]) -> None:
        super().__init__(errors[0].key, errors[0].text)
        self.args = ("\n".join(str(error) for error in errors),)
        self._errors = tuple(errors)

    @property
    def errors(self) -> tuple[InputError, ...]:
        return self._errors


class Gathered:
    """Collects wrong input: each part is tried under `with gathered.each()`, then `close` raises all that was wrong."""

    def __init__(self) -> None:
        self._found: list[InputError] = []

    @contextmanager
    def each(self) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            self._found += error.errors

    @property
    def count(self) -> int:
        return len(self._found)

    def close(self) -> None:
        """Raise InputError for one, InputErrors for several."""
        if self._found:
            raise self._found[0] if len(self._found) == 1 else InputErrors(self._found)


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or the known names; of a long list only those that are at all alike."""
    known = list(known)
    lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.5)
    if close:
        return f"did you mean {lower[close[0]]!r}?"
    if len(known) <= LISTED_MAX:
        return f"known: {', '.join(known)}" if known else "none is known"
    alike = [lower[name] for name in difflib.get_close_matches(word.lower(), lower, n=ALIKE_MAX, cutoff=0.0)]
    return f"the nearest of {len(known)} are {', '.join(alike)}"


def join(path: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def unknown_keys(data: dict[str, Any], known: Iterable[str], path: str) -> None:
    """Raise for every key that is not known."""
    known = list(known)
    gathered = Gathered()
    for key in data:
        with gathered.each():
            if key not in known:
                raise InputError(join(path, key), f"unknown key: {nearest(key, known)}")
    gathered.close()


def build(kind: type[T], data: Any, path: str = "") -> T:
    """Make a value of `kind` out of plain tables and lists. Raises for everything that is wrong in them."""
    gathered = Gathered()
    _walk(kind, data, path, gathered)
    gathered.close()
    return _converted(kind, data, path)


def _converted(kind: type[T], data: Any, path: str) -> T:
    try:
        return msgspec.convert(data, kind, strict=True)
    except msgspec.ValidationError as error:
        raise _readable(error, data, path) from None


def _walk(kind: Any, data: Any, path: str, gathered: Gathered) -> None:
    """Look for unknown and missing keys, and at every value, in each table whose struct is plain to see."""
    struct = _struct_in(kind)
    if struct is not None and isinstance(data, list):
        for index, item in enumerate(data):
            if isinstance(item, dict):
                _walk(struct, item, join(path, index), gathered)
    elif struct is not None and isinstance(data, dict):
        _walk_table(struct, data, path, gathered)
    elif struct is None:
        with gathered.each():
            _converted(kind, data, path)


def _walk_table(struct: type[msgspec.Struct], data: dict[str, Any], path: str, gathered: Gathered) -> None:
    hints = get_type_hints(struct)
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    with gathered.each():
        unknown_keys(data, fields, path)
    for key, field in fields.items():
        if key in data:
            _walk(hints[field.name], data[key], join(path, key), gathered)
        elif field.required:
            with gathered.each():
                raise InputError(path or "(top)", f"the key {key!r} is missing: add it")


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """The one struct in a type such as `tuple[Host, ...] | int`; None for none, several, or a mapping of them."""
    if get_origin(kind) is dict:
        return None
    found = {*_structs(kind)}
    return found.pop() if len(found) == 1 else None


def _structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    elif isinstance(kind, types.UnionType) or get_origin(kind) in (Union, tuple, list):
        for inner in get_args(kind):
            yield from _structs(inner)


_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")


_WRONG_TYPE = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `[^`]+`")
_WORDS = {
    "float": "a number",
    "int": "a whole number",
    "str": "a text in quotes",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}


def _readable(error: msgspec.ValidationError, data: Any, path: str) -> InputError:
    text = str(error)
    where = ""
    if (at := _AT.search(text)) is not None:
        where = at["path"]
        text = text[: at.start()]
    key = (path + where).lstrip(".")
    if (missing := _MISSING.fullmatch(text)) is not None:
        return InputError(key or "(top)", f"the key {missing['field']!r} is missing: add it")
    value = _value_at(data, where)
    if (wrong := _WRONG_TYPE.fullmatch(text)) is not None:
        wanted = " or ".join(_WORDS.get(word.strip(), word.strip()) for word in wrong["wanted"].split("|"))
        text = f"{wanted} is wanted"
    return InputError(key or "(top)", f"is {value}: {text[0].lower()}{text[1:]}")


def _value_at(data: Any, where: str) -> str:
    """The value an error path such as `.steps[0].at_s` leads to, cut to one line."""
    for step in re.findall(r"\[\d+\]|\.[^.\[]+", where):
        try:
            data = data[int(step[1:-1])] if step[0] == "[" else data[step[1:]]
        except (KeyError, IndexError, TypeError):
            return "something"
    shown = repr(data)
    return shown if len(shown) <= 60 else shown[:57] + "..."
