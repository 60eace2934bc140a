"""The base of all pure cores: agent, hypervisor, VM, vCenter.

A core has no clock, socket, randomness or file. Its driver (a process on a real host, the simulation) hands in
events with the time, carries out the actions that come back, and wakes it when it asks for that.
"""

from __future__ import annotations

from typing import Any


class Core:
    """A class and not a protocol, so that compiled code calls the methods of a core without looking for them."""

    def handle(self, event: Any, now_ns: int) -> list[Any]:
        """Take in what happened; return what is to be done, in order."""
        raise NotImplementedError

    def wake_at_ns(self) -> int | None:
        """When to call `handle` with WAKE, at the latest; None: not before something happens."""
        raise NotImplementedError
