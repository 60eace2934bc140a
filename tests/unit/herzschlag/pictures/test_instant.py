"""What belongs to an instant, from histories written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.pictures.instant import Lock, Packet, instant
from herzschlag.report.traffic import Datagram, Traffic
from herzschlag.wrong_input import InputError
from tests.support.reports import beat, model, power_off

END = (100.0, "herzschlag", "end", {"because": "played"})
ON = {"vm": "vm-1", "from": "starting", "to": "on", "because": "asked"}


def lock(path: str) -> dict[str, str]:
    return {"datastore": "vmfs-1", "path": path, "from": "free", "to": "held", "owner": "host-98", "because": "free"}


def test_an_instant_counts_from_the_first_fault(tmp_path: Path) -> None:
    made = model(tmp_path, (5.0, "host-98", "vm", ON), power_off(20.0, "host-98"), END)
    before, after = instant(made, -1.0), instant(made, 1.0)
    assert before.vms["host-98"] == (("vm-1", "on"),)
    assert before.faults == ()
    assert after.vms["host-98"] == ()
    assert after.roles["host-98"] == "off"
    assert [round(seconds, 3) for seconds, _ in after.faults] == [1.0]


@pytest.mark.parametrize("seconds", [-20.1, 80.1, float("nan"), float("inf")])
def test_an_instant_outside_of_the_run_is_refused(seconds: float, tmp_path: Path) -> None:
    made = model(tmp_path, power_off(20.0, "host-98"), END)
    with pytest.raises(InputError, match=r"from T-20\.0 to T\+80\.0"):
        instant(made, seconds)


@pytest.mark.parametrize("at_s", [-20.0, 80.0])
def test_both_ends_of_the_run_are_in_it(at_s: float, tmp_path: Path) -> None:
    assert instant(model(tmp_path, power_off(20.0, "host-98"), END), at_s).seconds == at_s


def test_hearts_are_those_of_the_second_before_and_of_each_way_the_newest(tmp_path: Path) -> None:
    """Heartbeats leave some milliseconds after the second, now earlier, now later; at no instant there is none."""
    beats = [beat(s + late, "host-98", "host-99") for s, late in ((29, 0.002), (30, 0.004), (31, 0.012), (32, 0.001))]
    late = beat(31.013, "host-99", "host-98", lost=True)
    made = model(tmp_path, power_off(20.008, "host-100"), END, traffic=Traffic(datagrams=(*beats[:3], late, beats[3])))
    one = Packet("Heartbeat", "A", "host-98", "host-99", False)
    other = Packet("Heartbeat", "A", "host-99", "host-98", True)
    seen = {tenth: instant(made, 10 + tenth / 10).packets for tenth in range(24)}
    assert all(one in packets for packets in seen.values()), "also at whole seconds"
    assert seen[10] == (one,)  # 31.008 s: that of 30.004 s
    assert seen[11] == (one, other)
    assert instant(made, 13.0).packets == (one,)
    assert instant(made, 14.0).packets == ()


def test_packets_that_set_a_cluster_up_are_not_drawn(tmp_path: Path) -> None:
    kinds = ("Join", "Inventory", "Configure", "Report", "ClusterView", "Ping")
    sent = tuple(Datagram(30_000_000_000, None, "A", "host-98", "vcenter", kind) for kind in kinds)
    ping = Datagram(30_000_000_000, 30_000_000_100, "A", "host-98", "host-99", "Ping")
    made = model(tmp_path, power_off(20.0, "host-100"), END, traffic=Traffic(datagrams=(*sent, ping)))
    assert [packet.kind for packet in instant(made, 10.5).packets] == ["HostPing", "Ping", "Report"]


def test_locks_tell_vms_lists_and_what_the_dead_left(tmp_path: Path) -> None:
    made = model(
        tmp_path,
        (5.0, "host-98", "lock", lock(".vSphere-HA/lab/host-98-hb")),
        (5.0, "host-98", "lock", lock(".vSphere-HA/lab/protectedlist")),
        (5.0, "host-98", "lock", lock("vm-1/vm-1.vmx")),
        power_off(20.0, "host-98"),
        END,
    )
    before, after = instant(made, -1.0), instant(made, 1.0)
    assert before.locks == (
        Lock("vmfs-1", "vm-1", "host-98", False),
        Lock("vmfs-1", "protectedlist", "host-98", False),
    )
    assert {one.left for one in after.locks} == {True}
    assert (set(before.beating), set(before.silent)) == ({("vmfs-1", "host-98")}, set())
    assert (set(after.beating), set(after.silent)) == (set(), {("vmfs-1", "host-98")})


def test_a_master_says_what_it_takes_others_for(tmp_path: Path) -> None:
    role = {"from": "election", "to": "master", "master": "host-99", "because": "won"}
    opinion = {"host": "host-98", "from": "connectedToMaster", "to": "hostDown", "because": "silent"}
    made = model(
        tmp_path,
        (1.0, "host-99", "role", role),
        power_off(20.0, "host-98"),
        (38.0, "host-99", "host-state", opinion),
        (39.0, "vcenter", "host-state", opinion),
        END,
    )
    assert instant(made, 10.0).beliefs == {}
    assert instant(made, 19.0).beliefs == {"host-98": (("host-99", "hostDown"),)}
