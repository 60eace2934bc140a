"""A lab that goes on after one user is done with it: the same session, with a history of its own for the next user.

Decides what of the past the next history needs, and when a lab stands as it did when it was new. For each host, VM,
lock and opinion the next history begins with the last record, at its own time, so that checkers know how things stood;
and for each process with the record of its latest timer, which bounds all later ones, because a process tells at once
of one that is later than all before. Everything else of the past is left out. Leaves whether a lab is used again to
`herzschlag.plugin.labs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from herzschlag.backends.base import Session
from herzschlag.history.kinds import KINDS
from herzschlag.history.records import Record
from herzschlag.history.standing import Thing, latest


def difference(before: Mapping[Thing, tuple[Any, ...]], now: Mapping[Thing, tuple[Any, ...]]) -> str:
    """One thing that two snapshots of a cluster differ in, in words; empty when they are equal."""
    things = [thing for thing in now.keys() | before.keys() if now.get(thing) != before.get(thing)]
    if not things:
        return ""
    thing = min(things, key=str)
    return f"{' '.join(map(str, thing))} is {_says(now.get(thing))}, it was {_says(before.get(thing))}"


def remembered(records: Sequence[Record], since_ns: int) -> list[str]:
    """Kinds of what happened from then on and leaves a trace in the cluster although all stands as before."""
    return sorted({item.kind for item in records if KINDS[item.kind].entry.remembered and item.at_ns >= since_ns})


def _says(how: tuple[Any, ...] | None) -> str:
    return "not there" if how is None else " ".join(str(word) for word in how if word is not None)


class ContinuedSession:
    """Hands everything on to the session underneath; only its records begin anew."""

    def __init__(self, session: Session) -> None:
        before = session.records()
        self._session = session.underneath if isinstance(session, ContinuedSession) else session
        self._records = latest(before)
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
