"""The framework's threads: Ryu runs on green ones of eventlet, os-ken 4 on native ones.

Whatever waits in the controller waits by what is here, so that the others of its process go on meanwhile: threads, a
lock that may be held across a wait, and queues. Sockets are the standard library's, which `patch` makes cooperate.

Threads and locks of the standard library are left as they are. To replace them too, eventlet looks for old locks in all
that has been imported, which takes as long as the imports, and then no process could be forked with the framework in
it (`topo/processes/image.py`). So a lock of `threading` may be used for what waits for nothing while it is held.

Ryu 4.34 imports its web server, which asks eventlet for a name that eventlet no longer has. We never use the server.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from herzschlag.controller.frameworks import Framework


class Mailbox(Protocol):
    """What `queue.Queue` offers, as far as it is used."""

    def put(self, item: Any) -> None: ...
    def get(self, *, timeout: float) -> Any:
        """Raises queue.Empty."""


class Threads:
    """By the framework's module of threads, which gives native ones the same names as green ones."""

    def __init__(self, hub: Any) -> None:
        self._hub = hub

    def patch(self) -> None:
        """Make the standard library's sockets cooperate, as Ryu's own command does: before the first one is made."""
        self._hub.patch(thread=False)

    def spawn(self, body: Callable[..., None], *words: object) -> None:
        """Run this beside everything else; the process may end without it."""
        self._hub.spawn(body, *words)

    def lock(self) -> AbstractContextManager[object]:
        lock: AbstractContextManager[object] = self._hub.Semaphore(1)
        return lock

    def mailbox(self) -> Mailbox:
        box: Mailbox = self._hub.Queue()
        return box


def load(framework: Framework) -> Threads:
    """The framework's threads. Importing them leaves no descriptor open, so that the process can be forked."""
    # Else eventlet imports a library of its own for names in the DNS, which nothing here asks for: 60 of 280 ms.
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eventlet announces its retirement at every import
        if framework.name == "ryu":
            wsgi = importlib.import_module("eventlet.wsgi")
            if not hasattr(wsgi, "ALREADY_HANDLED"):
                wsgi.ALREADY_HANDLED = object()  # type: ignore[attr-defined]
        hub = importlib.import_module(f"{framework.module}.lib.hub")
        if framework.name == "ryu":
            importlib.import_module("eventlet.hubs").use_hub()  # one that polls anew: the import has begun one
    return Threads(hub)
