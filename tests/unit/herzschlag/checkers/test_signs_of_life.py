"""Where a host can show its heartbeat: on the datastores that the user chose, if both hosts reach them."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from herzschlag.checkers.signs_of_life import heartbeat_datastores, may_show_nothing, shows_heartbeat
from herzschlag.checkers.truth import Truth
from herzschlag.faults import Storage
from herzschlag.faults.primitives import Access
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import play, scenario_of


def test_the_users_choice_counts() -> None:
    scenario = scenario_of("normal")
    history = play(scenario)
    for chosen, expected in ((None, ["vmfs-1", "vmfs-2", "nfs-1"]), ((), []), (("nfs-1",), ["nfs-1"])):
        cluster = replace(scenario.cluster, heartbeat_datastores=chosen)
        truth = Truth(history, replace(scenario, cluster=cluster))
        assert heartbeat_datastores("host-98", truth) == expected
        assert shows_heartbeat("host-98", "host-99", truth.segments[-1], truth) == expected


@pytest.mark.parametrize(("lost_at_s", "told"), [(20, True), (22, False)])
def test_a_host_that_had_lost_its_datastores_when_vcenter_last_reached_it_may_show_nothing(
    lost_at_s: float, told: bool
) -> None:
    """It is cut off from 21 s on. If vCenter knew, it chose no heartbeat datastore, and cannot choose one now."""
    folder = Path(__file__).parents[4] / "tests/simulation/explored"
    found = load(str(folder / "told-no-heartbeat-datastore.toml"))
    loss, *others = found.steps
    scenario = replace(found, steps=(replace(loss, at_s=lost_at_s), *others))
    truth = Truth(play(scenario), scenario)
    (back,) = truth.history.where("fault", phase="end", id=loss.id)
    segment = truth.segment_at(back.at_ns + 1)
    assert shows_heartbeat("host-100", "host-98", segment, truth)
    assert bool(may_show_nothing("host-100", "host-98", segment, truth)) is told


@pytest.mark.parametrize(("access", "known"), [("read-only", False), ("apd", True)])
def test_a_host_whose_chosen_datastores_are_mounted_and_useless_may_show_nothing(access: Access, known: bool) -> None:
    """It may not write one, and the master reads old data on the other: vCenter replaces what is not mounted alone."""
    folder = Path(__file__).parents[4] / "tests/simulation/explored"
    found = load(str(folder / "dead-by-two-useless-datastores.toml"))
    split, unwritten, stale = found.steps
    assert isinstance(unwritten.fault, Storage)
    unwritten = replace(unwritten, fault=replace(unwritten.fault, access=access))
    scenario = replace(found, steps=(split, unwritten, stale))
    truth = Truth(play(scenario), scenario)
    (begin,) = truth.history.where("fault", phase="begin", id=stale.id)
    segment = truth.segment_at(begin.at_ns + 1)
    assert shows_heartbeat("host-98", "host-99", segment, truth) == ["nfs-1"]
    assert (may_show_nothing("host-98", "host-99", segment, truth) == "") is known
