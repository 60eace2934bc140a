"""Four kinds of messages of pyroute2 without the rest of it."""

from __future__ import annotations

import importlib
import sys

from herzschlag.topo.kernel import pyroute2_messages


def test_each_is_the_librarys_own() -> None:
    for name in ("ifaddrmsg", "ifinfmsg", "ndmsg", "rtmsg"):
        one = getattr(pyroute2_messages, name)
        assert (one.__name__, one.__module__) == (name, f"pyroute2.netlink.rtnl.{name}")


def test_a_later_import_gets_the_whole_library() -> None:
    """With the same classes of messages."""
    whole = importlib.import_module("pyroute2")
    assert hasattr(whole, "IPRoute")
    assert sys.modules["pyroute2.netlink.rtnl.ifinfmsg"].ifinfmsg is pyroute2_messages.ifinfmsg
