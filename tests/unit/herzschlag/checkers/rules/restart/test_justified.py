"""Restarts that come too early, and restarts though host monitoring is off."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.checkers import CHECKERS
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.model import Scenario
from tests.planted import FAULTS
from tests.planted.plant import judged, play, scenario_of

BY_NAME = {fault.name: fault for fault in FAULTS}


def unmonitored(name: str) -> Scenario:
    scenario = scenario_of(name)
    return msgspec.structs.replace(scenario, cluster=msgspec.structs.replace(scenario.cluster, host_monitoring=False))


def test_what_its_predecessor_left_a_new_master_restarts_after_ten_seconds() -> None:
    scenario = scenario_of("master-failure")
    assert judged("restart-justified", scenario).verdict == "holds"
    found = judged("restart-justified", scenario, BY_NAME["new master in a hurry"])
    assert found.verdict == "violated" and "s after its election, 10 s are due" in found.because


def test_nothing_is_restarted_while_host_monitoring_is_off() -> None:
    scenario = unmonitored("slave-failure")
    assert judged("restart-justified", scenario).verdict == "nothing"
    found = judged("restart-justified", scenario, BY_NAME["restarts though monitoring is off"])
    assert found.verdict == "violated" and "though host monitoring is off" in found.because


def test_nobody_acts_on_isolation_while_host_monitoring_is_off() -> None:
    scenario = unmonitored("isolation")
    assert judged("isolation-justified", scenario).verdict == "holds"
    found = judged("isolation-justified", scenario, BY_NAME["host monitoring ignored"])
    assert found.verdict == "violated" and "though host monitoring is off" in found.because


@pytest.mark.parametrize(("before_s", "verdict"), [(0, "holds"), (1, "violated")])
def test_what_ends_in_the_instant_of_its_election_its_predecessor_did_not_leave(before_s: int, verdict: str) -> None:
    """An isolated host stops its VM as soon as a master takes the list, and is back before that one's delay is over."""
    scenario = load(str(Path(__file__).parents[6] / "tests/simulation/explored/stopped-as-a-master-leads.toml"))
    history = play(scenario)
    (stopped,) = history.where("vm", vm="vm-98-1", to="off")
    records = [
        msgspec.structs.replace(r, at_ns=r.at_ns - before_s * SECOND) if r.seq == stopped.seq else r
        for r in history.records
    ]
    found = CHECKERS["restart-justified"].judge(History.ordered(sorted(records, key=lambda r: r.at_ns)), scenario)
    assert found.verdict == verdict


@pytest.mark.parametrize(("listened_to", "verdict"), [("host-98", "holds"), ("host-99", "violated")])
def test_a_user_s_wish_reaches_the_owner_that_vcenter_listens_to(listened_to: str, verdict: str) -> None:
    """In a split host-99 holds the VM's list. vCenter reaches both masters, and listens to one of them (AG50-PART)."""
    scenario = load(str(Path(__file__).parents[6] / "tests/simulation/explored/another-master-is-told.toml"))
    records = [
        msgspec.structs.replace(r, fields={**r.fields, "master": listened_to}) if r.kind == "vcenter" else r
        for r in play(scenario).records
    ]
    found = CHECKERS["restart-justified"].judge(History.ordered(records), scenario)
    assert found.verdict == verdict
