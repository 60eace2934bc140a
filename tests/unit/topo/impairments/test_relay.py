"""The relay as a process: it ends with the lab, and its death is told. What it does to packets needs a lab
(tests/lab/test_relay.py)."""

from __future__ import annotations

import os
import signal

import pytest

from herzschlag.topo.catalog import two_networks
from herzschlag.topo.errors import LabError
from herzschlag.topo.impairments.relay import Relay
from herzschlag.topo.impairments.relay_messages import set_message


def test_the_relay_ends_when_the_lab_lets_go_of_it() -> None:
    relay = Relay(two_networks(2), 1)
    assert relay.counts("host-98") == {}, "it serves no node yet"
    relay.close()
    with pytest.raises(ProcessLookupError):
        os.kill(relay.pid, 0)


def test_a_relay_that_died_is_told_with_its_status() -> None:
    """Packets to bad lines would vanish, and the protocol would be blamed."""
    relay = Relay(two_networks(2), 1)
    os.kill(relay.pid, signal.SIGKILL)
    with pytest.raises(LabError, match=r"ended with status -9: the lab is lost"):
        relay.send([set_message("host-98", "A", {})])
    relay.close()
