"""Attacks on the cluster from inside the lab, on real packets: every promise of docs/security.md about datagrams.

The attacker has no key. It records, repeats, changes and forges datagrams. After each attack every role, every master's
opinion and every VM must be what it was, and the run must hold: the plugin judges it when the test ends.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from herzschlag.agents.protocol.codec import Codec
from herzschlag.agents.protocol.format import DATAGRAM_MAX
from herzschlag.agents.protocol.messages import Address, Heartbeat
from herzschlag.cluster import Cluster
from herzschlag.history.records import SECOND
from herzschlag.packets.passages import read_passages
from herzschlag.scenarios.plan import CLUSTER_NAME
from tests.support.attacker import Attacker, Shot

pytestmark = [pytest.mark.packets, pytest.mark.herzschlag(vms_per_host=1)]


@pytest.fixture
def attacker(cluster: Cluster, tmp_path: Path) -> Attacker:
    return Attacker(cluster, tmp_path)


def picture(cluster: Cluster) -> dict[str, Any]:
    """Everything that an attack must not change."""
    return {
        "roles": {moid: cluster.role(moid) for moid in cluster.hosts},
        "vms": {vm: cluster.where(vm) for vm in ("vm-98-1", "vm-99-1", "vm-100-1")},
        "opinions": [r.fields for r in cluster.records_of("host-state")],
        "locks": [(r.node, r.fields) for r in cluster.records_of("lock")],
        "agents": [r.fields for r in cluster.records_of("agent")],
    }


def refused(cluster: Cluster) -> Counter[str]:
    """How many datagrams agents and vCenter refused, by reason. A record of `dropped` tells the sum so far."""
    found: Counter[str] = Counter()
    for record in cluster.records_of("undelivered", direction="in"):
        found[str(record.get("reason"))] += int(record.get("count"))
    latest = {(r.node, str(r.get("reason"))): int(r.get("count")) for r in cluster.records_of("dropped")}
    for (_, reason), count in latest.items():
        found[reason] += count
    return found


def unharmed(cluster: Cluster, before: dict[str, Any], for_s: float = 12) -> None:
    """Nothing changes within the time in which a false belief would show."""
    cluster.advance(for_s)
    assert picture(cluster) == before


def test_a_recorded_power_request_neither_starts_nor_stops_a_vm(cluster: Cluster, attacker: Attacker) -> None:
    """The user has one VM off and another moved to another host while everything is recorded; then all of it is sent
    to every node, on both networks, from the gateway and from a host, with true and with forged sources."""
    with attacker.recording():
        for vm, host in (("vm-98-1", "host-100"), ("vm-100-1", "")):
            cluster.fault("vm-power", vm=vm, on=False)
            cluster.wait_for(lambda vm=vm: not cluster.where(vm), within_s=20)  # type: ignore[misc]  # bound for the loop
            if host:
                cluster.fault("vm-power", vm=vm, on=True, host=host)
                cluster.wait_for(lambda vm=vm: cluster.where(vm) == ["host-100"], within_s=20)  # type: ignore[misc]
        cluster.advance(3)
    before = picture(cluster)
    sent = 0
    for node, forged in (("gateway", False), ("gateway", True), ("host-100", True)):
        sent += attacker.send(attacker.everywhere(forged), node=node)
    unharmed(cluster, before)
    assert sent > 1_000
    counts = refused(cluster)
    assert counts["not-for-us"] > sent // 2
    assert counts["replayed"] > 0


def test_after_a_restart_nothing_of_before_is_believed(cluster: Cluster, attacker: Attacker) -> None:
    """An agent that was just started knows no sequence numbers, so it refuses by the life that a datagram names."""
    with attacker.recording():
        cluster.fault("vm-power", vm="vm-98-1", on=False)
        cluster.wait_for(lambda: not cluster.where("vm-98-1"), within_s=20)
        cluster.fault("crash-agent", host="host-98")
        cluster.wait_for_record("role", node="host-98", to="slave", within_s=60)
        cluster.advance(3)
    cluster.fault("crash-agent", host="host-98")
    cluster.fault("crash-vcenter")
    dead = cluster.power_off("host-100")
    cluster.wait_for_record("host-state", node="host-99", host="host-100", to="hostDown", within_s=60)
    cluster.wait_for(lambda: cluster.where("vm-100-1") not in ([], ["host-100"]), within_s=60)
    cluster.wait_for(lambda: cluster.role("host-98") == "slave", within_s=60)
    cluster.advance(3)
    before = picture(cluster)
    for _ in range(2):
        attacker.send(attacker.everywhere(forged=True))
        unharmed(cluster, before, for_s=6)
    assert refused(cluster)["for-old-life"] > 0
    cluster.heal(dead)
    cluster.wait_for_record("host-state", node="host-99", host="host-100", to="connectedToMaster", within_s=60)


def test_changed_and_foreign_datagrams_change_nothing(cluster: Cluster, attacker: Attacker) -> None:
    with attacker.recording():
        cluster.advance(4)
    draw = random.Random(1)
    target = {moid: attacker.lab.address(moid, "A") for moid in cluster.hosts}
    told = next(shot for shot in attacker.tape if shot.source == target["host-99"])
    address = Address("host-98", "A", 1)
    beat = {"role": "master", "goodness": 9, "master": "host-99", "heard": 7, "config": 1, "inventory": 1}
    forged = Heartbeat(sender="host-99", boot=1 << 40, sequence=1 << 30, sent_ns=1, **beat)  # type: ignore[arg-type]
    shots: list[Shot] = []
    for number in range(6_000):
        host = draw.choice(cluster.hosts)
        shot = draw.choice(attacker.tape)
        data = bytearray(shot.data)
        match number % 6:
            case 0:
                data = data[: draw.randrange(len(data))]
            case 1:
                data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
            case 2:
                data = bytearray(draw.randbytes(draw.randrange(1, 1_400)))
            case 3:
                data = bytearray(Codec("another", bytes(32)).encode(forged, address))
            case 4:
                data = bytearray(Codec(CLUSTER_NAME, draw.randbytes(32)).encode(forged, address))
            case _:
                data += bytes(DATAGRAM_MAX + 1 - len(data)) if number % 60 == 5 else draw.randbytes(9)
        shots.append(Shot("" if len(data) > 1_400 else told.source, target[host], bytes(data)))
    before = picture(cluster)
    sent = attacker.send(shots)
    unharmed(cluster, before)
    counts = refused(cluster)
    assert sent > 5_900
    assert {"malformed", "wrong-tag", "wrong-cluster", "too-long"} <= counts.keys()


# A seed of its own: no other test's lab, so its capture is all of this one. Alone: switch, agent and attacker keep two
# processors busy, and beside another lab the kernel had to throw 847 of 450,000 datagrams away unread.
@pytest.mark.herzschlag(vms_per_host=1, seed=17, alone=True)
@pytest.mark.takes(22)
def test_in_a_flood_no_heartbeat_of_the_honest_is_missed(cluster: Cluster, attacker: Attacker) -> None:
    """Three times 150,000 datagrams at up to 50,000 a second, to the master: its kernel throws none away unread, and
    every heartbeat that a host sent meanwhile reaches it."""
    with attacker.recording():
        cluster.advance(4)
    target = attacker.lab.address("host-99", "A")
    draw = random.Random(1)
    floods = (
        [draw.randbytes(100) for _ in range(100)],
        [shot.data for shot in attacker.tape if len(shot.data) < 1_400],
        [b""],
    )
    for data in floods:
        before, unread = picture(cluster), {moid: attacker.unread(moid) for moid in cluster.hosts}
        count = refused(cluster).total()
        shots = [Shot("", target, one) for one in data]
        sent = attacker.send(shots, per_s=50_000, rounds=150_000 // len(data))
        unharmed(cluster, before)
        assert sent > 140_000
        assert refused(cluster).total() > count + sent // 10, "the flood did not reach the agent"
        assert {moid: attacker.unread(moid) for moid in cluster.hosts} == unread
    assert not cluster.records_of("path")
    cluster.finish()
    assert cluster.plan.directory is not None
    packets = read_passages(cluster.plan.directory).packets
    beats = [p for p in packets if p.kind == "Heartbeat" and p.source in cluster.hosts]
    lost = [p for p in beats if p.left_ns is None and p.entered_ns < beats[-1].entered_ns - SECOND]
    assert len(beats) > 400
    assert not lost
