"""The framework's threads: Ryu runs on green ones of eventlet, os-ken 4 on native ones.

Green threads share the standard library with everything else of their process, so it must be patched before anything
else uses it. Only the controller's own process does so, and before it imports the rest of the framework: eventlet looks
for old locks in all that has been imported by then, which takes half as long as the imports.

Ryu 4.34 imports its web server, which asks eventlet for a name that eventlet no longer has. We never use the server.
"""

from __future__ import annotations

import importlib
import os
import warnings
from typing import Any

from herzschlag.controller.frameworks import Framework


def load(framework: Framework) -> Any:
    """The framework's module of threads."""
    # Else eventlet imports a library of its own for names in the DNS, which nothing here asks for: 60 of 280 ms.
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eventlet announces its retirement at every import
        if framework.name == "ryu":
            wsgi = importlib.import_module("eventlet.wsgi")
            if not hasattr(wsgi, "ALREADY_HANDLED"):
                wsgi.ALREADY_HANDLED = object()  # type: ignore[attr-defined]
        return importlib.import_module(f"{framework.module}.lib.hub")


def patch(framework: Framework) -> None:
    """Make the standard library cooperate with the framework's threads; first thing in the controller's process."""
    load(framework).patch()
