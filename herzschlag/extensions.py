"""The checkers and faults of other packages, found by entry points when first needed; a broken one is named.

This module decides which entry points there are, and that a broken one is never left out in silence: a caller gets the
whole group, or an ExtensionError that names the entry point, its package, what is wrong and the way out. What an object
must be is decided by the modules that own the two groups, `herzschlag.faults` and `herzschlag.checkers`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import TYPE_CHECKING, NoReturn, TypeVar

from herzschlag.errors import UnusableMachine

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

CHECKERS = "herzschlag.checkers"
FAULTS = "herzschlag.faults"
SYSTEMS = "herzschlag.systems"
"""The groups. An entry point's name is the name of the checker or system, or the kind of the fault."""

T = TypeVar("T")


class ExtensionError(UnusableMachine):
    """What another package brings cannot be used: the text names both, and says what is wrong and the way out."""


@cache
def _installed(group: str) -> tuple[EntryPoint, ...]:
    """The installed entry points in the order of their names, so that the order of installation does not matter."""
    from importlib.metadata import entry_points  # noqa: PLC0415 (costs 20 ms, which processes of the lab need not pay)

    return tuple(sorted(entry_points(group=group), key=lambda found: (found.name, found.value)))


def names(group: str) -> tuple[str, ...]:
    """The names of a group, found without importing anything."""
    return tuple(found.name for found in _installed(group))


def load(group: str, taken: Collection[str], accept: Callable[[object, str], T | str]) -> dict[str, T]:
    """Name to object, for the whole group. `accept` returns what the object is used as, or what is wrong with it;
    `taken` are the names that the project itself uses. Raises ExtensionError."""
    found: dict[str, T] = {}
    brought: dict[str, EntryPoint] = {}
    for entry in _installed(group):
        if entry.name in taken:
            _refuse(group, entry, "herzschlag has one of this name itself", "give it another name")
        if entry.name in brought:
            other = package_of(brought[entry.name])
            _refuse(group, entry, f"the package {other} brings one of this name, too", "uninstall one of the two")
        try:
            value = entry.load()
        except (Exception, SystemExit) as error:  # whatever its module does when imported
            _refuse(group, entry, f"importing it failed: {type(error).__name__}: {error}", "mend the package")
        accepted = accept(value, entry.name)
        if isinstance(accepted, str):
            _refuse(group, entry, accepted, "mend the package")
        brought[entry.name], found[entry.name] = entry, accepted
    return found


def package_of(entry: EntryPoint) -> str:
    """The distribution that has the entry point, as pip knows it."""
    return entry.dist.name if entry.dist is not None else "(unknown)"


def _refuse(group: str, entry: EntryPoint, what: str, way_out: str) -> NoReturn:
    package = package_of(entry)
    raise ExtensionError(
        f"{group} {entry.name} = {entry.value}, of the package {package}: {what}: "
        f"{way_out}, or take it away: pip uninstall {package} (docs/extending.md)"
    ) from None
