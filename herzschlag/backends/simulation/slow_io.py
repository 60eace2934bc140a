"""Requests of one host to slow datastores: each waits for its time, then is carried out.

This module decides when, in the order in which they were asked; a frozen host's wait until it goes on, and what waits
when a datastore is quick again is carried out at once, as `agents/processes/tmpfs_store.py` has it. It leaves carrying
out to the host.
"""

from __future__ import annotations

from collections.abc import Callable

from herzschlag.agents.datastore.requests import AnyIo
from herzschlag.backends.simulation.queue import EventQueue


class _Waiting:
    __slots__ = ("due_ns", "request")

    def __init__(self, request: AnyIo, due_ns: int) -> None:
        self.request = request
        self.due_ns = due_ns


class SlowIo:
    def __init__(self, queue: EventQueue, carry_out: Callable[[AnyIo], None]) -> None:
        self._queue = queue
        self._carry_out = carry_out
        self._delays_ns: dict[str, int] = {}
        """Only of slow datastores."""
        self._waiting: dict[tuple[str, int], _Waiting] = {}
        """By datastore and request number, in the order they were asked."""
        self._held = False

    def set_delay(self, datastore: str, delay_ns: int) -> None:
        """How long each request to it takes from now on; 0: it is not slow."""
        if delay_ns:
            self._delays_ns[datastore] = delay_ns
        elif self._delays_ns.pop(datastore, None) is not None:
            for (name, _), one in self._waiting.items():
                if name == datastore:
                    one.due_ns = self._queue.now_ns
            self._go_on()

    def takes(self, request: AnyIo) -> bool:
        """Whether the datastore is slow: then the request waits here."""
        delay_ns = self._delays_ns.get(request.datastore)
        if delay_ns is None:
            return False
        one = _Waiting(request, self._queue.now_ns + delay_ns)
        self._waiting[request.datastore, request.request] = one
        self._queue.put(one.due_ns, self._due, one)
        return True

    def abort(self, datastore: str, request: int) -> None:
        self._waiting.pop((datastore, request), None)

    def forget(self) -> None:
        """The host lost power."""
        self._waiting.clear()

    def hold(self, held: bool) -> None:
        """Whether the host is frozen; when it goes on, what was due meanwhile is carried out."""
        self._held = held
        self._go_on()

    def _due(self, one: _Waiting) -> None:
        if self._waiting.get((one.request.datastore, one.request.request)) is one:
            self._go_on()

    def _go_on(self) -> None:
        if self._held:
            return
        due = [one for one in self._waiting.values() if one.due_ns <= self._queue.now_ns]
        for one in due:
            if self._waiting.pop((one.request.datastore, one.request.request), None) is one:
                self._carry_out(one.request)
