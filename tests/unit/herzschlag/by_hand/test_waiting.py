"""Waiting: what a failure says, and that the calls for VMs, roles and states wait for what their names say."""

from __future__ import annotations

import pytest

from herzschlag.by_hand.asking import ConditionNotMet
from herzschlag.by_hand.waiting import TOLD_LINES_MAX, Waiting
from herzschlag.history.records import SECOND, record
from herzschlag.scenarios.model import Cluster as Setup
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import make_plan
from herzschlag.wrong_input import InputError
from tests.support.scripted import ScriptedSession, healthy_start

PLAN = make_plan(Scenario(name="by-hand", title="By hand", cluster=Setup(vms_per_host=1)))
MOVES = [
    record(30 * SECOND, "host-98", "vm", {"vm": "vm-98-1", "from": "on", "to": "off", "because": ""}),
    record(40 * SECOND, "host-99", "vm", {"vm": "vm-98-1", "from": "starting", "to": "on", "because": ""}),
    record(
        45 * SECOND, "vcenter", "host-state", {"host": "host-98", "from": "unknown", "to": "hostDown", "because": ""}
    ),
    record(50 * SECOND, "host-99", "role", {"from": "slave", "to": "master", "because": "", "master": "host-99"}),
]


class Scripted(Waiting):
    def told(self, lines: int = TOLD_LINES_MAX) -> list[str]:
        return ["what happened"]


@pytest.fixture
def cluster() -> Scripted:
    session = ScriptedSession(PLAN, [*healthy_start(PLAN), *MOVES])
    session.run_until(20 * SECOND)
    return Scripted(session, PLAN)


def test_a_vm_that_runs_nowhere_does_not_run_elsewhere(cluster: Scripted) -> None:
    """`where(vm) != ["host-98"]` is true as soon as it runs nowhere, which is not what anyone waits for."""
    assert cluster.wait_running("vm-98-1", within_s=1) == 0
    cluster.wait_for(lambda: cluster.where("vm-98-1") == [], within_s=15)
    with pytest.raises(
        ConditionNotMet, match="vm-98-1 does not run elsewhere than on host-98 within 5 s: it runs nowhere"
    ):
        cluster.wait_running("vm-98-1", elsewhere_than="host-98", within_s=5)
    assert cluster.wait_running("vm-98-1", elsewhere_than=["host-98", "host-100"], within_s=10) == pytest.approx(5)


def test_roles_and_states_are_waited_for_by_their_names(cluster: Scripted) -> None:
    with pytest.raises(
        ConditionNotMet, match="host-98 is not hostDown for vcenter within 5 s: it is unknown\nwhat happened"
    ):
        cluster.wait_state("host-98", "hostDown", within_s=5)
    assert cluster.wait_state("host-98", "hostDown", within_s=30) == pytest.approx(20)
    with pytest.raises(ConditionNotMet, match="host-99 is not master within 1 s: it is slave"):
        cluster.wait_role("host-99", "master", within_s=1)
    assert cluster.wait_role("host-99", "master", within_s=10) == pytest.approx(4)


def test_names_that_do_not_exist_are_not_waited_for(cluster: Scripted) -> None:
    for wait in (
        lambda: cluster.wait_running("vm-98-2", within_s=1),
        lambda: cluster.wait_running("vm-98-1", elsewhere_than="host-9", within_s=1),
        lambda: cluster.wait_role("host-9", "master", within_s=1),
        lambda: cluster.wait_role("host-98", "mastr", within_s=1),  # type: ignore[arg-type]  # on purpose
        lambda: cluster.wait_state("host-98", "hostdown", within_s=1),  # type: ignore[arg-type]  # on purpose
        lambda: cluster.wait_for_record("rol", within_s=1),
    ):
        with pytest.raises(InputError, match=r"did you mean|there is"):
            wait()


def test_a_failure_says_the_conditions_text_and_its_last_value(cluster: Scripted) -> None:
    with pytest.raises(ConditionNotMet) as caught:
        cluster.wait_for(lambda: cluster.role("host-99") == "master", within_s=5)
    text = '`cluster.role("host-99") == "master"` did not come true within 5 s: cluster.role("host-99") is \'slave\''
    assert str(caught.value) == f"{text}\nwhat happened"
    with pytest.raises(ConditionNotMet) as caught:
        cluster.wait_for(lambda: cluster.role("host-99") == "master", within_s=5, what="host-99 leads")
    assert str(caught.value).startswith(
        'host-99 leads did not come true within 5 s: `cluster.role("host-99") == "master"`'
    )


def test_what_did_not_stay_is_told_as_it_was_at_that_record(cluster: Scripted) -> None:
    with pytest.raises(ConditionNotMet, match=r"did not stay true for 60 s: cluster.where\(\"vm-98-1\"\) is \[\]"):
        cluster.stays(lambda: cluster.where("vm-98-1") == ["host-98"], for_s=60)
