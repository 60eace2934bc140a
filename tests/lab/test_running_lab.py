"""The promises of a lab on real packets: nodes, power, storage, links."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from herzschlag.topo.errors import LabError
from tests.support.sandboxed import CHECKOUT, DEADLINE_S, delivered, inside, pings, run_body, switched_lab
from tests.support.waiting import until

pytestmark = pytest.mark.packets


@inside
def test_udp_travels_between_all_nodes_on_both_networks() -> None:
    """Ping alone would pass with checksums broken, and no heartbeat would ever arrive."""
    with switched_lab() as lab:
        for network in ("A", "B"):
            assert delivered(lab, "host-98", "host-100", network) == 20
            assert delivered(lab, "host-100", "host-98", network) == 20
            assert delivered(lab, "vcenter", "host-99", network) == 20
            assert pings(lab, "host-99", "gateway", network)
        assert lab.datapath in ("kernel", "user")


@inside
def test_mininet_is_underneath() -> None:
    """A user of Mininet finds its nodes, links and commands."""
    with switched_lab() as lab:
        assert "1 received" in lab.net["host-98"].cmd(f"ping -c 1 -W 1 {lab.spec.address('host-99', 'A')}")
        assert lab.net["host-98"].cmd("hostname").strip() == "host-98"
        assert lab.net["host-98"].intf("mgmtB").IP() == lab.spec.address("host-98", "B")
        assert lab.net.linksBetween(lab.net["host-98"], lab.net["sA"])
        assert lab.net.pingAll(timeout="1") == 0.0
        out, errors, code = lab.net["vcenter"].pexec("cat /proc/1/comm")
        assert (out.strip(), errors, code) == ("sleep", "", 0)


@inside
def test_the_prompt_takes_names_with_hyphens() -> None:
    """`host-98 ping host-99` at Mininet's prompt."""
    from herzschlag.topo.mininet.cli import LabPrompt  # noqa: PLC0415

    with switched_lab(2) as lab:
        script = Path("/tmp/script")
        script.write_text("host-98 ping -c 1 -W 1 host-99 > /tmp/answer\nhost-98 hostname >> /tmp/answer\n")
        LabPrompt(lab.net, script=str(script))
        answer = Path(f"/proc/{lab.pid('host-98')}/root/tmp/answer").read_text()
        assert "1 received" in answer and lab.spec.address("host-99", "A") in answer
        assert answer.endswith("host-98\n")


@inside
def test_power_off_ends_every_process_of_a_host_and_its_links() -> None:
    """A failed host is silent from one instant on, and comes back with its own files and nothing else."""
    with switched_lab() as lab:
        lab.net["host-99"].cmd("echo kept > /local/file; echo shared > /datastores/vmfs-1/file; sleep 1000 &")
        process = lab.popen("host-99", ["sh", "-c", "sleep 1000 & sleep 1000 & wait"])
        before, asked_ns = lab.pid("host-99"), time.monotonic_ns()
        dead_ns = lab.power_off("host-99")
        assert asked_ns < dead_ns <= time.monotonic_ns()
        assert process.wait(DEADLINE_S) != 0
        assert _commands_inside() == []
        assert not lab.powered("host-99")
        assert lab.power_off("host-99") > 0
        assert not pings(lab, "host-98", "host-99", "A")
        with pytest.raises(LabError, match="host-99 is powered off"):
            lab.pid("host-99")
        with pytest.raises(LabError, match="host-99 is powered off"):
            lab.net["host-99"].cmd("true")
        lab.power_on("host-99")
        lab.power_on("host-99")
        assert lab.pid("host-99") != before
        assert lab.net["host-99"].cmd("cat /local/file /datastores/vmfs-1/file").split() == ["kept", "shared"]
        assert delivered(lab, "host-98", "host-99", "A") == 20
        assert delivered(lab, "host-99", "host-98", "B") == 20


@inside
def test_routes_stay_away_though_the_interface_is_given_back_all_else() -> None:
    """A carrier, an address or power that is back brings routes with it; not those that another fault took away."""
    with switched_lab(2) as lab:
        host, own = lab.net["host-98"], lab.spec.address("host-98", "A")
        before = host.cmd("ip route show dev mgmtA").splitlines()
        assert len(before) == 2, "its network, and all else by the gateway"
        lab.routes("host-98", "A", False)
        for back in ("carrier", "address", "power"):
            if back == "power":
                lab.power_off("host-98")
                lab.power_on("host-98")
            else:
                for present in (False, True):
                    (lab.carrier if back == "carrier" else lab.address)("host-98", "A", present)
            assert host.cmd("ip route show dev mgmtA") == ""
            assert own in host.cmd("ip address show dev mgmtA")
        lab.routes("host-98", "A", True)
        assert len(host.cmd("ip route show dev mgmtA").splitlines()) == 2
        assert delivered(lab, "host-98", "host-99", "A") == 20
        assert pings(lab, "host-98", "gateway", "A")


_LISTENER = """
import socket, time
listener = socket.create_server(("0.0.0.0", 7000))
connection, _ = listener.accept()
connection.sendall(b"here")
time.sleep(1000)
"""
_CALLER = """
import socket, sys, time
while True:
    try:
        connection = socket.create_connection((sys.argv[1], 7000), 1)
        break
    except OSError:
        time.sleep(0.05)
print(connection.recv(4).decode(), flush=True)
connection.settimeout(1)
try:
    print("closed" if not connection.recv(1) else "data", flush=True)
except TimeoutError:
    print("silent", flush=True)
"""


@inside
def test_a_host_without_power_closes_no_connection() -> None:
    """The kernel says farewell for a process that ends; a peer of a host that lost power hears nothing."""
    with switched_lab(2) as lab:
        lab.popen("host-99", [sys.executable, "-c", _LISTENER])
        address = lab.spec.address("host-99", "A")
        caller = lab.popen("host-98", [sys.executable, "-c", _CALLER, address], stdout=subprocess.PIPE, text=True)
        assert caller.stdout is not None
        assert caller.stdout.readline() == "here\n"
        lab.power_off("host-99")
        assert caller.stdout.readline() == "silent\n"


_FORKS = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(3):
    os.fork()
until = time.monotonic() + 20
while time.monotonic() < until:
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "0.01", "1000"])
    time.sleep(0.002)
"""


@inside
def test_a_host_whose_programs_fork_all_the_time_loses_power_as_any_other() -> None:
    with switched_lab(2) as lab:
        lab.popen("host-99", [sys.executable, "-c", _FORKS])
        until(lambda: len(_commands_inside()) > 5, "the program forks")
        lab.power_off("host-99")
        assert _commands_inside() == []


def _commands_inside() -> list[str]:
    """The `sleep` commands of the test, seen from the sandbox's own process namespace."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"1000" in words:
                    found.append(repr(words))
    return found


@inside
def test_one_hosts_storage_is_taken_away_without_touching_the_others() -> None:
    """A path that is down for one host: it sees the marker at every new open, the others see their files."""
    with switched_lab(2) as lab:
        first, second = lab.net["host-98"], lab.net["host-99"]
        first.cmd("echo content > /datastores/nfs-1/file")
        for view in ("apd", "apd", "pdl", "apd"):
            lab.set_storage({("host-98", "nfs-1"): view})
            assert first.cmd("ls -A /datastores/nfs-1").split() == [f".{view}"]
            assert "Read-only" in first.cmd("touch /datastores/nfs-1/other")
            assert first.cmd("ls -A /datastores/vmfs-1").split() == []
            assert second.cmd("cat /datastores/nfs-1/file").strip() == "content"
        lab.power_off("host-98")
        lab.power_on("host-98")
        assert first.cmd("ls -A /datastores/nfs-1").split() == [".apd"]
        for _ in range(2):
            lab.set_storage({("host-98", "nfs-1"): "ok"})
            assert first.cmd("cat /datastores/nfs-1/file").strip() == "content"
        assert (lab.datastore_path("nfs-1") / "file").read_text().strip() == "content"
        with pytest.raises(LabError, match="host-98 does not see nfs-9: it sees vmfs-1, vmfs-2, nfs-1"):
            lab.set_storage({("host-98", "nfs-9"): "apd"})


@inside
def test_a_datastore_is_read_only_for_one_host_or_full_for_all() -> None:
    """Read-only: that host reads what others write. Full: no byte fits, in its size or made smaller, but elsewhere."""
    with switched_lab(2) as lab:
        first, second = lab.net["host-98"], lab.net["host-99"]
        first.cmd("echo before > /datastores/nfs-1/file")
        lab.set_storage({("host-98", "nfs-1"): "read-only"})
        assert "Read-only" in first.cmd("touch /datastores/nfs-1/other")
        second.cmd("echo after > /datastores/nfs-1/file")
        assert first.cmd("cat /datastores/nfs-1/file").strip() == "after"
        lab.set_storage({("host-98", "nfs-1"): "ok"})
        assert first.cmd("touch /datastores/nfs-1/other").strip() == ""
        for _ in range(2):
            lab.set_full("nfs-1", True)
            for host in (first, second):
                assert "No space left" in host.cmd("head -c 9000 /dev/zero > /datastores/nfs-1/more")
            assert first.cmd("head -c 9000 /dev/zero > /datastores/vmfs-1/more").strip() == ""
            lab.set_full("nfs-1", False)
            assert first.cmd("head -c 9000 /dev/zero > /datastores/nfs-1/more").strip() == ""
            first.cmd("rm /datastores/nfs-1/more")
        assert "No space left" in first.cmd("head -c 200000000 /dev/zero > /datastores/nfs-1/huge")
        assert "No space left" in first.cmd("head -c 20000000 /dev/zero > /local/huge")


@inside
def test_a_datastore_is_slow_or_stale_for_one_host_and_after_a_boot_too() -> None:
    """What the host's own I/O meets: the marks that it looks for, with what the datastore held in the one."""
    with switched_lab(2) as lab:
        first, second = lab.net["host-98"], lab.net["host-99"]
        where = ("host-98", "nfs-1")
        first.cmd("mkdir /datastores/nfs-1/vm; echo before > /datastores/nfs-1/vm/file")
        lab.set_storage({where: "stale"})
        second.cmd("echo after > /datastores/nfs-1/vm/file")
        for _ in range(2):
            assert first.cmd("cat /datastores/.stale-nfs-1/content/vm/file").strip() == "before"
            assert first.cmd("cat /datastores/nfs-1/vm/file").strip() == "after"
            assert "Read-only" in first.cmd("touch /datastores/.stale-nfs-1/content/other")
            lab.power_off("host-98")
            lab.power_on("host-98")
        lab.set_storage({where: "slow"}, {where: 5000})
        assert first.cmd("ls -A /datastores/.stale-nfs-1").strip() == ""
        assert first.cmd("cat /datastores/.slow-nfs-1").strip() == "5000"
        assert second.cmd("ls -A /datastores").split() == ["nfs-1", "vmfs-1", "vmfs-2"]
        lab.set_storage({where: "ok"})
        assert first.cmd("cat /datastores/.slow-nfs-1").strip() == ""


@inside
def test_a_frozen_host_does_nothing_until_it_is_thawed() -> None:
    """Frozen, it answers pings and does nothing else; it dies frozen as well."""
    with switched_lab(2) as lab:
        counter = lab.local_path("host-98") / "counter"
        lab.popen("host-98", ["sh", "-c", "while :; do echo x >> /local/counter; sleep 0.01; done"])
        until(lambda: counter.exists() and counter.stat().st_size > 10, "the counter runs")
        lab.freeze("host-98")
        lab.freeze("host-98")
        size = counter.stat().st_size
        assert pings(lab, "host-99", "host-98", "A")
        assert counter.stat().st_size == size
        lab.thaw("host-98")
        until(lambda: counter.stat().st_size > size, "the counter runs again")
        lab.freeze("host-98")
        lab.power_off("host-98")
        lab.power_on("host-98")
        assert pings(lab, "host-99", "host-98", "B")


@inside
def test_links_are_lost_and_restored_as_ordered() -> None:
    """Carrier, address and packet size of one host on one network; repeating an order changes nothing."""
    with switched_lab(2) as lab:
        for times in (1, 2):
            for _ in range(times):
                lab.carrier("host-98", "A", False)
            assert "NO-CARRIER" in until(lambda: _flags("sA-host-98", "NO-CARRIER"), "the port loses carrier")
            assert not pings(lab, "host-98", "host-99", "A")
            assert delivered(lab, "host-98", "host-99", "B") == 20
            for _ in range(times):
                lab.carrier("host-98", "A", True)
            assert delivered(lab, "host-99", "host-98", "A") == 20
            for _ in range(times):
                lab.address("host-98", "B", False)
            assert not pings(lab, "host-99", "host-98", "B")
            for _ in range(times):
                lab.address("host-98", "B", True)
            assert delivered(lab, "host-98", "host-99", "B") == 20
            for _ in range(times):
                lab.mtu("host-98", "A", 700)
            assert delivered(lab, "host-98", "host-99", "A") == 0
            assert delivered(lab, "host-99", "host-98", "A") == 0
            assert pings(lab, "host-98", "host-99", "A")
            lab.mtu("host-98", "A", None)
            assert delivered(lab, "host-98", "host-99", "A") == 20
        lab.carrier("host-98", "A", False)
        lab.power_off("host-98")
        lab.power_on("host-98")
        assert not pings(lab, "host-98", "host-99", "A")
        assert pings(lab, "host-98", "host-99", "B")
        with pytest.raises(LabError, match="network 'C' is not in this lab"):
            lab.carrier("host-98", "C", False)


def _flags(interface: str, wanted: str) -> str:
    text = subprocess.run(["ip", "-o", "link", "show", interface], capture_output=True, text=True, check=True).stdout
    return text if wanted in text else ""


@inside
def test_the_gateway_falls_silent_and_speaks_again() -> None:
    with switched_lab(2) as lab:
        for silent in (True, True, False, False):
            lab.gateway(silent=silent)
            assert pings(lab, "host-98", "gateway", "A") is not silent
        lab.power_off("gateway")
        assert not pings(lab, "host-98", "gateway", "A")
        lab.power_on("gateway")
        assert pings(lab, "host-98", "gateway", "A")


@inside
def test_sixty_four_hosts_come_up() -> None:
    with switched_lab(64) as lab:
        last = lab.spec.moids[-1]
        for network in ("A", "B"):
            assert delivered(lab, "host-98", last, network) == 20


@inside
def test_a_lab_knows_what_it_has() -> None:
    with switched_lab(2) as lab:
        with pytest.raises(LabError, match="node 'host-7' is not in this lab: its nodes are host-98"):
            lab.power_off("host-7")
        with pytest.raises(LabError, match="storage view 'gone' is unknown"):
            lab.set_storage({("host-98", "vmfs-1"): "gone"})


def test_a_lab_refuses_to_run_outside_a_sandbox() -> None:
    """It would make interfaces on the machine itself."""
    code = (
        "from herzschlag.topo.lab.lab import Lab\n"
        "from herzschlag.topo.catalog import two_networks\n"
        "Lab(two_networks(2)).start()"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "a lab runs only inside a sandbox" in result.stderr


if __name__ == "__main__":
    run_body()
