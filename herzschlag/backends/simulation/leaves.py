"""The state of a core as a flat list of values, read from its objects and written back, whatever core it is.

This module decides how objects are walked: attribute by attribute, each object once, in an order that depends on the
state's shape alone, so that two lists of one shape can be compared value by value. It knows two kinds of objects that
remember what went by: replay windows, and the marks of what was sent lately. It leaves what a difference means to
`quiet.py`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, NamedTuple

import msgspec

from herzschlag.agents.ha.orders import SentLately
from herzschlag.agents.ha.peers import Window
from herzschlag.agents.protocol.messages import VCENTER, Message

WINDOW = "(window)"
SENT = "(sent)"
FIXED = "(fixed)"
"""Names of the other leaves, without a number: a window, marks, and what must not change at all."""
BY_NODE = frozenset({"peers", "_hosts", "_views"})
"""Tables of what was heard of each node."""
_OBJECTS_OF = "herzschlag.agents."
_NONE = type(None)
_PLAIN = frozenset({str, bytes, bool, float, _NONE})


class Leaf(NamedTuple):
    """A value that changed: an int's new value, or how often the pattern of a window or of marks goes on."""

    value: Any


class Leaves:
    """One reading: the `values` of all leaves. With `named`, `names` say what each is, an int by the name of its
    attribute, and `nodes` whose it is: the node's own, or that of which it was heard."""

    __slots__ = ("_named", "_node", "_seen", "names", "nodes", "values")

    def __init__(self, cores: Mapping[str, Any], *, named: bool = True) -> None:
        """`cores`: by node."""
        self.names: list[str] = []
        self.nodes: list[str] = []
        self.values: list[Any] = []
        self._named = named
        self._node = ""
        self._seen: set[int] = set()
        for node, core in cores.items():
            self._node = node
            self._read("", core, type(core))

    def _add(self, name: str, value: Any) -> None:
        self.values.append(value)
        if self._named:
            self.names.append(name)
            self.nodes.append(self._node)

    def _read_all(self, name: str, values: Any) -> None:
        for value in values:
            kind = type(value)
            if kind is int:
                self._add(name, value)
            elif kind in _PLAIN:
                self._add(FIXED, value)
            else:
                self._read(name, value, kind)

    def _read(self, name: str, value: Any, kind: type[Any]) -> None:
        """A value that is neither a number nor plain."""
        if kind in _FIXED:
            self._add(FIXED, value)
        elif kind is dict or kind is Counter:
            self._add(FIXED, tuple(value))
            if name in BY_NODE:
                own = self._node
                for node, one in value.items():
                    self._node = node
                    self._read_all(name, (one,))
                self._node = own
            else:
                self._read_all(name, value.values())
        elif issubclass(kind, tuple | list | deque):
            self._add(FIXED, len(value))
            self._read_all(name, value)
        elif kind is set or kind is frozenset:
            self._add(FIXED, frozenset(value))
        elif issubclass(kind, Message):
            self._add("sequence", value.sequence)
            self._add("sent_ns", value.sent_ns)
            self._add(FIXED, msgspec.structs.replace(value, sequence=0, sent_ns=0))
        elif not walked(kind):
            _FIXED.add(kind)  # values of settings, and functions of other parts
            self._add(FIXED, value)
        elif id(value) not in self._seen:
            self._seen.add(id(value))
            self._read_object(value, kind)

    def _read_object(self, value: Any, kind: type[Any]) -> None:
        if kind is Window:
            self._add(WINDOW, (value.newest, value.far, value.near))
        elif kind is SentLately:
            self._add(SENT, value.marks())
        elif self._named:
            for attribute in attributes_of(value):
                own = self._node
                if attribute == VCENTER:
                    self._node = VCENTER
                self._read_all(attribute, (getattr(value, attribute),))
                self._node = own
        else:
            values = self.values
            for attribute in attributes_of(value):
                one = getattr(value, attribute)
                kind = type(one)
                if kind is int or kind in _PLAIN:
                    values.append(one)
                else:
                    self._read(attribute, one, kind)


_FIXED: set[type[Any]] = set()
"""Classes of which every object is compared as it is."""
_WALKED: dict[type[Any], bool] = {}


def walked(kind: type[Any]) -> bool:
    """Whether objects of the class have a state of their own: those of the cores, no frozen values, no functions."""
    found = _WALKED.get(kind)
    if found is None:
        ours = kind.__module__.startswith(_OBJECTS_OF) and not issubclass(kind, msgspec.Struct)
        found = _WALKED[kind] = ours and not kind.__name__.startswith("__mypyc") and not issubclass(kind, FunctionType)
    return found


_SLOTS: dict[type[Any], tuple[str, ...]] = {}


def attributes_of(value: Any) -> tuple[str, ...]:
    """The names of its attributes, of plain and of compiled classes."""
    kind = type(value)
    found = _SLOTS.get(kind)
    if found is None:
        found = getattr(kind, "__mypyc_attrs__", None) or tuple(
            name for one in reversed(kind.__mro__) for name in one.__dict__.get("__slots__", ())
        )
        _SLOTS[kind] = found
    return found or tuple(value.__dict__)


class Writing:
    """Writes one value for each leaf back, in the order of `Leaves`. None: it stays as it is."""

    def __init__(self, news: list[Leaf | None], roots: tuple[Any, ...], go_on: Callable[[Any, Any], None]) -> None:
        self._news = news
        self._at = 0
        self._seen: set[int] = set()
        self._go_on = go_on
        for root in roots:
            self._write(root)

    def _next(self) -> Leaf | None:
        self._at += 1
        return self._news[self._at - 1]

    def _write(self, value: Any) -> Any:  # noqa: PLR0912 (one branch per kind of value)
        """The value to put in its place: the same object unless a number in it changed."""
        kind = type(value)
        if kind is int:
            new = self._next()
            return value if new is None else new.value
        if kind in _PLAIN or kind in _FIXED:
            self._at += 1
        elif kind is dict or kind is Counter:
            self._at += 1
            for key, one in value.items():
                put = self._write(one)
                if put is not one:
                    value[key] = put
        elif isinstance(value, tuple):
            self._at += 1
            parts = [self._write(one) for one in value]
            if any(put is not one for put, one in zip(parts, value, strict=True)):
                return type(value)._make(parts) if hasattr(value, "_make") else tuple(parts)
        elif isinstance(value, list | deque):
            self._at += 1
            for place, one in enumerate(list(value)):
                put = self._write(one)
                if put is not one:
                    value[place] = put
        elif kind is set or kind is frozenset:
            self._at += 1
        elif isinstance(value, Message):
            sequence, sent_ns = self._write(value.sequence), self._write(value.sent_ns)
            self._at += 1
            if sequence != value.sequence or sent_ns != value.sent_ns:
                return msgspec.structs.replace(value, sequence=sequence, sent_ns=sent_ns)
        elif id(value) not in self._seen:
            self._write_object(value)
        return value

    def _write_object(self, value: Any) -> None:
        kind = type(value)
        if kind is Window or kind is SentLately:
            self._seen.add(id(value))
            new = self._next()
            if new is not None:
                self._go_on(value, new.value)
        elif walked(kind):
            self._seen.add(id(value))
            for attribute in attributes_of(value):
                before = getattr(value, attribute)
                kind = type(before)
                if kind in _PLAIN or kind in _FIXED:
                    self._at += 1
                    continue
                put = self._write(before)
                if put is not before:
                    setattr(value, attribute, put)
        else:
            self._at += 1
