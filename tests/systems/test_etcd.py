"""The real etcd on the lab: its scenarios hold, and a test can break it through the fixture `cluster`."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag import Cluster
from tests.support.systems import finding, needs, played, scenarios_of

pytestmark = [pytest.mark.packets, needs("etcd")]


@pytest.mark.parametrize("name", scenarios_of("etcd"))
def test_a_scenario_holds_and_loses_nothing_that_was_acknowledged(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because
    assert finding(report, "acknowledged").verdict == "holds"
    assert finding(report, "one-leader-per-term").verdict == "holds"


@pytest.mark.herzschlag(system="etcd", speed=1, datastores=[])
def test_a_leader_that_is_cut_off_is_replaced_and_no_term_has_two(cluster: Cluster) -> None:
    """`one-leader-per-term` judges when the test is over."""
    old = cluster.master
    cut = cluster.isolate(old)
    cluster.wait_for(lambda: [host for host in cluster.masters() if host != old], within_s=6)
    cluster.heal(cut)
    cluster.wait_for(lambda: len(cluster.masters()) == 1, within_s=10)
    assert len({record.get("term") for record in cluster.records_of("term")}) >= 2
