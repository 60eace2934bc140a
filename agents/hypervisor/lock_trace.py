"""The records of a host's locks: every change once, and the same refusal only once.

A master asks for the locks of other masters again and again: that it is refused is news only when the owner changed.
"""

from __future__ import annotations

from herzschlag.agents.hypervisor.io_engine import HostIo


class LockTrace:
    def __init__(self, io: HostIo) -> None:
        self._io = io
        self._refused: dict[tuple[str, str], str] = {}
        """Who held each lock at our last try, while nothing changed."""

    def changed(self, key: tuple[str, str], before: str, after: str, owner: str, because: str, **more: int) -> None:
        """Record a change of the lock of (datastore, path)."""
        if after in ("watching", "denied") and self._refused.get(key) == owner:
            return
        if after == "denied":
            self._refused[key] = owner
        elif after != "watching":
            self._refused.pop(key, None)
        self._io.trace(
            "lock",
            {
                "datastore": key[0],
                "path": key[1],
                "from": before,
                "to": after,
                "owner": owner,
                "because": because,
                **more,
            },
        )
