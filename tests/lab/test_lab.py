"""The sandbox keeps its promise that nothing survives it, and a lab inside does what it says, on real packets.

Tests marked with `inside` are run as the first process of a sandbox: this very file is started there with the test's
name. What they assert fails the test outside, with everything they printed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from herzschlag.topo.catalog import two_networks
from herzschlag.topo.errors import LabError, SandboxError, UnusableMachineError
from herzschlag.topo.impairments.values import Block, Impairment, Quality
from herzschlag.topo.sandbox.sandbox import Sandbox
from tests.support.waiting import until

pytestmark = pytest.mark.packets

DEADLINE_S = 30.0
Body = Callable[[], None]
BODIES: dict[str, Body] = {}
CHECKOUT = Path(__file__).resolve().parents[2]
NOBODY = 65534
SKIPPED = 77  # a body's exit status when the kernel lacks what it tests; its last words are the reason


def skip(reason: str) -> NoReturn:
    sys.stdout.write(reason)
    sys.exit(SKIPPED)


def start_inside(name: str, output: Path | None, **options: Any) -> Sandbox:
    """Start a body; what it prints goes into a file, or where this process prints."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(output.open("wb")) if output else None
        argv = [sys.executable, __file__, name]
        return Sandbox.start(argv, env=environment, stdout=sink, stderr=sink, keep=[CHECKOUT], **options)


def inside(body: Body) -> Callable[[Path], None]:
    """A test whose body is the first process of a sandbox of its own."""
    BODIES[body.__name__] = body

    def test(tmp_path: Path) -> None:
        output = tmp_path / "output"
        code = start_inside(body.__name__, output).wait(120)
        if code == SKIPPED:
            pytest.skip(output.read_text().strip())
        assert code == 0, output.read_text()

    test.__name__ = body.__name__
    test.__doc__ = body.__doc__
    return test


@contextlib.contextmanager
def switched_lab(hosts: int = 3, **options: Any) -> Iterator[Any]:
    """A lab whose switches forward by themselves: these tests need no controller."""
    from herzschlag.topo.lab.lab import Lab  # noqa: PLC0415 (Mininet: inside the sandbox only)

    with Lab(two_networks(hosts), **options) as lab:
        for network in lab.spec.networks:
            lab.switches.flows(network, "add-flow", "actions=NORMAL")
        yield lab


RECEIVER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 8182)); s.settimeout(float(sys.argv[2]))
print("ready", flush=True)
count = 0
try:
    while True:
        data = s.recv(2000)
        if data == b"end": break
        count += 1
except TimeoutError: pass
print(count)
"""
SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    s.sendto(b"x" * 900, (sys.argv[1], 8182))
    time.sleep(0.0005)  # the receiver's buffer holds some ninety of them
for _ in range(5): s.sendto(b"end", (sys.argv[1], 8182))
"""


def delivered(lab: Any, source: str, destination: str, network: str, count: int = 20) -> int:
    """How many of so many UDP datagrams arrive."""
    address = lab.spec.address(destination, network)
    receiver = lab.popen(destination, [sys.executable, "-c", RECEIVER, address, "1.5"], text=True)
    try:
        assert receiver.stdout.readline() == "ready\n", receiver.stderr.read()
        sender = lab.popen(source, [sys.executable, "-c", SENDER, address, str(count)], text=True)
        _, errors = sender.communicate(timeout=DEADLINE_S)
        assert sender.returncode == 0, errors
        return int(receiver.communicate(timeout=DEADLINE_S)[0])
    finally:
        receiver.kill()
        receiver.communicate()


def pings(lab: Any, source: str, destination: str, network: str) -> bool:
    address = lab.spec.address(destination, network)
    result = lab.popen(source, ["ping", "-c", "2", "-i", "0.01", "-W", "1", address])
    result.communicate(timeout=DEADLINE_S)
    return bool(result.returncode == 0)


# --- the lab ---


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
    """Whoever knows Mininet finds its nodes, links and commands."""
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
        answer = Path("/tmp/answer").read_text()
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


def _commands_inside() -> list[str]:
    """The sleepers of the test, seen from the sandbox's own process namespace."""
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
def test_a_frozen_host_stands_still_and_goes_on() -> None:
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


def impair(lab: Any, node: str, **fields: Any) -> int:
    """Exactly this impairs the node from now on."""
    instant: int = lab.impairments.apply(lab.impairments.prepare({node: Impairment(**fields)}))
    return instant


@inside
def test_impairments_bite_in_one_direction_and_are_taken_away() -> None:
    with switched_lab(3) as lab:
        to_99 = ("A", "host-99")
        impair(lab, "host-98", links={to_99: Quality(loss=0.4)})
        arrived = delivered(lab, "host-98", "host-99", "A", 500)
        assert 220 <= arrived <= 380, arrived  # 300 expected; eight standard deviations of 11 away
        assert lab.impairments.counted("host-98")["filtered"] >= 500 - arrived
        assert delivered(lab, "host-99", "host-98", "A") == 20
        assert delivered(lab, "host-98", "host-99", "B") == 20
        impair(lab, "host-98", links={to_99: Quality(loss=1)})
        assert delivered(lab, "host-98", "host-99", "A") == 0, "loss is noticed by no sender"
        assert delivered(lab, "host-98", "host-100", "A") == 20
        impair(lab, "host-99", blocks=(Block("udp", 8182, "in"),))
        impair(lab, "host-98")
        assert delivered(lab, "host-98", "host-99", "A") == 0
        assert pings(lab, "host-98", "host-99", "A")
        impair(lab, "host-99", blocks=(Block("icmp"),))
        assert not pings(lab, "host-98", "host-99", "A")
        assert delivered(lab, "host-98", "host-99", "A") == 20
        impair(lab, "host-98", links={to_99: Quality(duplicate=1)})
        impair(lab, "host-99")
        impair(lab, "host-99")
        assert delivered(lab, "host-98", "host-99", "A", 50) == 100
        impair(lab, "host-98")
        assert delivered(lab, "host-98", "host-99", "A", 50) == 50
        assert lab.impairments.counted("host-98") == {}


@inside
def test_a_node_that_is_off_can_be_impaired_and_is_so_when_it_is_back() -> None:
    with switched_lab(2) as lab:
        lab.power_off("host-98")
        impair(lab, "host-98", blocks=(Block("icmp"),))
        lab.power_on("host-98")
        assert not pings(lab, "host-98", "host-99", "A")


@inside
def test_the_filters_of_all_nodes_change_within_milliseconds() -> None:
    """Each by a program of its own they took 15 ms a node, which at speed 10 is too late to judge anything."""
    with switched_lab(16) as lab:
        links = {(network, node): Quality(loss=0.2) for network in ("A", "B") for node in lab.spec.nodes}
        wanted = {
            node: Impairment(links={link: quality for link, quality in links.items() if link[1] != node})
            for node in lab.spec.nodes
        }
        took = []
        for state in (wanted, dict.fromkeys(wanted, Impairment())) * 3:
            changes = lab.impairments.prepare(state)
            began_ns = time.monotonic_ns()
            took.append((lab.impairments.apply(changes) - began_ns) / 1e6)
        assert sorted(took)[len(took) // 2] < 60, f"{took} ms for 18 nodes"


def tc(lab: Any, node: str, arguments: str) -> str:
    """What tc says there; an ordinary user's search path lacks its folder."""
    from herzschlag.topo.environment import program  # noqa: PLC0415

    said: str = lab.net[node].cmd(f"{program('tc')} {arguments}")
    assert "qdisc" in said or "class" in said, said
    return said


def round_trip_ms(lab: Any, source: str, destination: str, network: str) -> float:
    """The shortest of five."""
    said, _ = lab.popen(
        source, ["ping", "-c", "5", "-i", "0.02", "-W", "2", lab.spec.address(destination, network)], text=True
    ).communicate(timeout=DEADLINE_S)
    return float(said.rpartition(" = ")[2].split("/")[0])


def needs_netem() -> None:
    from herzschlag.topo.kernel.probes import missing_for_delays  # noqa: PLC0415

    if missing := missing_for_delays():
        skip(f"this kernel has no {', '.join(missing)}")


@inside
def test_a_delay_is_that_of_the_link_and_is_taken_away() -> None:
    needs_netem()
    with switched_lab(3) as lab:
        links = {("A", "host-99"): Quality(delay_ns=100_000_000), ("A", "host-100"): Quality(delay_ns=300_000_000)}
        impair(lab, "host-98", links=links)
        assert 100 <= round_trip_ms(lab, "host-98", "host-99", "A") < 250
        assert 300 <= round_trip_ms(lab, "host-98", "host-100", "A") < 600
        assert round_trip_ms(lab, "host-99", "host-100", "A") < 80, "other links are as they were"
        assert round_trip_ms(lab, "host-98", "host-99", "B") < 80
        assert round_trip_ms(lab, "host-98", "gateway", "A") < 80
        assert lab.impairments.counted("host-98") == {"delayed": 10}
        impair(lab, "host-98")
        assert round_trip_ms(lab, "host-98", "host-99", "A") < 80
        lab.impairments.settle()
        assert "netem" not in tc(lab, "host-98", "qdisc show")


@inside
def test_packets_under_way_arrive_although_the_line_is_mended() -> None:
    needs_netem()
    with switched_lab(2) as lab:
        impair(lab, "host-98", links={("A", node): Quality(delay_ns=1_500_000_000) for node in ("host-99", "gateway")})
        ping = lab.popen("host-98", ["ping", "-c", "1", "-W", "5", lab.spec.address("host-99", "A")], text=True)
        until(lambda: "backlog 98b" in tc(lab, "host-98", "-s qdisc show dev mgmtA"), "a packet under way")
        impair(lab, "host-98")
        assert round_trip_ms(lab, "host-98", "host-99", "A") < 80
        assert "1 received" in ping.communicate(timeout=DEADLINE_S)[0]


@inside
def test_jitter_spreads_delays_and_some_packets_overtake() -> None:
    needs_netem()
    with switched_lab(2) as lab:
        quality = Quality(delay_ns=200_000_000, jitter_ns=100_000_000, overtaking=0.3)
        impair(lab, "host-98", links={("A", node): quality for node in lab.spec.nodes if node != "host-98"})
        said, _ = lab.popen(
            "host-98", ["ping", "-c", "60", "-i", "0.02", "-W", "2", lab.spec.address("host-99", "A")], text=True
        ).communicate(timeout=DEADLINE_S)
        times = [float(line.rpartition("time=")[2].split()[0]) for line in said.splitlines() if "time=" in line]
        assert len(times) == 60
        assert 6 <= sum(time < 80 for time in times) <= 32, times
        late = [time for time in times if time >= 80]
        assert min(late) < 180 and max(late) > 220, times


@inside
def test_delay_without_netem_is_refused_by_name() -> None:
    from herzschlag.topo.kernel.probes import missing_for_delays  # noqa: PLC0415

    if not missing_for_delays():
        skip("this kernel has sch_netem")
    with (
        switched_lab(2) as lab,
        pytest.raises(UnusableMachineError, match="sch_netem, which delay, jitter and reordering on real packets need"),
    ):
        impair(lab, "host-98", links={("A", "host-99"): Quality(delay_ns=1)})


@inside
def test_destinations_are_sent_to_their_classes() -> None:
    """Everything of a layout but netem itself, on kernels that lack it as well."""
    from herzschlag.topo.impairments import queues  # noqa: PLC0415
    from herzschlag.topo.kernel.probes import missing_for_delays  # noqa: PLC0415

    if {"sch_htb", "cls_u32"} & set(missing_for_delays()):
        skip("this kernel has no sch_htb or no cls_u32")
    with switched_lab(3) as lab:
        slow, slower = queues.Delay(1), queues.Delay(2)
        others = {lab.spec.address("host-99", "A"): slow, lab.spec.address("host-100", "A"): slower}
        messages = queues.steps(queues.Layout(), queues.Layout(queues.NO_DELAY, others, 3), 2)
        netlink = lab._node("host-98").netlink
        netlink.send([message for message in messages if b"netem" not in message])
        assert delivered(lab, "host-98", "host-99", "A", 30) == 30
        assert delivered(lab, "host-98", "host-100", "A", 7) == 7
        said = tc(lab, "host-98", "-s class show dev mgmtA")
        counts = {block.split()[0]: int(block.split(" pkt")[0].split()[-1]) for block in said.split("class htb ")[1:]}
        assert counts["1:2"] == 35 and counts["1:3"] == 12, said
        netlink.send([queues.removal(2)])
        assert "htb" not in tc(lab, "host-98", "qdisc show dev mgmtA")


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


# --- the sandbox ---


def alive(pids: list[int]) -> list[int]:
    """Those that still run; a zombie waiting for somebody else to take its status does not."""
    running = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                running.append(pid)
    return running


def members(first: int) -> list[int]:
    """All processes in the network of a sandbox's first process or below it in its process namespaces."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {first}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def body_stay() -> None:
    with switched_lab(3) as lab:
        for host in lab.spec.moids:
            lab.popen(host, ["sleep", "1000"])
        sys.stdout.write("up\n")
        sys.stdout.flush()
        signal.pause()


BODIES["stay"] = body_stay


def traces() -> tuple[list[str], list[str], list[str]]:
    """What a lab could leave on the machine: mounts, interfaces, files in the temporary folders."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    interfaces = sorted(entry.name for entry in Path("/sys/class/net").iterdir())
    files = [str(path) for folder in ("/run", "/var/run/openvswitch") for path in sorted(Path(folder).glob("*"))]
    return mounts, interfaces, [name for name in files if "herzschlag" in name or "db.sock" in name]


@pytest.mark.parametrize("victim", ["starter", "launcher", "first process", "ovs-vswitchd"])
def test_nothing_is_left_after_kill_9(victim: str, tmp_path: Path) -> None:
    """Whatever dies, however early or late: no process, mount, interface or file remains."""
    before = traces()
    output = tmp_path / "output"
    code = (
        "import sys, pathlib; sys.path.insert(0, 'tests/lab'); import test_lab\n"
        f"sandbox = test_lab.start_inside('stay', pathlib.Path({str(output)!r}))\n"
        "print(sandbox.pid, flush=True); sandbox.wait()"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    try:
        first = int(starter.stdout.readline())
        until(lambda: "up\n" in output.read_text(), "the lab is up")
        launcher = int(Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()[1])
        everybody = [launcher, *members(first)]
        assert len(everybody) > 10
        switch = [pid for pid in everybody if Path(f"/proc/{pid}/comm").read_text().strip() == "ovs-vswitchd"]
        target = {"starter": starter.pid, "launcher": launcher, "first process": first, "ovs-vswitchd": switch[0]}
        os.kill(target[victim], signal.SIGKILL)
        if victim == "ovs-vswitchd":
            os.kill(starter.pid, signal.SIGKILL)  # the switch alone ends nothing; its lab must still vanish whole
        until(lambda: not alive(everybody), "all are gone")
    finally:
        starter.kill()
        starter.wait()
        starter.stdout.close()
    until(lambda: traces() == before, "mounts, interfaces and files are as before")


@pytest.mark.parametrize("delay_ms", [0, 5, 20, 40, 60, 90, 150, 250])
def test_a_starter_killed_at_any_moment_of_the_start_leaves_nothing(delay_ms: int, tmp_path: Path) -> None:
    """The tie between starter and sandbox has no gap while it is being made."""
    marker = f"herzschlag-test-{os.getpid()}-{delay_ms}"
    code = (
        "import os, subprocess, sys; from herzschlag.topo.sandbox.sandbox import Sandbox\n"
        "print('go', flush=True)\n"
        f"Sandbox.start(['sleep', '1000'], env={{'MARK': {marker!r}, **os.environ}}).wait()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "MARK": marker},
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == "go\n"
    threading_delay = time.monotonic() + delay_ms / 1000
    while time.monotonic() < threading_delay:
        pass
    starter.kill()
    starter.wait()
    starter.stdout.close()
    until(lambda: not _marked(marker), "all marked processes are gone")


def _marked(marker: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if f"MARK={marker}".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return alive(found)


def test_a_sandbox_ends_as_its_first_process_ends(tmp_path: Path) -> None:
    def run(script: str, **options: Any) -> int:
        return Sandbox.start(["sh", "-c", script], **options).wait(DEADLINE_S)

    assert run("exit 7") == 7
    (tmp_path / "kept").write_text("old")
    assert run(f"cat {tmp_path}/kept && echo new > {tmp_path}/kept", keep=[tmp_path], stdout=subprocess.DEVNULL) == 0
    assert (tmp_path / "kept").read_text() == "new\n"
    assert run('test $$ = 1 && test -z "$(ls /run)" && touch /run/x /tmp/y /dev/shm/z') == 0
    assert not Path("/run/x").exists() and not Path("/tmp/y").exists()
    with Sandbox.start(["sleep", "1000"]) as sandbox:
        assert sandbox.returncode is None
        with pytest.raises(TimeoutError):
            sandbox.wait(0.05)
    assert sandbox.returncode == -signal.SIGKILL
    assert sandbox.kill() == -signal.SIGKILL
    with pytest.raises(SandboxError, match="execute /no/such/program"):
        Sandbox.start(["/no/such/program"])


def test_the_end_of_a_pipe_into_the_sandbox_is_seen() -> None:
    """The launcher must not hold what was handed to the first process."""
    read_end, write_end = os.pipe()
    with Sandbox.start(
        ["bash", "-c", f"echo hello >&{write_end}; exec {write_end}>&-; sleep 1000"], pass_fds=[write_end]
    ):
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            assert pipe.read() == "hello\n"


def test_four_labs_at_once_do_not_meet(tmp_path: Path) -> None:
    """Same names, same addresses, same ports, side by side."""
    outputs = [tmp_path / f"output-{index}" for index in range(4)]
    name = "test_udp_travels_between_all_nodes_on_both_networks"
    sandboxes = [start_inside(name, output) for output in outputs]
    for sandbox, output in zip(sandboxes, outputs, strict=True):
        assert sandbox.wait(120) == 0, output.read_text()


def test_an_ordinary_user_has_a_lab_where_tun_is_open_to_all(tmp_path: Path) -> None:
    """Without root: a user namespace, and a /dev/net/tun that everybody may open."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root; as an ordinary user every other test here shows the same")
    interpreter = Path(sys.executable).resolve()
    if not _readable_by_all(interpreter) or not _readable_by_all(CHECKOUT):
        pytest.skip(f"an ordinary user may not read {interpreter} or {CHECKOUT}")
    if shutil.which("setpriv") is None:
        pytest.skip("needs the program setpriv")
    output = tmp_path / "output"
    code = (
        "import sys; sys.path.insert(0, 'tests/lab'); import test_lab\n"
        "body = 'test_udp_travels_between_all_nodes_on_both_networks'\n"
        "sandbox = test_lab.start_inside(body, None)\n"
        "sys.exit(sandbox.wait(120))"
    )
    script = tmp_path / "script"
    script.write_text(code)
    as_user = f'setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups {sys.executable} -c "$(cat {script})"'
    # A tun device of our own, open to all, in a mount namespace of our own.
    prepare = (
        "mount --make-rprivate / && mount -t tmpfs -o mode=755 own /mnt && mknod -m 0666 /mnt/tun c 10 200 &&"
        " mount --bind /mnt/tun /dev/net/tun &&"
    )
    with output.open("wb") as sink:
        result = subprocess.run(
            ["unshare", "--mount", "sh", "-c", f"{prepare} {as_user}"],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "HOME": "/"},
            stdout=sink,
            stderr=sink,
            timeout=180,
            check=False,
        )
    assert result.returncode == 0, output.read_text()


def _readable_by_all(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in [path, *path.parents])


if __name__ == "__main__":
    BODIES[sys.argv[1]]()
