"""The values of a change: what begins, what ends and what holds from then on, and the outcome."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Generic, NamedTuple, TypeVar, cast

from herzschlag.faults.primitives import AnyCondition, Condition

C = TypeVar("C", bound=Condition)


class OfOneKind(NamedTuple, Generic[C]):
    """The change of conditions of one kind. It is true when it changes any."""

    begins: tuple[C, ...] = ()
    ends: tuple[C, ...] = ()
    wanted: tuple[C, ...] = ()
    """All that hold from the change on."""

    @property
    def changed(self) -> tuple[C, ...]:
        return self.begins + self.ends

    def __bool__(self) -> bool:
        return bool(self.begins or self.ends)


class Difference:
    """The difference between the conditions that hold and those that are wanted. It is sorted by kind when it is made,
    which is before the instant of the change, because a split of 96 hosts has thousands of cuts."""

    def __init__(self, held: frozenset[AnyCondition], wanted: frozenset[AnyCondition]) -> None:
        self.begins = wanted - held
        self.ends = held - wanted
        self.wanted = wanted
        begins, ends, all_wanted = map(_by_kind, (self.begins, self.ends, self.wanted))
        self._kinds = {
            kind: OfOneKind(
                tuple(begins.get(kind, ())),
                tuple(ends.get(kind, ())),
                tuple(all_wanted.get(kind, ())),
            )
            for kind in {*begins, *ends, *all_wanted}
        }

    def of(self, kind: type[C]) -> OfOneKind[C]:
        return cast("OfOneKind[C]", self._kinds.get(kind, _NONE))


_NONE: OfOneKind[Any] = OfOneKind()


def _by_kind(conditions: Iterable[AnyCondition]) -> dict[type, list[AnyCondition]]:
    found: dict[type, list[AnyCondition]] = {}
    for condition in conditions:
        found.setdefault(type(condition), []).append(condition)
    return found


class Applied(NamedTuple):
    """A change that was made, or a part of it."""

    at_ns: int
    """The instant from which on it was in effect, on the monotonic clock."""
    evidence: dict[str, Any]
    """The evidence that it was in effect."""
    took_ns: int = 0
    """How long it took to come into effect everywhere."""
    dropped: int | None = None
    """How many packets met the cuts that ended; None if none did."""


def in_force_since(parts: Iterable[Applied]) -> int:
    """A change is in force when the last of its parts is; one that changes nothing is in force at once."""
    return max((part.at_ns for part in parts), default=time.monotonic_ns())
