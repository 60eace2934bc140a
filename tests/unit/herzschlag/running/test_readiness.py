"""The readiness of a starting cluster: what it still lacks, record by record."""

from __future__ import annotations

from herzschlag.history.records import record
from herzschlag.running.readiness import Readiness
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.plan import make_plan

MASTER, SLAVE = "host-98", "host-99"


def starting() -> Readiness:
    cluster = Cluster(hosts=(MASTER, SLAVE), vms_per_host=1)
    return Readiness(make_plan(Scenario(name="test", title="test", cluster=cluster), speed=1.0, seed=0))


def test_it_waits_for_one_thing_after_the_other_until_all_work() -> None:
    readiness = starting()
    vms = sorted(readiness._on)
    steps = [
        ("a single master", MASTER, "role", {"to": "master"}),
        (f"{SLAVE} to follow {MASTER} (it is silent)", SLAVE, "role", {"to": "slave"}),
        (f"{MASTER} to call {SLAVE} connected", MASTER, "host-state", {"host": SLAVE, "to": "connectedToMaster"}),
        (f"{vms[0]}, {vms[1]} to run (2 of 2)", MASTER, "vm", {"vm": vms[0], "to": "on"}),
        (f"{vms[1]} to run (1 of 2)", SLAVE, "vm", {"vm": vms[1], "to": "on"}),
        (f"{vms[0]}, {vms[1]} to be protected (2 of 2)", MASTER, "protect", {"vm": vms[0]}),
        (f"{vms[1]} to be protected (1 of 2)", MASTER, "protect", {"vm": vms[1]}),
    ]
    for number, (waits_for, node, kind, fields) in enumerate(steps):
        assert readiness.missing() == waits_for
        assert readiness.see(record(number, node, kind, fields)) is (number == len(steps) - 1)
    assert readiness.missing() == ""
    assert readiness.master == MASTER


def test_what_was_achieved_can_be_lost_again() -> None:
    readiness = starting()
    readiness.see(record(0, MASTER, "role", {"to": "master"}))
    readiness.see(record(1, SLAVE, "role", {"to": "slave"}))
    readiness.see(record(2, MASTER, "host-state", {"host": SLAVE, "to": "connectedToMaster"}))
    readiness.see(record(3, MASTER, "host-state", {"host": SLAVE, "to": "hostDown"}))
    assert readiness.missing() == f"{MASTER} to call {SLAVE} connected"
    readiness.see(record(4, SLAVE, "role", {"to": "master"}))
    assert readiness.missing() == "a single master"


def test_another_system_waits_for_its_first_host_to_lead_where_its_file_says_so() -> None:
    scenario = Scenario(name="test", title="test", cluster=Cluster(hosts=(MASTER, SLAVE), system="etcd"), speed=1.0)
    readiness = Readiness(make_plan(scenario, speed=1.0, seed=0))
    readiness.see(record(0, MASTER, "role", {"to": "slave"}))
    assert not readiness.see(record(1, SLAVE, "role", {"to": "master"}))
    assert readiness.missing() == f"{MASTER} to be master of etcd (it is slave)"
    readiness.see(record(2, SLAVE, "role", {"to": "slave"}))
    assert readiness.see(record(3, MASTER, "role", {"to": "master"}))


def test_another_system_without_a_leader_waits_for_the_role_of_every_host() -> None:
    scenario = Scenario(name="test", title="test", cluster=Cluster(hosts=(MASTER, SLAVE), system="corosync"), speed=1.0)
    readiness = Readiness(make_plan(scenario, speed=1.0, seed=0))
    assert not readiness.see(record(0, MASTER, "role", {"to": "slave"}))
    assert readiness.missing() == "2 hosts of corosync as slave (1 are)"
    assert readiness.see(record(1, SLAVE, "role", {"to": "slave"}))


def test_a_system_that_tells_no_roles_waits_for_every_end_of_every_link() -> None:
    scenario = Scenario(name="test", title="test", cluster=Cluster(hosts=(MASTER, SLAVE), system="frr-bfd"), speed=1.0)
    readiness = Readiness(make_plan(scenario, speed=1.0, seed=0))
    ends = [(host, peer, network) for network in "AB" for host, peer in ((MASTER, SLAVE), (SLAVE, MASTER))]
    for number, (host, peer, network) in enumerate(ends):
        assert "to call its link to" in readiness.missing()
        fields = {"peer": peer, "network": network, "to": "up", "because": "x"}
        assert readiness.see(record(number, host, "link", fields)) is (number == len(ends) - 1)
    readiness.see(record(9, SLAVE, "link", {"peer": MASTER, "network": "A", "to": "down", "because": "x"}))
    assert f"{SLAVE} to call its link to {MASTER} on network A up (1 of 4 are not)" in readiness.missing()
