"""Hosts with their agents on real packets: what drivers and stage do with real processes, sockets and datastores.

What a cluster decides is tested elsewhere, against the cores. These tests show that datagrams cross the switches, that
faults are real, and that everything of a host dies with it. All tests use the plugin, as users do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from herzschlag.agents.protocol.codec import Codec
from herzschlag.agents.protocol.messages import Address, Heartbeat
from herzschlag.backends.base import HasSandbox
from herzschlag.backends.mininet.stage.priorities import BEST_NICE, FORBID
from herzschlag.checkers.pace import tolerance_s
from herzschlag.cluster import Cluster
from herzschlag.faults import KINDS
from herzschlag.history.records import SECOND, Record, read_history
from herzschlag.packets.passages import read_passages
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.plan import CLUSTER_NAME
from herzschlag.topo.impairments.apply import kernel_serves
from tests.support.lab_processes import inside, names, node_pid

pytestmark = [pytest.mark.packets, pytest.mark.herzschlag(vms_per_host=1)]


def told(cluster: Cluster, fault: str, phase: str = "begin") -> Record:
    """The record of a fault."""
    return cluster.history().where("fault", id=fault, phase=phase)[0]


def shown(cluster: Cluster, fault: str) -> dict[str, Any]:
    """The evidence that a fault began."""
    evidence: dict[str, Any] = told(cluster, fault).get("evidence")
    return evidence


# --- The cluster works ------------------------------------------------------------------------------------------------


def test_three_hosts_elect_the_highest_moid_as_text(cluster: Cluster) -> None:
    """All hosts see the same datastores, so host-99 beats host-98, and host-98 beats host-100."""
    assert cluster.master == "host-99"
    followed = {r.node: r.get("master") for r in cluster.records_of("role", to="slave")}
    assert followed["host-98"] == followed["host-100"] == "host-99"


def test_every_process_is_in_its_own_hosts_namespaces(cluster: Cluster) -> None:
    """An agent outside its host's network would heartbeat over the machine's own."""
    seen: dict[str, set[tuple[str, ...]]] = {}
    for pid, status in inside(cluster.session.inner).items():  # type: ignore[arg-type]  # on real packets
        if status["Name"].startswith("host-"):
            where = tuple(str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in ("net", "mnt", "pid"))
            seen.setdefault(status["Name"].rpartition("-")[0], set()).add(where)
    assert set(seen) == {"host-98", "host-99", "host-100"}
    assert all(len(places) == 1 for places in seen.values())
    assert len({place for places in seen.values() for place in places}) == 3


def test_heartbeats_cross_the_switches_and_a_cut_takes_them(cluster: Cluster) -> None:
    """If agents reached each other by any other way, no cut at a switch would mean anything."""
    cut = cluster.fault("cut", links=[("A", "host-98", "host-99")])
    silent = cluster.wait_for_record("path", node="host-99", host="host-98", network="A", to="silent", within_s=10)
    assert 2.0 * SECOND < silent.at_ns - told(cluster, cut).get("effective_ns") < 6.0 * SECOND
    cluster.heal(cut)
    assert told(cluster, cut, "end").get("dropped") >= 3
    cluster.wait_for_record("path", node="host-99", host="host-98", network="A", to="up", within_s=10)


def test_datagrams_under_a_wrong_key_are_counted_and_dropped(cluster: Cluster) -> None:
    """Any process may send to port 8182; only datagrams under the run's key are accepted."""
    forged = Codec(CLUSTER_NAME, bytes(32)).encode(
        Heartbeat(
            sender="host-99", boot=1 << 40, sequence=1, sent_ns=1, role="master", goodness=9, master="host-99",
            heard=0, config=1, inventory=1,
        ),
        Address("host-98", "A", 0),
    )  # fmt: skip
    target = cluster.plan.topology.address("host-98", "A")
    program = (
        "import socket;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
        f"[s.sendto(d,('{target}',8182)) for d in (bytes.fromhex('{forged.hex()}'),b'nonsense') for _ in range(5)]"
    )
    gateway = node_pid(cluster.session.inner, "gateway")  # type: ignore[arg-type]  # on real packets
    subprocess.run(["nsenter", f"--net=/proc/{gateway}/ns/net", sys.executable, "-c", program], check=True)
    for reason in ("wrong-tag", "malformed"):
        cluster.wait_for(
            lambda reason=reason: bool(cluster.records_of("undelivered", node="host-98", network="A", reason=reason)),  # type: ignore[misc]  # bound for the loop
            within_s=60,
            what=f"{reason} counted",
        )
    cluster.stays(lambda: cluster.role("host-98") == "slave", for_s=5)


def test_timers_fire_in_time(cluster: Cluster) -> None:
    """Every process records how late its timers fired: without that, an overloaded machine would give verdicts."""
    cluster.advance(30)
    processes = {(r.node, r.get("process")) for r in cluster.records_of("lateness")}
    assert {(moid, "agent") for moid in cluster.hosts} <= processes
    assert ("vcenter", "vcenter") in processes


def test_a_lab_comes_before_the_other_sessions_of_the_machine(cluster: Cluster) -> None:
    """Where the kernel shares processors by session, a nice value alone helps against no process outside its own
    session."""
    own = Path("/proc/self/autogroup")  # empty for a process in the session that the machine began with
    if not own.exists():
        pytest.skip("this kernel does not schedule by session: it lacks CONFIG_SCHED_AUTOGROUP")
    if os.geteuid() != 0 or os.environ.get(FORBID):
        pytest.skip(f"as an ordinary user, or with {FORBID} set, a lab runs at the ordinary priority")
    found = inside(cluster.session.inner)  # type: ignore[arg-type]  # on real packets
    pids = {status["Name"]: pid for pid, status in found.items()}
    for name in ("host-98-fdm", "host-98-hv", "ovs-vswitchd", "zygote"):  # a process of another name may have ended
        group = Path(f"/proc/{pids[name]}/autogroup").read_text().split()
        assert group[1:] == ["nice", str(BEST_NICE)], name
        assert group[:1] != own.read_text().split()[:1], name


def test_the_stage_is_in_time_too(cluster: Cluster) -> None:
    """It is in the session of the agents, which would have priority over it; what it forks has ordinary priority."""
    if os.geteuid() != 0 or os.environ.get(FORBID):
        pytest.skip(f"as an ordinary user, or with {FORBID} set, a lab runs at the ordinary priority")
    lab = cluster.session.inner
    assert isinstance(lab, HasSandbox)
    assert os.getpriority(os.PRIO_PROCESS, lab.sandbox_pid) == BEST_NICE
    fork = "import os, subprocess, sys; from herzschlag.backends.mininet.stage.priorities import make_urgent;"
    fork += "make_urgent([], childless=[os.getpid()]);"
    fork += "subprocess.run([sys.executable, '-c', 'import os; print(os.nice(0), os.getpriority(0, os.getppid()))'])"
    done = subprocess.run(
        [sys.executable, "-c", fork], start_new_session=True, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", str(BEST_NICE)]


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "isolate", "host": "host-98", "manner": "port-down", "networks": "B"},
        {"kind": "isolate", "host": "host-98", "manner": "host-carrier", "networks": "B"},
        {"kind": "isolate", "host": "host-98", "manner": "address", "networks": "B"},
        {"kind": "isolate", "host": "host-98", "manner": "nftables", "networks": "B"},
        {"kind": "wrong-address", "host": "host-98", "networks": "B"},
        {"kind": "missing-route", "host": "host-98", "networks": "B"},
    ],
    ids=lambda fields: f"{fields['kind']}-{fields.get('manner', '')}",
)
def test_every_way_to_lose_network_b_silences_it_and_heals(cluster: Cluster, fields: dict[str, Any]) -> None:
    """The same loss made in different ways: heartbeats on B stop, those on A go on, and both are back after it."""
    way = cluster.fault(**fields)
    cluster.wait_for_record("path", node="host-99", host="host-98", network="B", to="silent", within_s=20)
    cluster.heal(way)
    cluster.wait_for_record("path", node="host-99", host="host-98", network="B", to="up", within_s=20)
    assert not cluster.records_of("host-state", node="host-99", host="host-98", to="hostDown")


@pytest.mark.parametrize(
    ("fields", "shows"),
    [
        ({"kind": "gateway-silent"}, "gateway_silent"),
        ({"kind": "gateway-down"}, "powered_off"),
        ({"kind": "storage", "host": "host-100", "access": "apd", "datastore": "nfs-1"}, "views_changed"),
        ({"kind": "block", "host": "host-100", "what": "icmp"}, "filters_changed"),
        ({"kind": "impair", "src": "host-100", "dst": "host-99", "loss": 0.3, "duplicate": 0.2}, "filters_changed"),
        ({"kind": "mtu", "host": "host-100", "mtu": 1000, "networks": "B"}, "interfaces_changed"),
        ({"kind": "reconfigure", "options": {"host_monitoring": False}}, "vcenter_told"),
        ({"kind": "crash-vcenter"}, "vcenter"),
        ({"kind": "network-down", "networks": "B"}, "flows_changed"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_a_fault_is_shown_by_its_evidence_and_undone(cluster: Cluster, fields: dict[str, Any], shows: str) -> None:
    """A fault without evidence could be one that never happened."""
    fault = cluster.fault(**fields)
    begun = told(cluster, fault)
    assert shown(cluster, fault)[shows]
    assert (begun.get("took_ns") > 0) == (fields["kind"] == "storage")
    assert begun.get("took_ns") < SECOND, "a length of real time, not an instant"
    assert (
        begun.get("planned_ns") <= begun.get("asked_ns") <= begun.get("effective_ns") < begun.get("planned_ns") + SECOND
    )
    again = cluster.fault(**fields)
    assert shows not in shown(cluster, again), "conditions are absolute: a second one of the same changes nothing"
    cluster.heal(again)  # before it is old enough to need packets as its evidence
    cluster.advance(4)
    cluster.heal(fault)
    assert told(cluster, fault, "end").get("effective_ns") > begun.get("effective_ns")
    cluster.advance(5)


def test_a_crashed_agent_is_started_again_and_no_machinery(cluster: Cluster) -> None:
    """The watchdog brings it back; its host and its VMs do not notice."""
    before = names(cluster.session.inner)  # type: ignore[arg-type]  # on real packets
    crash = cluster.fault("crash-agent", host="host-100")
    assert shown(cluster, crash)["agents_killed"] == ["host-100"]
    cluster.wait_for_record("role", node="host-100", to="slave", within_s=60)
    assert sorted(names(cluster.session.inner)) == sorted(before)  # type: ignore[arg-type]  # on real packets


def test_a_crashed_vm_is_seen_as_one(cluster: Cluster) -> None:
    crash = cluster.fault("vm-crash", vm="vm-100-1")
    assert shown(cluster, crash)["vms_harmed"] == {"vm-100-1": "host-100"}
    cluster.wait_for(lambda: bool(cluster.records_of("vm", vm="vm-100-1", to="off")), within_s=60)
    cluster.wait_for(lambda: len(cluster.where("vm-100-1")) == 1, within_s=60, what="its restart")


@pytest.mark.herzschlag(vms_per_host=1, seed=16)  # no other test's lab, so its capture is all of this one
def test_a_clock_that_leaps_is_the_hosts_and_outlives_its_agent_and_a_boot(cluster: Cluster) -> None:
    """The clock is wrong for all that the host does until it is set right, as the stamps of its heartbeats show."""
    leap = cluster.fault("clock-offset", host="host-98", offset_s=30.0)
    assert shown(cluster, leap)["clocks_ahead_s"] == {"host-98": 30.0}
    cluster.wait_for_record("role", node="host-98", to="election", within_s=2)
    cluster.wait_for_record("role", node="host-98", to="slave", within_s=10)
    cluster.fault("crash-agent", host="host-98")
    cluster.wait_for_record("role", node="host-98", to="slave", within_s=60)
    off = cluster.power_off("host-98")
    cluster.wait_for_record("host-state", node="host-99", host="host-98", to="hostDown", within_s=60)
    cluster.heal(off)
    booted = cluster.wait_for_record("host-state", node="host-99", host="host-98", to="connectedToMaster", within_s=60)
    cluster.advance(3)
    cluster.heal(leap)
    still_ns = told(cluster, leap, "end").get("effective_ns")
    cluster.wait_for_record("host-state", node="host-99", host="host-98", to="fdmUnreachable", within_s=30)
    back = cluster.wait_for_record("host-state", node="host-99", host="host-98", to="connectedToMaster", within_s=60)
    assert 28 * SECOND < back.at_ns - still_ns < 35 * SECOND
    cluster.advance(3)
    cluster.finish()
    assert cluster.plan.directory is not None
    speed = cluster.plan.speed
    stamped_s = [  # (when it entered the switch, by how much its stamp lies before its arrival)
        (packet.entered_ns / SECOND, packet.delay_ns * speed / SECOND)
        for packet in read_passages(cluster.plan.directory).packets
        if packet.source == "host-98" and packet.kind == "Heartbeat" and packet.delay_ns is not None
    ]
    begun_s = told(cluster, leap).get("effective_ns") / SECOND
    before = [delay_s for at_s, delay_s in stamped_s if at_s < begun_s]
    meanwhile = [delay_s for at_s, delay_s in stamped_s if begun_s + 0.1 < at_s < still_ns / SECOND]
    since = [delay_s for at_s, delay_s in stamped_s if at_s > back.at_ns / SECOND]
    # A switch in user space waits for a processor like any process (16 ms were seen beside a starting browser), so a
    # packet may be as late as a run may be.
    assert before == pytest.approx([0.0] * len(before), abs=tolerance_s(speed)) and before
    assert meanwhile == pytest.approx([-30.0] * len(meanwhile), abs=tolerance_s(speed)) and meanwhile
    assert since == pytest.approx([0.0] * len(since), abs=tolerance_s(speed)) and since
    assert abs(median(before)) < 0.05 and abs(median(meanwhile) + 30) < 0.05 and abs(median(since)) < 0.05
    assert any(booted.at_ns / SECOND < at_s < still_ns / SECOND for at_s, _ in stamped_s)


def test_bad_lines_hold_on_every_kernel_and_the_run_says_what_made_them(tmp_path: Path) -> None:
    """Where the kernel has no netem the relay takes its place: no case needs a kernel of its own."""
    scenario = load("case-36@both")
    report = run(RunRequest(scenario=scenario, backend="mininet", speed=10.0, seed=0, directory=tmp_path / "run"))
    assert report.verdict == "holds", report.because
    made = json.loads((tmp_path / "run/run.json").read_text())["versions"]["impairments"]
    assert made == ("netem nftables" if kernel_serves() else "relay")


def test_the_same_seed_treats_the_same_packets_alike_on_both_backends(tmp_path: Path) -> None:
    """What the simulation shows of bad lines must be what real packets meet."""
    counted = []
    for backend in ("mininet", "simulation"):
        directory = tmp_path / backend
        report = run(
            RunRequest(scenario=load("damaged-packets"), backend=backend, speed=10.0, seed=4, directory=directory)
        )
        assert report.verdict == "holds", report.because
        (counters,) = read_history(directory / "history.jsonl").where("counters", id="bad lines")
        counted.append({name: counters.get("line")[name] for name in ("doubled", "damaged", "overtook")})
    assert counted[0] == pytest.approx(counted[1], abs=3), "at the ends of a run a packet more or less may count"


# --- Death ------------------------------------------------------------------------------------------------------------


def test_everything_of_a_host_dies_with_it_and_boots_again(cluster: Cluster) -> None:
    """A host that is off must not write, answer or hold anything; the cluster restarts its VM elsewhere."""
    of_host_98 = {"host-98-hv", "host-98-fdm", "vm-98-1"}
    assert of_host_98 <= set(names(cluster.session.inner))  # type: ignore[arg-type]  # on real packets
    off = cluster.power_off("host-98")
    assert shown(cluster, off)["powered_off"] == ["host-98"]
    assert not of_host_98 & set(names(cluster.session.inner))  # type: ignore[arg-type]  # on real packets
    cluster.wait_for_record("restart", vm="vm-98-1", phase="done", within_s=60)
    cluster.heal(off)
    cluster.wait_for_record("host-state", node="host-99", host="host-98", to="connectedToMaster", within_s=60)
    cluster.finish()
    before, after = cluster.records_of("disk", vm="vm-98-1")
    assert before.get("host") == "host-98"
    assert before.get("last_ns") <= told(cluster, off).get("effective_ns") < after.get("first_ns")


def test_a_frozen_host_is_silent_until_it_is_thawed(cluster: Cluster) -> None:
    cluster.allow("started-twice", because="a frozen host looks dead, and its VM's copy stands still with it")
    frozen = cluster.freeze("host-100")
    cluster.wait_for_record("host-state", node="host-99", host="host-100", to="hostDown", within_s=60)
    since_ns = told(cluster, frozen).get("effective_ns")
    assert not [r for r in cluster.records if r.node == "host-100" and r.at_ns > since_ns]
    cluster.heal(frozen)
    cluster.wait_for_record("host-state", node="host-99", host="host-100", to="connectedToMaster", within_s=60)
    cluster.wait_for(lambda: len(cluster.where("vm-100-1")) == 1, within_s=60, what="one copy of its VM")


def test_killing_vcenter_changes_nothing_in_failover(cluster: Cluster) -> None:
    cluster.fault("crash-vcenter")
    cluster.power_off("host-98")
    cluster.wait_for_record("restart", vm="vm-98-1", phase="done", within_s=60)


def test_an_isolated_host_is_alone_on_both_networks(cluster: Cluster) -> None:
    cluster.isolate("host-98")
    cluster.wait_for(lambda: cluster.role("host-98") == "isolated", within_s=60)


def test_every_fault_kind_reaches_the_stage() -> None:
    """A new kind of fault must be given a test here, or named as covered elsewhere."""
    here = {"isolate", "cut", "wrong-address", "missing-route", "gateway-silent", "gateway-down", "storage", "block"}
    here |= {"impair", "mtu", "reconfigure", "crash-vcenter", "network-down", "crash-agent", "vm-crash"}
    here |= {"clock-offset", "power-off", "freeze", "maintenance", "vm-power"}
    same = {"split", "bridge", "cut-pair", "one-way", "switch-reboot", "vm-hang"}  # the same primitives as others
    assert set(KINDS) <= here | same, f"not covered: {set(KINDS) - here - same}"
