"""Questions, on a session whose records a test writes."""

from __future__ import annotations

import pytest

from herzschlag.by_hand.asking import Asking, ConditionNotMet
from herzschlag.history.records import SECOND
from herzschlag.scenarios.model import Cluster as Setup
from herzschlag.scenarios.model import Scenario, VmEntry
from herzschlag.scenarios.plan import make_plan
from herzschlag.wrong_input import InputError
from tests.support.scripted import ScriptedSession

SETUP = Setup(vms_per_host=1, vms=(VmEntry(name="asleep", host="host-98", on=False),))
PLAN = make_plan(Scenario(name="by-hand", title="By hand", cluster=SETUP))


@pytest.fixture
def asking() -> Asking:
    session = ScriptedSession(PLAN)
    session.run_until(20 * SECOND)
    return Asking(session, PLAN)


def test_what_is_so_is_answered(asking: Asking) -> None:
    assert asking.hosts == ("host-98", "host-99", "host-100")
    assert asking.vms == ("vm-98-1", "vm-99-1", "vm-100-1", "asleep")
    assert (asking.master, asking.slaves, asking.role("host-99")) == ("host-98", ["host-99", "host-100"], "slave")
    assert asking.state_of("host-99", seen_by="host-98") == "connectedToMaster"
    assert asking.state_of("host-99") == "unknown"
    assert (asking.where("vm-98-1"), asking.vms_on("host-98")) == (["host-98"], ["vm-98-1"])
    assert asking.where("asleep") == [], "it exists and runs nowhere"
    assert len(asking.records_of("role", to="slave")) == 2


def test_what_does_not_exist_is_no_answer(asking: Asking) -> None:
    for ask in (
        lambda: asking.role("host-5"),
        lambda: asking.state_of("host-5"),
        lambda: asking.state_of("host-98", seen_by="vcentre"),
        lambda: asking.where("vm-98-l"),
        lambda: asking.vms_on("host-5"),
        lambda: asking.records_of("roles"),
        lambda: asking.records_of("role", node="host-5"),
        lambda: asking.records_of("role", master="host-5"),
    ):
        with pytest.raises(InputError, match=r"did you mean|there is"):
            ask()


def test_without_exactly_one_master_there_is_none() -> None:
    with pytest.raises(ConditionNotMet, match="there are 0 masters"):
        _ = Asking(ScriptedSession(PLAN, []), PLAN).master
