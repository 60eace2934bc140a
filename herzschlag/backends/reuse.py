"""A lab that goes on after one user is done with it: the same session, with a history of its own for the next user.

Decides what of the past the next history needs, and when a lab stands as it did when it was new. For each host, VM,
lock and opinion the next history begins with the last record, at its own time, so that checkers know how things stood;
and for each process with the record of its latest timer, which bounds all later ones, because a process tells at once
of one that is later than all before. Everything else of the past is left out. Leaves whether a lab is used again to
`herzschlag.plugin.labs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from herzschlag.backends.base import Session
from herzschlag.history.records import Record

KEYS: dict[str, tuple[str, ...]] = {
    "role": (),
    "host-state": ("host",),
    "path": ("host", "network"),
    "vm": ("vm",),
    "protect": ("vm", "phase"),
    "lock": ("datastore", "path"),
    "datastore": ("datastore",),
    "slot": ("datastore",),
    "config": (),
    "vcenter": (),
}
"""Kinds of records that tell how something stands, and the fields that say of what."""
SAYS = ("to", "master", "owner", "generation", "protected")
"""The fields that say how it stands; others say why, and since when."""
REMEMBERED = frozenset({"restart", "isolation", "vmcp", "vmm", "mastership", "machinery"})
"""Kinds after which somebody knows more than at first: counts attempts, waits out a delay, keeps a file."""


def standing(records: Sequence[Record]) -> list[Record]:
    """The last record of each thing and the latest timer of each process, in order of time."""
    last: dict[tuple[Any, ...], Record] = {}
    for item in records:
        if item.kind in KEYS:
            last[_thing(item)] = item
        elif item.kind == "lateness":
            key = (item.node, item.kind, item.get("process"))
            if key not in last or _late_ns(item) >= _late_ns(last[key]):
                last[key] = item
    return sorted(last.values(), key=lambda item: item.at_ns)


def snapshot(records: Sequence[Record]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """How everything stands, comparable: equal means that a test would notice no difference."""
    found = {
        _thing(item): tuple(item.get(name) for name in SAYS) for item in standing(records) if item.kind != "lateness"
    }
    # A path that carries is told only after it was silent.
    return {thing: says for thing, says in found.items() if thing[1] != "path" or says[0] != "up"}


def difference(before: dict[tuple[Any, ...], tuple[Any, ...]], now: dict[tuple[Any, ...], tuple[Any, ...]]) -> str:
    """One thing that two snapshots of a cluster differ in, in words; empty when they are equal."""
    things = [thing for thing in now.keys() | before.keys() if now.get(thing) != before.get(thing)]
    if not things:
        return ""
    thing = min(things, key=str)
    return f"{' '.join(map(str, thing))} is {_says(now.get(thing))}, it was {_says(before.get(thing))}"


def remembered(records: Sequence[Record], since_ns: int) -> list[str]:
    """Kinds of what happened from then on and leaves a trace in the cluster although all stands as before."""
    return sorted({item.kind for item in records if item.kind in REMEMBERED and item.at_ns >= since_ns})


def _says(how: tuple[Any, ...] | None) -> str:
    return "not there" if how is None else " ".join(str(word) for word in how if word is not None)


def _thing(item: Record) -> tuple[Any, ...]:
    return (item.node, item.kind, *(item.get(name) for name in KEYS[item.kind]))


def _late_ns(item: Record) -> int:
    return int(item.get("max_ns") or 0)


class ContinuedSession:
    """Hands everything on to the session underneath; only its records begin anew."""

    def __init__(self, session: Session) -> None:
        before = session.records()
        self._session = session.underneath if isinstance(session, ContinuedSession) else session
        self._records = standing(before)
        self._seen = len(self._session.records())
        self._session.resume()

    @property
    def underneath(self) -> Session:
        return self._session

    def records(self) -> Sequence[Record]:
        fresh = self._session.records()
        self._records += fresh[self._seen :]
        self._seen = len(fresh)
        return self._records

    def start(self) -> None:
        """It runs already."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)
