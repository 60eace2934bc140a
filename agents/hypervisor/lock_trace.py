"""The history's records of a host's locks: every change once, and the same refusal only once.

A master asks for the locks of other masters again and again: a refusal is news only when the owner has changed.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from herzschlag.agents.hypervisor.io_engine import HostIo
from herzschlag.agents.records import FileLock, LockState


class LockTrace:
    def __init__(self, io: HostIo) -> None:
        self._io = io
        self._refused: dict[tuple[str, str], str] = {}
        """The holder of each lock at our last try, while nothing has changed."""

    def changed(
        self,
        key: tuple[str, str],
        before: LockState,
        after: LockState,
        owner: str,
        because: str,
        *,
        given_up_ago_ns: int | UnsetType = UNSET,
    ) -> None:
        """Record a change of the lock of (datastore, path)."""
        if after in ("watching", "denied") and self._refused.get(key) == owner:
            return
        if after == "denied":
            self._refused[key] = owner
        elif after != "watching":
            self._refused.pop(key, None)
        self._io.trace(
            FileLock(
                datastore=key[0],
                path=key[1],
                from_=before,
                to=after,
                owner=owner,
                because=because,
                given_up_ago_ns=given_up_ago_ns,
            )
        )
