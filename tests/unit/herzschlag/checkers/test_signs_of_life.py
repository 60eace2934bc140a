"""Where a host can show its heartbeat: on the datastores that the user chose, if both hosts reach them."""

from __future__ import annotations

from msgspec.structs import replace

from herzschlag.checkers.signs_of_life import heartbeat_datastores, shows_heartbeat
from herzschlag.checkers.truth import Truth
from tests.planted.plant import play, scenario_of


def test_the_users_choice_counts() -> None:
    scenario = scenario_of("normal")
    history = play(scenario)
    for chosen, expected in ((None, ["vmfs-1", "vmfs-2", "nfs-1"]), ((), []), (("nfs-1",), ["nfs-1"])):
        cluster = replace(scenario.cluster, heartbeat_datastores=chosen)
        truth = Truth(history, replace(scenario, cluster=cluster))
        assert heartbeat_datastores("host-98", truth) == expected
        assert shows_heartbeat("host-98", "host-99", truth.segments[-1], truth) == expected
