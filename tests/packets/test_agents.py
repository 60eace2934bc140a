"""Hosts with their agents on real packets: what the drivers, the stage and the session do with real processes.

What a cluster decides is tested elsewhere, against the cores; here it is that processes, sockets, datastores and
faults are real: datagrams cross the switches, everything of a host dies with it, and what dies unasked is noticed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.messages import Heartbeat
from agents.wire import Codec
from herzschlag.backends.base import BackendUnavailable, MachineryDied, Plan
from herzschlag.backends.mininet import MininetSession
from herzschlag.faults import KINDS, AnyFault, CrashAgent, CrashVcenter, Isolate, PowerOff, VmCrash
from herzschlag.history import SECOND, Record
from herzschlag.plan import CLUSTER_NAME, make_plan
from herzschlag.scenario import Cluster, Scenario

pytestmark = pytest.mark.packets

SPEED = 10.0
READY_S_MAX = 120.0
"""Protocol seconds until the cluster is ready: 12 s of real time, election and join take 15 to 20 of these."""
CHECKOUT = Path(__file__).resolve().parents[2]


def plan(directory: Path | None = None, speed: float = SPEED, **cluster: Any) -> Plan:
    scenario = Scenario(name="test", title="test", cluster=Cluster(**({"vms_per_host": 1} | cluster)))
    return make_plan(scenario, speed=speed, directory=directory)


def until(
    session: MininetSession,
    what: str,
    true_of: Callable[[Record], bool],
    within_s: float = 60.0,
    after: Record | None = None,
) -> Record:
    """Wait, in protocol time, for a record that has not been seen yet, or that came after this one."""
    began = len(session.records()) if after is None else after.seq + 1
    seen = [record for record in session.records()[began:] if true_of(record)]
    if not seen and not session.run_until(session.now_ns() + round(within_s * SECOND), true_of):
        last = "\n".join(str(record) for record in session.records()[-30:])
        pytest.fail(f"waited {within_s} s of protocol time for {what}; last records:\n{last}")
    return next(record for record in session.records()[began:] if true_of(record))


def is_record(kind: str, node: str | None = None, **fields: Any) -> Callable[[Record], bool]:
    return lambda r: (
        r.kind == kind and node in (None, r.node) and all(r.get(name) == value for name, value in fields.items())
    )


def ready(session: MininetSession) -> None:
    """A master is elected, everyone joined, every VM is protected."""
    wanted = {f"vm-{moid.removeprefix('host-')}-1" for moid in session.plan.topology.moids}

    def confirmed(record: Record) -> bool:
        if is_record("protect", "vcenter", phase="confirmed")(record):
            wanted.discard(record.get("vm"))
        return not wanted

    until(session, "a cluster that is ready", confirmed, READY_S_MAX)


@contextlib.contextmanager
def running(session: MininetSession) -> Iterator[MininetSession]:
    with session:
        session.start()
        ready(session)
        yield session


@pytest.fixture(scope="module")
def lab() -> Iterator[MininetSession]:
    """One lab for all tests that leave it as they found it."""
    with running(MininetSession(plan())) as session:
        yield session


# --- Processes of a sandbox, as this side numbers them ----------------------------------------------------------------


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def inside(session: MininetSession) -> dict[int, dict[str, str]]:
    """Every living process of the sandbox: its pid here to its status, with `inner`, its pid there."""
    everyone = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                everyone[int(entry.name)] = status_of(int(entry.name))
    found = {}
    for pid, status in everyone.items():
        numbers = status["NSpid"].split()
        up = pid
        while up in everyone and up not in (0, 1, session.sandbox_pid):
            up = int(everyone[up]["PPid"])
        if up == session.sandbox_pid and not status["State"].startswith("Z"):
            found[pid] = status | {"inner": numbers[1] if len(numbers) > 1 else ""}
    return found


def outer_pid(session: MininetSession, name: str) -> int:
    """Of machinery or a node's first process (by its name at the stage), or of a process by its own name."""
    inner = session.pids.get(name)
    for pid, status in inside(session).items():
        if (inner is not None and status["inner"] == str(inner)) or (inner is None and status["Name"] == name[:15]):
            return pid
    raise AssertionError(f"no process {name!r} in the sandbox")


def names(session: MininetSession) -> list[str]:
    return [status["Name"] for status in inside(session).values()]


# --- The cluster works ------------------------------------------------------------------------------------------------


def test_three_hosts_elect_the_highest_moid_as_text(lab: MininetSession) -> None:
    """All hosts see the same datastores, so host-99 beats host-98, and host-98 beats host-100."""
    masters = [r.node for r in lab.records() if is_record("role", to="master")(r)]
    slaves = {r.node: r.get("master") for r in lab.records() if is_record("role", to="slave")(r)}
    assert masters[0] == "host-99"
    assert slaves["host-98"] == slaves["host-100"] == "host-99"


def test_every_process_stands_in_its_own_hosts_namespaces(lab: MininetSession) -> None:
    """An agent outside its host's network would heartbeat over the machine's own."""
    seen: dict[str, set[tuple[str, ...]]] = {}
    for pid, status in inside(lab).items():
        if status["Name"].startswith("host-"):
            where = tuple(str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in ("net", "mnt", "pid"))
            seen.setdefault(status["Name"].rpartition("-")[0], set()).add(where)
    assert set(seen) == {"host-98", "host-99", "host-100"}
    assert all(len(places) == 1 for places in seen.values())
    assert len({place for places in seen.values() for place in places}) == 3


def test_heartbeats_cross_the_switches_and_a_cut_takes_them(lab: MininetSession) -> None:
    """If agents reached each other by any other way, no cut at a switch would mean anything."""
    links = (("A", "host-98", "host-99"),)
    fault = msgspec.convert({"fault": "cut", "links": links}, AnyFault)
    begun = lab.apply("cut", fault, lab.now_ns())
    silent = until(lab, "silence on A", is_record("path", "host-99", host="host-98", network="A", to="silent"))
    assert 2.0 * SECOND < silent.at_ns - begun.effective_ns < 6.0 * SECOND
    ended = lab.undo("cut", lab.now_ns())
    assert ended.evidence["dropped"] >= 3
    until(lab, "heartbeats on A", is_record("path", "host-99", host="host-98", network="A", to="up"))


def test_datagrams_under_a_wrong_key_are_counted_and_dropped(lab: MininetSession) -> None:
    """Anyone may send to port 8182; only holders of the run's key are heard."""
    forged = Codec(CLUSTER_NAME, bytes(32)).encode(
        Heartbeat(
            sender="host-99", boot=1 << 40, sequence=1, sent_ns=1, role="master", goodness=9, master="host-99",
            heard=0, config=1, inventory=1,
        )
    )  # fmt: skip
    target = lab.plan.topology.address("host-98", "A")
    program = (
        "import socket;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
        f"[s.sendto(d,('{target}',8182)) for d in (bytes.fromhex('{forged.hex()}'),b'nonsense') for _ in range(5)]"
    )
    gateway = next(
        pid for pid in inside(lab) if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"gateway:\0infinity")
    )
    subprocess.run(["nsenter", f"--net=/proc/{gateway}/ns/net", sys.executable, "-c", program], check=True)
    for reason in ("wrong-tag", "malformed"):
        if not any(is_record("dropped", "host-98", network="A", reason=reason)(r) for r in lab.records()):
            until(lab, f"{reason} counted", is_record("dropped", "host-98", network="A", reason=reason))
    assert not any(r.kind == "role" and r.node == "host-98" and r.get("to") == "election" for r in lab.records()[-20:])


def test_timers_fire_in_time(lab: MininetSession) -> None:
    """Every process tells how late its timers fired: without that, overload would pass for a verdict."""
    lab.run_until(lab.now_ns() + 30 * SECOND)
    told = {(r.node, r.get("process")) for r in lab.records() if r.kind == "lateness"}
    assert {(moid, "agent") for moid in lab.plan.topology.moids} <= told
    assert ("vcenter", "vcenter") in told


@pytest.mark.parametrize(
    "fields",
    [
        {"fault": "isolate", "host": "host-98", "manner": "port-down", "networks": "B"},
        {"fault": "isolate", "host": "host-98", "manner": "host-carrier", "networks": "B"},
        {"fault": "isolate", "host": "host-98", "manner": "address", "networks": "B"},
        {"fault": "isolate", "host": "host-98", "manner": "nftables", "networks": "B"},
        {"fault": "wrong-address", "host": "host-98", "networks": "B"},
        {"fault": "missing-route", "host": "host-98", "networks": "B"},
    ],
    ids=lambda fields: f"{fields['fault']}-{fields.get('manner', '')}",
)
def test_every_way_to_lose_network_b_silences_it_and_heals(lab: MininetSession, fields: dict[str, Any]) -> None:
    """The same loss made in different ways: heartbeats on B stop, those on A go on, and both are back after it."""
    lab.apply("way", msgspec.convert(fields, AnyFault), lab.now_ns())
    until(lab, "silence on B", is_record("path", "host-99", host="host-98", network="B", to="silent"))
    lab.undo("way", lab.now_ns())
    until(lab, "heartbeats on B", is_record("path", "host-99", host="host-98", network="B", to="up"))
    assert not any(is_record("host-state", "host-99", host="host-98", to="hostDown")(r) for r in lab.records())


@pytest.mark.parametrize(
    ("fields", "shows"),
    [
        ({"fault": "gateway-silent"}, "gateway_silent"),
        ({"fault": "gateway-down"}, "powered_off"),
        ({"fault": "storage", "host": "host-100", "access": "apd", "datastore": "nfs-1"}, "views_changed"),
        ({"fault": "block", "host": "host-100", "what": "icmp"}, "filters_changed"),
        ({"fault": "impair", "src": "host-100", "dst": "host-98", "loss": 0.3, "duplicate": 0.2}, "filters_changed"),
        ({"fault": "mtu", "host": "host-100", "mtu": 1000, "networks": "B"}, "interfaces_changed"),
        ({"fault": "reconfigure", "options": {"host_monitoring": False}}, "vcenter_told"),
        ({"fault": "crash-vcenter"}, "vcenter"),
        ({"fault": "network-down", "networks": "B"}, "flows_changed"),
    ],
    ids=lambda value: value["fault"] if isinstance(value, dict) else None,
)
def test_a_fault_is_shown_by_its_evidence_and_undone(lab: MininetSession, fields: dict[str, Any], shows: str) -> None:
    """A fault without evidence could be one that never happened."""
    fault = msgspec.convert(fields, AnyFault)
    at_ns = lab.now_ns() + 2 * SECOND
    begun = lab.apply("fault", fault, at_ns)
    assert begun.evidence[shows]
    assert at_ns <= begun.asked_ns <= begun.effective_ns < at_ns + 10 * SECOND
    again = lab.apply("again", fault, lab.now_ns())
    assert shows not in again.evidence, "conditions are absolute: a second one of the same changes nothing"
    lab.undo("again", lab.now_ns())
    ended = lab.undo("fault", lab.now_ns())
    assert ended.effective_ns > begun.effective_ns
    lab.run_until(lab.now_ns() + 5 * SECOND)


def test_a_crashed_agent_is_started_again_and_no_machinery(lab: MininetSession) -> None:
    """The watchdog brings it back; its host and its VMs do not notice."""
    before = names(lab)
    effect = lab.apply("crash", CrashAgent(host="host-100"), lab.now_ns())
    assert effect.evidence["agents_killed"] == ["host-100"]
    until(lab, "the agent's new life", is_record("role", "host-100", to="slave"))
    lab.undo("crash", lab.now_ns())
    assert sorted(names(lab)) == sorted(before)


def test_a_crashed_vm_is_seen_as_one(lab: MininetSession) -> None:
    effect = lab.apply("crash", VmCrash(vm="vm-100-1"), lab.now_ns())
    assert effect.evidence["vms_harmed"] == {"vm-100-1": "host-100"}
    ended = until(lab, "the VM's end", is_record("vm", "host-100", vm="vm-100-1", to="off"))
    until(lab, "its restart", is_record("vm", vm="vm-100-1", to="on"), after=ended)


def test_what_real_packets_cannot_do_is_refused_by_name(lab: MininetSession) -> None:
    fault = msgspec.convert({"fault": "clock-offset", "host": "host-98", "offset_s": 5.0}, AnyFault)
    with pytest.raises(BackendUnavailable, match="clock offset"):
        lab.apply("clock", fault, lab.now_ns())
    assert lab.now_ns() > 0, "the lab goes on"


def test_every_fault_kind_reaches_the_stage() -> None:
    """A new kind of fault must be given a test here, or named as covered elsewhere."""
    here = {"isolate", "cut", "wrong-address", "missing-route", "gateway-silent", "gateway-down", "storage", "block"}
    here |= {"impair", "mtu", "reconfigure", "crash-vcenter", "network-down", "crash-agent", "vm-crash"}
    here |= {"clock-offset", "power-off", "freeze", "maintenance", "vm-power"}
    same = {"split", "bridge", "cut-pair", "one-way", "switch-reboot", "vm-hang"}  # the same primitives as others
    assert set(KINDS) <= here | same, f"not covered: {set(KINDS) - here - same}"


# --- Death ------------------------------------------------------------------------------------------------------------


def test_everything_of_a_host_dies_with_it_and_boots_again() -> None:
    """A host that is off must not write, answer or hold anything; the cluster restarts its VM elsewhere."""
    with running(MininetSession(plan())) as session:
        assert {"host-98-hv", "host-98-fdm", "vm-98-1"} <= set(names(session))
        effect = session.apply("off", PowerOff(host="host-98"), session.now_ns())
        assert effect.evidence["powered_off"] == ["host-98"]
        assert not {"host-98-hv", "host-98-fdm", "vm-98-1"} & set(names(session))
        until(session, "the restart", is_record("restart", vm="vm-98-1", phase="done"))
        session.undo("off", session.now_ns())
        until(session, "the host's return", is_record("host-state", "host-99", host="host-98", to="connectedToMaster"))
        session.finish()
        disks = [r for r in session.records() if is_record("disk", vm="vm-98-1")(r)]
        assert disks[0].get("host") == "host-98"
        assert disks[0].get("last_ns") <= effect.effective_ns < disks[1].get("first_ns")


def test_a_frozen_host_stands_still_and_goes_on() -> None:
    with running(MininetSession(plan())) as session:
        frozen = msgspec.convert({"fault": "freeze", "host": "host-100"}, AnyFault)
        effect = session.apply("freeze", frozen, session.now_ns())
        until(session, "its death", is_record("host-state", "host-99", host="host-100", to="hostDown"))
        assert not any(r.node == "host-100" and r.at_ns > effect.effective_ns for r in session.records())
        session.undo("freeze", session.now_ns())
        until(session, "its return", is_record("host-state", "host-99", host="host-100", to="connectedToMaster"))


def test_killing_vcenter_changes_nothing_in_failover() -> None:
    with running(MininetSession(plan())) as session:
        session.apply("vcenter", CrashVcenter(), session.now_ns())
        session.apply("off", PowerOff(host="host-98"), session.now_ns())
        until(session, "the restart", is_record("restart", vm="vm-98-1", phase="done"))


def test_an_isolated_host_is_alone_on_both_networks() -> None:
    with running(MininetSession(plan())) as session:
        session.apply("alone", Isolate(host="host-98"), session.now_ns())
        until(session, "isolation", is_record("role", "host-98", to="isolated"))


MACHINERY = ("ovsdb-server", "ovs-vswitchd", "controller", "zygote", "host-98", "host-98-fdm", "vcenter")


@pytest.mark.parametrize("victim", [*MACHINERY, "the stage"])
def test_a_death_that_nobody_ordered_makes_the_run_unknown(victim: str, tmp_path: Path) -> None:
    """A run whose own machinery died proves nothing, however well it ends; and nothing of it is left."""
    session = MininetSession(plan(tmp_path))
    with session:
        session.start()
        session.run_until(session.now_ns() + 5 * SECOND)
        everyone = set(inside(session))
        pid = session.sandbox_pid if victim == "the stage" else outer_pid(session, victim)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(MachineryDied) as raised:
            session.run_until(session.now_ns() + 60 * SECOND)
        with pytest.raises(MachineryDied):
            session.apply("late", PowerOff(host="host-98"), session.now_ns())
    told = [record for record in session.records() if record.kind == "machinery"]
    assert told and told[0].get("what") in str(raised.value)
    expected = {"host-98": "host-98's process", "host-98-fdm": "the agent of host-98", "vcenter": "vcenter's process"}
    assert expected.get(victim, victim) in {record.get("what") for record in told}
    assert not any(Path(f"/proc/{pid}").exists() for pid in everyone)
    assert not mounted(tmp_path)


def mounted(path: Path) -> bool:
    return str(path) in Path("/proc/self/mountinfo").read_text()


def test_nothing_is_left_when_the_command_is_killed(tmp_path: Path) -> None:
    """`kill -9` of the command gives it no chance to clean up: the kernel must do it."""
    program = f"""
import sys, time
sys.path.insert(0, {str(CHECKOUT)!r})
from pathlib import Path
from tests.packets.test_agents import MininetSession, inside, plan
session = MininetSession(plan(Path({str(tmp_path)!r})))
session.start()
print(*inside(session), flush=True)
time.sleep(600)
"""
    command = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    everyone = [int(pid) for pid in command.stdout.readline().split()]
    assert len(everyone) > 10
    command.kill()
    command.wait()
    command.stdout.close()
    deadline = time.monotonic() + 20
    while left := [pid for pid in everyone if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, f"processes {left} outlived the command"
        time.sleep(0.02)
