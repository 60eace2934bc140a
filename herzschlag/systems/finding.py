"""Finding a system by its name, or by the path of its file: shipped ones, files, and those of other packages.

An entry point of the group `herzschlag.systems` leads to a `System`, or to a function that makes one.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

import msgspec

from herzschlag import extensions
from herzschlag.systems.model import System, check
from herzschlag.wrong_input import InputError, build, nearest


@cache
def shipped() -> tuple[str, ...]:
    folder = resources.files("herzschlag.systems") / "shipped"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def known() -> tuple[str, ...]:
    """Names of all systems that can be named without a path."""
    return (*shipped(), *extensions.names(extensions.SYSTEMS))


@cache
def system_named(name: str) -> System:
    """A shipped system or one of another package by its name, or a file by its path. Raises InputError for one that
    does not exist or is wrong, ExtensionError for one of another package that is."""
    if name.endswith(".toml") or "/" in name:
        try:
            return loads(Path(name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("system", f"{name!r} cannot be read: {error}; the path is looked for from here") from None
    if name in shipped():
        folder = resources.files("herzschlag.systems") / "shipped"
        return loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    if name in extensions.names(extensions.SYSTEMS):
        return _others()[name]
    raise InputError("system", f"{name!r} is not a system: {nearest(name, known())}, or the path of a TOML file")


def loads(text: str) -> System:
    """The system of a file's text. Raises InputError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError("system", f"its file is not TOML: {error}") from None
    return check(build(System, data, "system"))


@cache
def _others() -> dict[str, System]:
    return extensions.load(extensions.SYSTEMS, shipped(), _accept)


def _accept(value: object, name: str) -> System | str:
    """What an entry point leads to, as a system; or what is wrong with it."""
    made = value() if callable(value) else value
    if not isinstance(made, System):
        return f"it is {made!r}, not a herzschlag.systems.model.System"
    if made.name != name:
        return f"the system's name is {made.name!r}, the entry point's is {name!r}: the two must be equal"
    try:
        return check(msgspec.structs.replace(made))
    except InputError as error:
        return str(error)
