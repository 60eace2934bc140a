"""Every host shows its heartbeat on two of the datastores that it reaches."""

from __future__ import annotations

import msgspec
import pytest

from tests.planted.plant import judged, scenario_of
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
