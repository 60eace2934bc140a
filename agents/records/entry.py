"""Entry: what every kind of record has in common, and the units of fields.

One class per kind; its tag is the kind's name in a history. A field may hold `UNSET`: then it is not written. A field
whose name is a word of Python ends with `_` in its class and without it in the history (`from_`, `from`).
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, ClassVar

import msgspec


class Unit(Enum):
    """What the number in a field measures. A field without one is a text, a count, or an identity."""

    INSTANT = "instant"
    LENGTH = "length"
    REAL_LENGTH = "real length"
    WALL_INSTANT = "wall-clock instant"


Instant = Annotated[int, Unit.INSTANT]
"""Nanoseconds of protocol time since the run began; a process on real packets writes its machine's monotonic clock."""
Length = Annotated[int, Unit.LENGTH]
"""Nanoseconds of protocol time; a process on real packets writes how long it took on its machine."""
RealLength = Annotated[int, Unit.REAL_LENGTH]
"""Nanoseconds of real time, whatever the run's speed."""
WallInstant = Annotated[int, Unit.WALL_INSTANT]
"""Nanoseconds of the machine's wall clock since 1970."""


class Entry(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    tag_field="kind",
    forbid_unknown_fields=True,
    rename=lambda name: name.rstrip("_"),
):
    """What one record says, without the instant and the node that wrote it."""

    state_of: ClassVar[tuple[str, ...] | None] = None
    """The fields that say what this kind tells the state of: the last record holds. None: it tells of an event."""
    states: ClassVar[tuple[str, ...]] = ()
    """The fields that say the state; others say why."""
    untold: ClassVar[tuple[str, ...] | None] = None
    """The state of which no record is written until it was another one."""
    remembered: ClassVar[bool] = False
    """After such an event a process knows more than before: it counts attempts, waits out a delay, keeps a file."""


def kind_of(entry: Entry | type[Entry]) -> str:
    return str(entry.__struct_config__.tag)


def fields_of(entry: Entry) -> dict[str, Any]:
    """The fields as a history shows them, in the order of the class, without the kind."""
    fields: dict[str, Any] = msgspec.to_builtins(entry)
    del fields["kind"]
    return fields
