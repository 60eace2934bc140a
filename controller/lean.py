"""What a framework imports and we never use: left out, because every lab would pay for it.

`import ryu.controller.controller` imports the parsers of five versions of OpenFlow, of which we speak one, and with
them every protocol that the framework can take apart, though we never look into a packet: a third of the processor time
that the controller took to be ready, in every lab. So the other parsers are empty modules, the package of protocols is
imported past its own `__init__`, and the one class of it that our parser names is a class that nothing is an instance
of. Nothing is left out where the framework's OpenFlow has been imported already.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

UNSPOKEN = ("1_0", "1_2", "1_3", "1_5")
"""Versions of OpenFlow that our switches never agree on."""


def leave_out(framework: str) -> None:
    """Before the framework, given by its import name, imports OpenFlow."""
    found = importlib.util.find_spec(f"{framework}.lib.packet")
    if f"{framework}.ofproto" in sys.modules or found is None:
        return
    for version in UNSPOKEN:
        _put(ModuleType(f"{framework}.ofproto.ofproto_v{version}_parser"))
    package = ModuleType(found.name)
    package.__path__ = list(found.submodule_search_locations or ())
    _put(package)
    packets = ModuleType(f"{found.name}.packet")
    packets.Packet = type("Packet", (), {})  # type: ignore[attr-defined]
    _put(packets)


def _put(module: ModuleType) -> None:
    """Where `import a.b` and `from a import b` both look."""
    sys.modules[module.__name__] = module
    package, _, name = module.__name__.rpartition(".")
    if package in sys.modules:
        setattr(sys.modules[package], name, module)
