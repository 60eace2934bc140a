"""A bare lab for the controller alone: two switches, a few nodes, sockets in their namespaces, one process.

Runs as the first process of its own network, mount and process namespaces (see `inside`), so that everything ends with
it. Nodes are network namespaces held by file descriptors; a socket opened inside one stays there, so this process sends
and receives for all of them.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from controller import ControllerClient, Network, Port

DEADLINE_S = 20.0
UDP_PORT = 8182

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_REPOSITORY = Path(__file__).resolve().parents[2]


def inside(module: str, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """Run `python -m module arguments` as the first process of a sealed set of namespaces."""
    seal = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return subprocess.run(
        [*seal, sys.executable, "-m", module, *arguments],
        cwd=_REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def missing() -> str | None:
    """What this machine lacks for the lab, or None."""
    if os.geteuid() != 0:
        return "needs root: plain namespaces"
    for program in ("ovs-vswitchd", "ovsdb-server", "ovs-vsctl", "ip", "ethtool"):
        if not any((Path(folder) / program).exists() for folder in (*os.get_exec_path(), "/usr/sbin", "/sbin")):
            return f"needs the program {program}"
    if not Path("/dev/net/tun").exists():
        return "needs /dev/net/tun"
    return None


def until(what: str, holds: Callable[[], bool]) -> None:
    """Poll a condition until it holds; says what never came true."""
    deadline_s = time.monotonic() + DEADLINE_S
    while not holds():
        if time.monotonic() > deadline_s:
            raise AssertionError(f"not within {DEADLINE_S:.0f} s: {what}")
        time.sleep(0.01)


class Controller:
    """The controller as its own process."""

    def __init__(self, framework: str, *, expect_ready: bool = True) -> None:
        folder = Path(tempfile.mkdtemp(prefix="controller-"))
        self.socket = folder / "control"
        self.log = folder / "log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "controller", "--socket", str(self.socket), "--log", str(self.log)],
            env={**os.environ, "HERZSCHLAG_CONTROLLER": framework},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if not expect_ready:
            return
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], DEADLINE_S)
        self.ready = self.process.stdout.readline() if readable else ""
        assert self.ready.startswith("ready "), f"the controller said {self.ready!r}; {self.process.poll()}"

    def client(self) -> ControllerClient:
        return ControllerClient(self.socket)

    def said(self) -> str:
        """What an ended controller wrote to standard error."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        self.process.wait(DEADLINE_S)


class BareLab:
    """Switches sA and sB, and nodes n1..nN on both, with static neighbour entries."""

    def __init__(self, nodes: int = 3) -> None:
        self.nodes = [f"n{index}" for index in range(1, nodes + 1)]
        self._rundir = Path(tempfile.mkdtemp(prefix="ovs-"))
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._namespaces: dict[str, int] = {}
        self._sockets: dict[tuple[str, str], socket.socket] = {}
        os.environ.update(OVS_RUNDIR=str(self._rundir), OVS_DBDIR=str(self._rundir), OVS_LOGDIR=str(self._rundir))

    def __enter__(self) -> BareLab:
        run("mount", "-t", "tmpfs", "tmpfs", str(self._rundir))
        run("ip", "link", "set", "lo", "up")
        self._start_switches()
        for node in self.nodes:
            self._plug(node)
        ports = [
            f"-- add-port s{network} {node}{network} -- set interface {node}{network} ofport_request={number}"
            for network in "AB"
            for number, node in enumerate(self.nodes, 1)
        ]
        run("ovs-vsctl", *" ".join(ports).split()[1:])
        for node in self.nodes:
            for network in "AB":
                with self.inside(node):
                    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                opened.bind((self.address(node, network), UDP_PORT))
                opened.setblocking(False)
                self._sockets[node, network] = opened
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for opened in self._sockets.values():
            opened.close()

    def networks(self) -> dict[str, Network]:
        return {
            network: Network(
                dpid, {node: Port(number, self.mac(node, network)) for number, node in enumerate(self.nodes, 1)}
            )
            for dpid, network in enumerate("AB", 0xA)
        }

    def address(self, node: str, network: str) -> str:
        return f"198.{18 if network == 'A' else 19}.1.{self.nodes.index(node) + 1}"

    def mac(self, node: str, network: str) -> str:
        return f"02:00:00:00:0{network.lower()}:{self.nodes.index(node) + 1:02x}"

    def send(self, network: str, source: str, destination: str, text: str) -> None:
        self.send_to(network, source, self.address(destination, network), text)

    def send_to(self, network: str, source: str, address: str, text: str) -> None:
        self._sockets[source, network].sendto(text.encode(), (address, UDP_PORT))

    def received(self, network: str, node: str) -> list[str]:
        """Everything that has arrived at a node so far, and not been taken yet."""
        texts = []
        with self.inside(node):
            while True:
                try:
                    texts.append(self._sockets[node, network].recv(2048).decode())
                except BlockingIOError:
                    return texts

    def passes(self, network: str, source: str, destination: str, tries: int = 20) -> int:
        """How many of some datagrams get through; waits until all did, or nothing more can come."""
        self.received(network, destination)
        mark = f"{time.monotonic_ns()}"
        for number in range(tries):
            self.send(network, source, destination, f"{mark} {number}")
        count, deadline_s = 0, time.monotonic() + 0.5
        while count < tries and time.monotonic() < deadline_s:
            count += sum(text.startswith(mark) for text in self.received(network, destination))
            time.sleep(0.002)
        return count

    def carrier(self, network: str, node: str) -> bool:
        with self.inside(node):
            return "LOWER_UP" in run("ip", "link", "show", f"mgmt{network}")

    @contextmanager
    def inside(self, node: str) -> Iterator[None]:
        """Be in a node's network namespace: sockets and programs started now belong to it."""
        _enter(self._namespaces[node])
        try:
            yield
        finally:
            _enter(self._home)

    def _start_switches(self) -> None:
        database, door = self._rundir / "conf.db", self._rundir / "db.sock"
        run("ovsdb-tool", "create", str(database), "/usr/share/openvswitch/vswitch.ovsschema")
        run(
            "ovsdb-server", str(database), f"--remote=punix:{door}", "--detach", "--no-chdir", "--log-file", "--pidfile"
        )
        run("ovs-vsctl", "--no-wait", "init")
        run("ovs-vswitchd", f"unix:{door}", "--detach", "--no-chdir", "--log-file", "--pidfile")
        for dpid, network in enumerate("AB", 0xA):
            run("ovs-vsctl", "add-br", f"s{network}",
                 "--", "set", "bridge", f"s{network}", "datapath_type=netdev", "protocols=OpenFlow14",
                 "fail_mode=secure", f"other-config:datapath-id={dpid:016x}", "other-config:disable-in-band=true",
                 "--", "set-controller", f"s{network}", "tcp:127.0.0.1:6653",
                 "--", "set", "controller", f"s{network}", "max_backoff=1000")  # fmt: skip

    def _plug(self, node: str) -> None:
        if _libc.unshare(_CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        self._namespaces[node] = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        # Neighbour discovery and multicast listeners would be counted among the dropped strangers.
        Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
        _enter(self._home)
        inner = f"/proc/{os.getpid()}/fd/{self._namespaces[node]}"
        for network in "AB":
            run(
                "ip",
                "link",
                "add",
                f"{node}{network}",
                "type",
                "veth",
                "peer",
                "name",
                f"mgmt{network}",
                "netns",
                inner,
            )
            run("ip", "link", "set", f"{node}{network}", "up")
        with self.inside(node):
            for network in "AB":
                device = f"mgmt{network}"
                run("ip", "link", "set", device, "address", self.mac(node, network), "up")
                run("ip", "address", "add", f"{self.address(node, network)}/16", "dev", device)
                run("ethtool", "-K", device, "tx", "off")
                entries = [
                    f"neighbour replace {self.address(peer, network)} lladdr {self.mac(peer, network)} dev {device}"
                    for peer in self.nodes
                    if peer != node
                ]
                run("ip", "-batch", "-", feed="\n".join(entries))


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def run(*command: str, feed: str | None = None) -> str:
    done = subprocess.run(command, input=feed, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout
