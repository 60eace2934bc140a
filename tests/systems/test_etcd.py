"""The real etcd on the lab, broken through the fixture `cluster`."""

from __future__ import annotations

import pytest

from herzschlag import Cluster
from herzschlag.topo.environment import program

pytestmark = [
    pytest.mark.packets,
    pytest.mark.skipif(program("etcd") is None, reason="etcd is not on this machine: make systems"),
    pytest.mark.herzschlag(system="etcd", speed=1, datastores=[]),
]


def test_a_leader_that_is_cut_off_is_replaced_and_no_term_has_two(cluster: Cluster) -> None:
    """`one-leader-per-term` judges when the test is over."""
    old = cluster.master
    cut = cluster.isolate(old)
    cluster.wait_for(lambda: [host for host in cluster.masters() if host != old], within_s=6)
    cluster.heal(cut)
    cluster.wait_for(lambda: len(cluster.masters()) == 1, within_s=10)
    assert len({record.get("term") for record in cluster.records_of("term")}) >= 2
