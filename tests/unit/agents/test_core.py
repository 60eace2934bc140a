"""Every core answers the two calls itself: the base answers none, and none is forgotten."""

from __future__ import annotations

import pytest

from herzschlag.agents.core import Core
from herzschlag.agents.ha.agent import Agent
from herzschlag.agents.hypervisor.hypervisor import Hypervisor
from herzschlag.agents.hypervisor.vm import Vm
from herzschlag.agents.protocol.events import WAKE
from herzschlag.agents.vcenter.vcenter import VCenter


@pytest.mark.parametrize("kind", [Agent, Hypervisor, Vm, VCenter])
def test_a_core_has_calls_of_its_own(kind: type[Core]) -> None:
    assert issubclass(kind, Core)
    assert {"handle", "wake_at_ns"} <= vars(kind).keys()


def test_the_base_answers_nothing() -> None:
    with pytest.raises(NotImplementedError):
        Core().handle(WAKE, 0)
    with pytest.raises(NotImplementedError):
        Core().wake_at_ns()
