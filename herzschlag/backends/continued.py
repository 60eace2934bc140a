"""A lab that goes on after one user is done with it: the same session, with a history of its own for the next user.

Decides what of the past the next history needs: for each host, VM, lock and opinion the last record, at its own time,
so that checkers know how things stood. Everything else of the past is left out. Leaves whether a lab is fit for
another use to `herzschlag.pytest_labs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from herzschlag.backends.base import Session
from herzschlag.history import Record

KEYS: dict[str, tuple[str, ...]] = {
    "role": (),
    "host-state": ("host",),
    "vm": ("vm",),
    "protect": ("vm", "phase"),
    "lock": ("datastore", "path"),
    "datastore": ("datastore",),
    "slot": ("datastore",),
    "config": (),
    "vcenter": (),
}
"""Kinds of records that tell how something stands, and the fields that say of what."""


def standing(records: Sequence[Record]) -> list[Record]:
    """The last record of each thing, in order of time."""
    last: dict[tuple[Any, ...], Record] = {}
    for item in records:
        if item.kind in KEYS:
            last[item.node, item.kind, *(item.get(name) for name in KEYS[item.kind])] = item
    return sorted(last.values(), key=lambda item: item.at_ns)


class ContinuedSession:
    """Hands everything on to the session underneath; only its records begin anew."""

    def __init__(self, session: Session) -> None:
        self._session = session.underneath if isinstance(session, ContinuedSession) else session
        self.before = standing(session.records())
        self._skip = len(self._session.records())
        self._session.resume()

    @property
    def underneath(self) -> Session:
        return self._session

    def records(self) -> Sequence[Record]:
        return [*self.before, *self._session.records()[self._skip :]]

    def start(self) -> None:
        """It runs already."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)
