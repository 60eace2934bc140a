"""The simulated lab, whose hosts die, freeze, boot and lose their disks as real ones do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from herzschlag.agents.datastore.disk_evidence import read_disk
from herzschlag.agents.datastore.layout import disk_path
from herzschlag.backends.simulation.lab import SimCluster
from herzschlag.faults import (
    AnyFault,
    ClockOffset,
    CrashAgent,
    CrashVcenter,
    CutPair,
    EnterMaintenance,
    Freeze,
    GatewayDown,
    Impair,
    Isolate,
    Mtu,
    PowerOff,
    Reconfigure,
    Split,
    Storage,
    VmCrash,
    VmPower,
)
from herzschlag.history.records import SECOND, Record, encode
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.expectations import Expectations
from herzschlag.scenarios.from_toml import load
from tests.support.cluster import begin, end, plan_of, started

ROOT = Path(__file__).parents[2]


def roles(cluster: SimCluster) -> dict[str, str]:
    return {moid: view.role if (view := cluster.view(moid)) else "-" for moid in cluster.hosts}


def running(cluster: SimCluster, vm: str) -> list[str]:
    return [host.name for host in cluster.hosts.values() if host.runs(vm)]


def since(cluster: SimCluster, at_s: float, kind: str) -> list[Record]:
    return [record for record in cluster.records if record.kind == kind and record.at_s >= at_s]


def test_a_cluster_elects_the_host_highest_as_text_and_runs_its_vms() -> None:
    cluster = started(hosts=3, vms_per_host=2, until_s=40)
    assert roles(cluster) == {"host-98": "slave", "host-99": "master", "host-100": "slave"}
    assert all(len(host.vms) == 2 for host in cluster.hosts.values())
    assert cluster.vcenter.view().protected == tuple(sorted(vm.name for vm in cluster.config.vms))
    assert since(cluster, 20, "role") == [], "a healthy cluster stays as it is"


def test_no_host_waits_for_a_master_that_has_abdicated() -> None:
    """Of three masters that hear each other two abdicate at once. A last heartbeat of the one, late on its way, makes
    the other ask it to be taken in; the offer that follows says that it no longer leads."""
    groups = (("host-99", "host-101"), ("host-98", "host-100"), ("host-102",))
    cluster = started(hosts=5, until_s=30)
    begin(cluster, "split", Split(groups=groups), at_s=30)
    cluster.run_until(70 * SECOND)
    assert [moid for moid, role in roles(cluster).items() if role == "master"] == ["host-98", "host-99", "host-102"]
    begin(cluster, "late", Impair(src=("host-98",), dst=("host-102",), delay_ms=300.0))
    end(cluster, "split", at_s=71)
    cluster.run_until(90 * SECOND)
    (abdicates, slave) = [record for record in since(cluster, 71, "role") if record.node == "host-102"]
    assert (abdicates.get("to"), slave.get("to"), slave.get("master")) == ("election", "slave", "host-99")
    assert slave.at_s - abdicates.at_s < 1.5, "the next heartbeat of the master that is left"


def test_power_off_ends_everything_on_the_host_and_power_on_begins_a_new_life() -> None:
    cluster = started(hosts=3, vms_per_host=1, until_s=30)
    begin(cluster, "off", PowerOff(host="host-98"))
    host = cluster.hosts["host-98"]
    assert host.processes() == [] and not host.powered and not host.answers_ping()
    cluster.run_until(60 * SECOND)
    assert not [record for record in since(cluster, 30.001, "vm") if record.node == "host-98"]
    assert running(cluster, "vm-98-1") and "host-98" not in running(cluster, "vm-98-1")
    end(cluster, "off")
    cluster.run_until(90 * SECOND)
    assert roles(cluster)["host-98"] == "slave", "it found its configuration on its own disk, and the master"
    assert host.hypervisor is not None and host.hypervisor.core.view().boot == 2  # type: ignore[attr-defined]
    assert running(cluster, "vm-98-1") != ["host-98"], "no host moves a VM back"


@pytest.mark.parametrize("after_bytes", [0, 1, 20, 10_000])
def test_power_lost_in_the_middle_of_a_write_leaves_a_disk_that_can_be_read(after_bytes: int) -> None:
    """Readers must never take half a record for a whole one."""
    cluster = started(hosts=3, vms_per_host=1, until_s=30)
    cluster.hosts["host-98"].power_off_in_next_write(after_bytes)
    cluster.run_until(120 * SECOND)
    assert not cluster.hosts["host-98"].powered
    assert len(since(cluster, 30, "power-lost")) == 1
    data = cluster.datastores.content("vmfs-1", disk_path("vm-98-1"))
    assert data is not None
    disk = read_disk([data])
    assert [run.host == "host-98" for run in disk.runs] == [True, False], "it was restarted elsewhere"
    torn = since(cluster, 30, "power-lost")[0].fields["in"] == "Append" and after_bytes in (1, 20)
    assert disk.torn == torn


def test_a_frozen_host_does_nothing_and_reads_its_mail_first_when_it_goes_on() -> None:
    """A short freeze must not make a slave believe that its master was silent."""
    cluster = started(hosts=3, vms_per_host=1, until_s=30)
    begin(cluster, "freeze", Freeze(host="host-98"), at_s=31)
    cluster.run_until(38 * SECOND)
    assert not [record for record in since(cluster, 31.02, "vm") if record.node == "host-98"]
    end(cluster, "freeze", at_s=38)
    cluster.run_until(60 * SECOND)
    assert since(cluster, 31, "role") == [] and running(cluster, "vm-98-1") == ["host-98"]


def test_a_long_freeze_of_the_master_costs_it_nothing_it_can_keep() -> None:
    cluster = started(hosts=3, until_s=30)
    begin(cluster, "freeze", Freeze(host="host-99"))
    cluster.run_until(70 * SECOND)
    assert roles(cluster)["host-98"] == "master"
    end(cluster, "freeze")
    cluster.run_until(100 * SECOND)
    assert list(roles(cluster).values()).count("master") == 1


def test_the_watchdog_starts_a_dead_agent_and_without_it_the_agent_stays_dead() -> None:
    cluster = started(hosts=3, vms_per_host=1, until_s=30)
    begin(cluster, "crash", CrashAgent(host="host-98"))
    assert cluster.hosts["host-98"].agent is None and running(cluster, "vm-98-1") == ["host-98"]
    cluster.run_until(40 * SECOND)
    assert roles(cluster)["host-98"] == "slave"
    begin(cluster, "dead", CrashAgent(host="host-100", watchdog=False))
    cluster.run_until(80 * SECOND)
    assert roles(cluster)["host-100"] == "-"
    assert cluster.view("host-99").host_states["host-100"] == "fdmUnreachable", "its kernel answers pings"
    end(cluster, "dead")
    cluster.run_until(100 * SECOND)
    assert roles(cluster)["host-100"] == "slave" and running(cluster, "vm-100-1") == ["host-100"]


def test_hanging_storage_is_carried_out_late_and_failed_storage_never() -> None:
    cluster = started(hosts=3, vms_per_host=1, until_s=30)
    before = cluster.datastores.content("vmfs-1", disk_path("vm-98-1"))
    begin(cluster, "apd", Storage(host="host-98", access="apd"))
    cluster.run_until(60 * SECOND)
    assert cluster.datastores.content("vmfs-1", disk_path("vm-98-1")) == before
    assert {r.fields["to"] for r in since(cluster, 30, "datastore") if r.node == "host-98"} == {"apd"}
    end(cluster, "apd")
    cluster.run_until(70 * SECOND)
    assert cluster.datastores.content("vmfs-1", disk_path("vm-98-1")) != before
    begin(cluster, "pdl", Storage(host="host-99", access="pdl", datastore="vmfs-1"))
    begin(cluster, "apd-too", Storage(host="host-99", access="apd"))
    cluster.run_until(80 * SECOND)
    assert {r.fields["to"] for r in since(cluster, 70, "datastore") if r.fields["datastore"] == "vmfs-1"} == {"pdl"}


def test_faults_that_share_a_condition_keep_it_until_the_last_is_over() -> None:
    cluster = started(hosts=3, until_s=30)
    begin(cluster, "one", Isolate(host="host-98"))
    begin(cluster, "two", CutPair(a="host-98", b="host-99"))
    cluster.run_until(34 * SECOND)
    end(cluster, "one")
    before = cluster.disturbances.drops["two"].packets
    cluster.run_until(36 * SECOND)
    assert cluster.disturbances.drops["two"].packets > before > 0
    end(cluster, "two")
    after = cluster.disturbances.drops["two"].packets
    cluster.run_until(60 * SECOND)
    assert cluster.disturbances.drops["two"].packets == after and since(cluster, 30, "role") == []


def test_a_master_cut_off_for_thirty_seconds_is_isolated_while_the_rest_elects() -> None:
    cluster = started(hosts=3, until_s=30)
    begin(cluster, "cut", Isolate(host="host-99"), at_s=30)
    cluster.run_until(58 * SECOND)
    assert roles(cluster) == {"host-98": "master", "host-99": "isolated", "host-100": "slave"}
    end(cluster, "cut")
    cluster.run_until(90 * SECOND)
    assert roles(cluster) == {"host-98": "master", "host-99": "slave", "host-100": "slave"}


@pytest.mark.parametrize(
    "fault",
    [
        GatewayDown(),
        CrashVcenter(),
        Impair(loss=0.2, delay_ms=100.0, jitter_ms=50.0, duplicate=0.1, reorder=0.1),
        Mtu(host="host-98", mtu=1000),
        ClockOffset(host="host-98", offset_s=0.5),
    ],
)
def test_what_heartbeats_survive_changes_no_role_and_no_vm(fault: AnyFault) -> None:
    cluster = started(hosts=3, vms_per_host=1, until_s=30)
    begin(cluster, "fault", fault)
    cluster.run_until(90 * SECOND)
    end(cluster, "fault")
    cluster.run_until(120 * SECOND)
    assert since(cluster, 30, "role") == [] and since(cluster, 30, "vm") == []


def test_a_clock_that_leaps_back_does_not_move_until_time_has_caught_up() -> None:
    """A core must never see time go back: it would rightly refuse."""
    cluster = started(hosts=3, until_s=30)
    begin(cluster, "ahead", ClockOffset(host="host-98", offset_s=3.0))
    cluster.run_until(50 * SECOND)
    end(cluster, "ahead")
    cluster.run_until(52 * SECOND)
    assert cluster.hosts["host-98"].agent is not None
    cluster.run_until(90 * SECOND)
    assert roles(cluster)["host-98"] == "slave"


def test_a_master_whose_clock_leaps_is_isolated_at_once_and_leads_again_after_an_election() -> None:
    """To its agent, every host and the gateway were silent for half a minute at that instant."""
    cluster = started(hosts=3, until_s=30)
    begin(cluster, "ahead", ClockOffset(host="host-99", offset_s=30.0))
    cluster.run_until(60 * SECOND)
    told = [(r.fields["to"], round(r.at_s)) for r in since(cluster, 30, "role") if r.node == "host-99"]
    assert told == [("isolated", 30), ("election", 30), ("master", 45)]
    assert since(cluster, 30, "vm") == []


def test_users_power_vms_crash_them_and_put_hosts_in_maintenance_through_vcenter() -> None:
    cluster = started(hosts=3, vms_per_host=1, until_s=40)
    begin(cluster, "crash", VmCrash(vm="vm-98-1"))
    assert running(cluster, "vm-98-1") == []
    begin(cluster, "off", VmPower(vm="vm-100-1", on=False))
    begin(cluster, "rest", EnterMaintenance(host="host-100"), at_s=50)
    begin(cluster, "options", Reconfigure(options={"host_monitoring": False}))
    cluster.run_until(60 * SECOND)
    assert running(cluster, "vm-100-1") == [] and running(cluster, "vm-98-1") != []
    assert roles(cluster)["host-100"] == "uninitialized"
    end(cluster, "rest")
    end(cluster, "options")
    cluster.run_until(90 * SECOND)
    assert roles(cluster)["host-100"] == "slave"


def lines(seed: int) -> list[bytes]:
    """The lines of a history in which everything random occurs."""
    cluster = started(seed, hosts=4, vms_per_host=2, phases="spread", isolation_response="powerOff", until_s=30)
    begin(cluster, "noise", Impair(loss=0.3, delay_ms=50.0, jitter_ms=40.0, duplicate=0.2, reorder=0.2))
    begin(cluster, "off", PowerOff(host="host-99"), at_s=40)
    begin(cluster, "cut", Isolate(host=("host-98", "host-101")), at_s=80)
    for fault_id in cluster.disturbances.active:
        end(cluster, fault_id, at_s=160)
    cluster.run_until(220 * SECOND)
    cluster.write_evidence()
    return [encode(record) for record in cluster.records]


def test_one_seed_gives_one_history_byte_for_byte_in_other_processes() -> None:
    """A failure that cannot be repeated is not found."""
    code = (
        "import sys; from tests.simulation.test_simulated_lab import lines;"
        " sys.stdout.buffer.write(b'\\n'.join(lines(int(sys.argv[1]))))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code, "5"],
            cwd=ROOT,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
        ).stdout
        for hash_seed in ("0", "1", "4711")
    }
    assert len(found) == 1
    assert found == {b"\n".join(lines(5))}
    assert found != {b"\n".join(lines(6))}


def test_the_plan_makes_the_cluster() -> None:
    plan = plan_of(hosts=("host-7", "host-8"), networks=("A",), vms_per_host=1)
    cluster = SimCluster(plan)
    cluster.start()
    assert cluster.run_until(60 * SECOND, lambda record: record.kind == "role" and record.get("to") == "master")
    assert cluster.now_ns == cluster.records[-1].at_ns and cluster.records[-1].node == "host-8"
    assert not cluster.run_until(60 * SECOND) and cluster.now_ns == 60 * SECOND
    assert len(cluster.history()) == len(cluster.records)


def test_vcenter_keeps_to_the_users_choice_of_heartbeat_datastores() -> None:
    """Case 31: with both chosen ones lost a host has none, though nfs-1 would do."""
    cluster = started(hosts=3, until_s=30, heartbeat_datastores=("vmfs-1", "vmfs-2"))
    begin(cluster, "lost", Storage(host="host-98", datastore=("vmfs-1", "vmfs-2"), access="pdl"))
    cluster.run_until(60 * SECOND)
    begin(cluster, "cut", Isolate(host="host-98"))
    cluster.run_until(90 * SECOND)
    seen = cluster.view("host-99")
    assert seen is not None
    assert seen.host_states["host-98"] == "hostDown"


def test_a_lock_is_broken_on_stale_evidence_and_the_checkers_say_so() -> None:
    """From the model follow two copies when the host that starts the VM reads old data too; no checker may miss it."""
    scenario = load("stale-datastore")
    both = msgspec.structs.replace(
        scenario,
        steps=(
            msgspec.structs.replace(scenario.steps[0], fault=Storage(host=("host-99", "host-100"), access="stale")),
            *scenario.steps[1:],
        ),
        expect=Expectations(),
    )
    with TemporaryDirectory() as folder:
        report = run(RunRequest(scenario=both, backend="simulation", speed=1.0, seed=0, directory=Path(folder)))
    found = {finding.checker: finding for finding in report.findings}
    assert [name for name in ("one-writer", "lock-holders", "started-twice") if not found[name].foreseen] == []
    assert found["restart-justified"].verdict == found["belief"].verdict == "holds", "by what the master could see"


def test_a_datastore_slower_than_one_io_may_be_hangs_for_its_host_and_comes_back() -> None:
    cluster = started(hosts=3, vms_per_host=1, until_s=40)
    begin(cluster, "slow", Storage(host="host-98", access="slow", delay_ms=9000, datastore="vmfs-1"), 41)
    cluster.run_until(80 * SECOND)
    changes = [r for r in since(cluster, 41, "datastore") if r.node == "host-98"]
    assert {r.get("to") for r in changes} == {"apd", "ok"}
    end(cluster, "slow", 81)
    cluster.run_until(120 * SECOND)
    assert cluster.hosts["host-98"].hypervisor is not None
    assert [r for r in since(cluster, 92, "datastore") if r.node == "host-98"] == []
    assert running(cluster, "vm-98-1") == ["host-98"]
