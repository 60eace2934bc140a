"""Every host shows its heartbeat on two of the datastores that it reaches."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.checkers import CHECKERS, check_all
from herzschlag.history.records import History
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import judged, play, scenario_of
from tests.support.rules import sees_who_breaks

LOST = "lost-heartbeat-datastore"


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        (LOST, "unreachable heartbeat datastores", "2 of nfs-1, vmfs-2 are due"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    sees_who_breaks("heartbeat-datastores", scenario, fault, says)


def test_nothing_is_due_where_users_chose_no_datastore() -> None:
    scenario = scenario_of(LOST)
    cluster = msgspec.structs.replace(scenario.cluster, heartbeat_datastores=())
    assert judged("heartbeat-datastores", msgspec.structs.replace(scenario, cluster=cluster)).verdict == "nothing"


def test_where_something_else_lies_in_place_of_a_heartbeat_no_verdict_is_given_and_it_is_said_why() -> None:
    """A program in the lab replaced the file: the host cannot write there, and vCenter learns nothing of it."""
    scenario = scenario_of(LOST)
    history = play(scenario)
    *_, last = (r for r in history.where("lock", node="host-99") if str(r.get("path")).endswith("/host-99-hb"))
    because = f"{last.get('datastore')} has something else there"
    fields = {**last.fields, "from": "free", "to": "denied", "owner": "", "because": because}
    damaged = History([msgspec.structs.replace(r, fields=fields) if r is last else r for r in history])
    found = next(one for one in check_all(damaged, scenario) if one.checker == "heartbeat-datastores")
    assert found.verdict == "unknown"
    assert f"something else is in its place on {last.get('datastore')}" in found.because


@pytest.mark.parametrize(("shared_by", "verdict"), [(["host-100"], "holds"), ([], "violated")])
def test_a_datastore_that_a_dead_host_shared_serves(shared_by: list[str], verdict: str) -> None:
    """vCenter goes by its last report. What no other host ever reached serves no host."""
    scenario = load(str(Path(__file__).parents[5] / "tests/simulation/explored/shared-with-a-dead-host.toml"))
    history = play(scenario)
    first, *others = scenario.cluster.datastores
    attached = msgspec.structs.replace(first, hosts=("host-99", *shared_by))
    cluster = msgspec.structs.replace(scenario.cluster, datastores=(attached, *others))
    found = CHECKERS["heartbeat-datastores"].judge(history, msgspec.structs.replace(scenario, cluster=cluster))
    assert found.verdict == verdict
