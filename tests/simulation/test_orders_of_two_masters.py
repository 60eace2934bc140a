"""Power-on orders of two masters: what one has ordered is not taken for what the other orders."""

from __future__ import annotations

from herzschlag.faults import PowerOff, Split
from herzschlag.scenarios.model import VmEntry
from tests.support.cluster import begin, end, started

MASTERS = ("host-101", "host-98")


def test_orders_of_two_masters_elected_at_one_instant_are_two_orders() -> None:
    """Both count from the instant of their election. host-100 starts `first` for host-101; once the partition has
    healed, host-98 orders `second` there, by the same number."""
    vms = (
        VmEntry(name="first", host="host-99", compatible_hosts=("host-99", "host-100")),
        VmEntry(name="second", host="host-102", compatible_hosts=("host-102", "host-100")),
    )
    hosts = ("host-100", "host-101", "host-102", "host-98", "host-99")
    cluster = started(hosts=hosts, vms=vms, until_s=30)
    begin(cluster, "cut", Split(groups=(("host-100", "host-101"), ("host-98", "host-102"))), at_s=40)
    begin(cluster, "off", PowerOff(host="host-99"))
    end(cluster, "cut", at_s=140)
    begin(cluster, "off later", PowerOff(host="host-102"), at_s=200)
    cluster.run_until(260_000_000_000)

    elected = [r for r in cluster.records if r.kind == "role" and r.get("to") == "master" and r.at_s > 40]
    assert {(r.node, r.at_ns) for r in elected} == {(moid, elected[0].at_ns) for moid in MASTERS}
    ordered = [r for r in cluster.records if r.kind == "restart" and r.get("phase") == "ordered"]
    assert [(r.node, r.get("vm"), r.get("target")) for r in ordered] == [
        ("host-101", "first", "host-100"),
        ("host-98", "second", "host-100"),
    ]
    numbers = {r.get("order") for r in cluster.records if r.node == "host-100" and r.get("to") == "starting"}
    assert len(numbers) == 1, "else this test proves nothing"
    assert [host.name for host in cluster.hosts.values() if host.runs("second")] == ["host-100"]
