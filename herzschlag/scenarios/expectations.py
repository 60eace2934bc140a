"""Expectations: the `[expect]` part of a scenario, which says what must be true of a run, as values.

This module decides how an expectation is written and when a record matches one. It leaves judging a history to
`herzschlag.checkers`. A moment is written as a word: the `id` of a step means the instant its fault was effective,
`id.end` the instant it was undone, and `start`, `ready`, `end` those of the run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from herzschlag.history.records import History, Record

Value = str | int | float | bool
Matcher = dict[str, Value | list[Value]]
"""`kind`, perhaps `node`, and fields. A list means any of these; a text that begins with `~` is to be contained."""

_RESERVED_KIND = {"start": "run", "ready": "ready", "end": "end"}
RESERVED_MOMENTS = tuple(_RESERVED_KIND)
OWN = "own"
"""Source of an expectation that its author has from no documentation."""
NOWHERE = "nowhere"
UNMOVED = "unmoved"
CHECKER_NAMES = (
    "timeline",
    "expectations",
    "one-writer",
    "started-twice",
    "lock-holders",
    "restart-justified",
    "restart-owned",
    "restart-order",
    "restart-in-time",
    "restart-attempts",
    "placement",
    "isolation-justified",
    "isolation-in-time",
    "response-owned",
    "guest-care",
    "storage-loss",
    "untouched",
    "asked-for",
    "request-obeyed",
    "vms-run",
    "one-master",
    "right-master",
    "incumbent",
    "following",
    "patience",
    "full-joins",
    "path-silence",
    "point-to-point",
    "list-owners",
    "belief",
    "vcenter-belief",
    "reports-missed",
    "heartbeat-datastores",
    "replays",
    "fault-in-effect",
    "lateness",
    "machinery",
)
"""Checkers that `[[expect.allow]]` may name, of the modelled system. Here and not in `herzschlag.checkers`, which reads
scenarios; a test holds the two equal."""

FOREIGN_CHECKER_NAMES = (
    *("one-holder", "one-view", "one-leader-per-term", "link-opinions", "acknowledged", "programs-live"),
)
"""The same, of other systems."""


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all expectations."""


class Instant(Expectation, frozen=True, kw_only=True):
    """An instant: when the first such record must come. Either `published_s` or `expected_s` is given."""

    name: str
    record: Matcher
    published_s: float | tuple[float, float] | None = None
    """Seconds after `after` as documentation gives them: a figure, or the lowest and the highest."""
    expected_s: float | tuple[float, float] | None = None
    """The same, under the name that suits an expectation of your own."""
    source: str = OWN
    """Who says so: section of the fact sheet, and the sources it names; `own`: the author of the scenario."""
    after: str | Matcher = ""
    """A moment, or the first record that matches; empty: the first step."""
    room_s: float = 0.0
    """Extra room upwards, for a poll of that period."""
    nth: int = 1
    """Which of the matching records, from 1."""

    @property
    def range_s(self) -> tuple[float, float]:
        figure = self.expected_s if self.published_s is None else self.published_s
        assert figure is not None, "validation refuses an instant without one"
        return figure if isinstance(figure, tuple) else (figure, figure)


class Window(Expectation, frozen=True, kw_only=True):
    """A stretch of the run: from `after` + `after_s` until `until` + `until_s`."""

    after: str = "ready"
    after_s: float = 0.0
    until: str = "end"
    until_s: float = 0.0


class Never(Window, frozen=True, kw_only=True):
    """No such record in the window."""

    name: str
    record: Matcher
    source: str = ""


class Count(Window, frozen=True, kw_only=True):
    """The number of such records in the window."""

    name: str
    record: Matcher
    source: str = ""
    exactly: int | None = None
    at_least: int | None = None
    at_most: int | None = None
    distinct: str = ""
    """Count different values of this field instead of records."""


class Order(Window, frozen=True, kw_only=True):
    """Such records follow each other in this order; others may come between."""

    name: str
    records: tuple[Matcher, ...]
    source: str = ""


class Seen(Expectation, frozen=True, kw_only=True):
    """The states in which one observer sees hosts."""

    by: str
    hosts: dict[str, str]


class State(Expectation, frozen=True, kw_only=True):
    """Roles, opinions and VMs at one moment."""

    name: str
    at: str = "end"
    at_s: float = 0.0
    """Seconds after that moment."""
    source: str = ""
    roles: dict[str, str] = {}
    """Host to role; `off` for a host without power."""
    seen: tuple[Seen, ...] = ()
    vms: dict[str, str | tuple[str, ...]] = {}
    """VM to where it runs: a host, one of several hosts, `nowhere`, or `unmoved` (on the host where it began)."""


class Allow(Expectation, frozen=True, kw_only=True):
    """A violation of a general checker that is, in this scenario, what the documentation says happens."""

    checker: str
    because: str
    must: bool = False
    """It has to happen: a run in which the checker finds nothing is violated."""


class Expectations(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    instant: tuple[Instant, ...] = ()
    never: tuple[Never, ...] = ()
    state: tuple[State, ...] = ()
    order: tuple[Order, ...] = ()
    count: tuple[Count, ...] = ()
    allow: tuple[Allow, ...] = ()

    def all(self) -> list[tuple[str, Expectation]]:
        """Every expectation with its key in the file."""
        return [
            (f"expect.{name}[{index}]", item)
            for name in self.__struct_fields__
            for index, item in enumerate(getattr(self, name))
        ]

    def asks_for(self, kind: str) -> bool:
        """Whether one of them is about records of this kind; those without any are left to validation."""
        matchers: list[Matcher] = []
        for _, item in self.all():
            match item:
                case Instant() | Never() | Count():
                    matchers.append(item.record)
                case Order():
                    matchers += item.records
                case _:
                    pass
        return kind in kinds_named(one for one in matchers if "kind" in one)


def matches(record: Record, matcher: Matcher) -> bool:
    for name, wanted in matcher.items():
        if name == "kind":
            found: Any = record.kind
        elif name == "node":
            found = record.node
        else:
            found = record.fields.get(name)
        if not any(_equal(found, value) for value in (wanted if isinstance(wanted, list) else [wanted])):
            return False
    return True


def matching(history: History, matcher: Matcher, from_ns: int = 0, until_ns: int | None = None) -> list[Record]:
    """Records that match, `from_ns` and `until_ns` included."""
    kinds = matcher["kind"] if isinstance(matcher["kind"], list) else [matcher["kind"]]
    found = [
        record
        for kind in kinds
        for record in history.of_kind(str(kind))
        if from_ns <= record.at_ns and (until_ns is None or record.at_ns <= until_ns) and matches(record, matcher)
    ]
    return found if len(kinds) == 1 else sorted(found, key=lambda record: record.seq)


def kinds_named(matchers: Iterable[Matcher]) -> tuple[str, ...]:
    """Kinds of record that these matchers may match."""
    named = (matcher["kind"] for matcher in matchers)
    return tuple(str(kind) for given in named for kind in (given if isinstance(given, list) else [given]))


def kind_of_moment(word: str) -> str:
    """The kind of record that marks it; an empty word is the first step's moment."""
    return _RESERVED_KIND.get(word, "fault")


def moment(history: History, word: str) -> Record | None:
    """The record that marks a moment; None when it never came."""
    if word in RESERVED_MOMENTS:
        found = history.of_kind(_RESERVED_KIND[word])
    elif word.endswith(".end"):
        found = history.where("fault", id=word.removesuffix(".end"), phase="end")
    else:
        found = history.where("fault", id=word, phase="begin")
    return found[0] if found else None


def show(matcher: Matcher) -> str:
    return " ".join(f"{name}={value}" for name, value in matcher.items())


def _equal(found: Any, wanted: Value) -> bool:
    if isinstance(wanted, str) and wanted.startswith("~"):
        return isinstance(found, str) and wanted[1:] in found
    return type(found) is type(wanted) and found == wanted if isinstance(wanted, bool) else bool(found == wanted)
