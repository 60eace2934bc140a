"""The faults of `make soak`, in virtual time: whatever is violated on real packets is none of the faults' own."""

from __future__ import annotations

from herzschlag import Cluster, Setup
from tests.support.soak.large import Lab, play


def test_every_checker_holds_while_faults_come_and_go() -> None:
    lab = Lab(hosts=6)
    with Cluster.start(Setup(hosts=6, vms_per_host=1), backend="simulation", seed=3) as cluster:
        play(cluster, lab, 2400, 3, lambda: False)
    assert lab.begun == lab.healed > 20
    assert len(lab.kinds) > 8
    assert {name: said for name, said in lab.findings.items() if said[0] not in ("holds", "nothing")} == {}
    assert lab.verdict == "holds"


def test_it_ends_early_when_told_to_and_judges_what_there_was() -> None:
    lab, asked = Lab(hosts=3), iter(range(100))
    with Cluster.start(Setup(hosts=3, vms_per_host=1), backend="simulation") as cluster:
        play(cluster, lab, 3600, 3, lambda: next(asked) > 40)
    assert lab.begun == lab.healed == 1
    assert lab.findings["machinery"][0] == "holds"
