"""Objects of the zygote whose references are no longer counted, from Python 3.12 on.

Each use of an object writes its reference count, and so makes its page a process's own. Since 3.12 an object whose
count has its lowest 32 bits set is immortal: the interpreter leaves that count alone (PEP 683). What the zygote holds
when it begins to fork lives as long as its children anyway. This module decides which objects those are, and whether
this Python honours it, which it tries on one object instead of looking at version numbers; 3.11 does not.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import sysconfig
from types import CodeType
from typing import Any

_IMMORTAL = 0xFFFF_FFFF
_REFERENCES = 16


def count_of(value: object) -> ctypes.c_uint32:
    """The lower half of its reference count, where it lies."""
    return ctypes.c_uint32.from_address(id(value))


def honoured() -> bool:
    """Whether this Python leaves the count of an immortal object alone."""
    if sys.byteorder != "little" or sys.maxsize < 1 << 32 or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return False  # the count lies elsewhere, or is two
    tried = object()
    count = count_of(tried)
    before = count.value
    count.value = _IMMORTAL
    more = [tried] * _REFERENCES
    kept = count.value == _IMMORTAL
    if not kept:
        count.value = before + len(more)
    return kept


def reachable() -> list[Any]:
    """Every object that the collector knows or that one of those refers to. Code is looked into: the collector does not
    know what it refers to."""
    found: list[Any] = []
    seen: set[int] = set()
    waiting = gc.get_objects()
    while waiting:
        value = waiting.pop()
        if id(value) not in seen:
            seen.add(id(value))
            found.append(value)
            waiting += gc.get_referents(value)
            if isinstance(value, CodeType):
                waiting += (value.co_consts, value.co_names)
    return found


def make_immortal() -> int:
    """Make all that is there immortal; how many objects that were, 0 where this Python does not know such."""
    if not honoured():
        return 0
    found = reachable()
    for value in found:
        count_of(value).value = _IMMORTAL
    return len(found)
