"""The four kinds of messages of pyroute2 that a lab needs, without the rest of the library.

`import pyroute2` imports all of it, its database and its event loop too: 80 of the 230 ms of processor time that a
stage's imports took, in every lab. So while these are imported the package is an empty one with the same folder.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_PACKAGE = "pyroute2"


def _messages(*names: str) -> list[Any]:
    """The classes of these names, each from the module of its own name."""
    whole = sys.modules.get(_PACKAGE)
    if whole is None and (found := importlib.util.find_spec(_PACKAGE)) is not None:
        empty = ModuleType(_PACKAGE)
        empty.__path__ = list(found.submodule_search_locations or ())
        sys.modules[_PACKAGE] = empty
    try:
        return [getattr(import_module(f"{_PACKAGE}.netlink.rtnl.{name}"), name) for name in names]
    finally:
        if whole is None:
            sys.modules.pop(_PACKAGE, None)  # a later import gets the whole of it


ifaddrmsg, ifinfmsg, ndmsg, rtmsg = _messages("ifaddrmsg", "ifinfmsg", "ndmsg", "rtmsg")
