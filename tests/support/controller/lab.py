"""A lab with a controller and without agents: sockets in the nodes, and traffic whose arrival is counted.

It runs as the first process of a sandbox (`inside`), so that everything ends with it. A socket opened inside a network
namespace stays there, so this one process sends and receives for all nodes.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from herzschlag.controller import ControllerClient, Network, Port
from herzschlag.topo.catalog import two_networks
from herzschlag.topo.kernel.netlink import InNetwork
from herzschlag.topo.lab.lab import ControllerAt, Lab
from herzschlag.topo.sandbox.sandbox import Sandbox
from herzschlag.topo.spec import datapath_id, node_interface

DEADLINE_S = 20.0
UDP_PORT = 8182
FRAME_TYPE = 0x88B5  # for local experiments, IEEE 802
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1
LISTEN = ControllerAt("127.0.0.1", 6653)
"""The address on which a controller listens by default; it starts and ends during a test."""

_REPOSITORY = Path(__file__).resolve().parents[3]


def inside(module: str, *arguments: str, timeout_s: float = 120) -> tuple[int, str]:
    """Run `python -m module arguments` as the first process of a sandbox. Returns its exit status and output."""
    with tempfile.TemporaryFile("w+") as said:
        argv = [sys.executable, "-m", module, *arguments]
        with Sandbox.start(argv, cwd=_REPOSITORY, stdout=said, stderr=subprocess.STDOUT) as sandbox:
            with contextlib.suppress(TimeoutError):
                sandbox.wait(timeout_s)
            status = sandbox.kill()
        said.seek(0)
        return status, said.read()


def run(*command: str) -> str:
    """Run a program to its end. Returns its output, or raises an error with it."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


class Controller:
    """The controller as its own process. Without `exact` it cannot find the switches' daemon."""

    def __init__(self, framework: str, *, expect_ready: bool = True, exact: bool = True) -> None:
        folder = Path(tempfile.mkdtemp(prefix="controller-"))
        self.socket = folder / "control"
        self.log = folder / "log"
        environment = {**os.environ, "HERZSCHLAG_CONTROLLER": framework}
        if not exact:
            environment["OVS_RUNDIR"] = str(folder)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "herzschlag.controller", "--socket", str(self.socket), "--log", str(self.log)],
            env=environment,
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


class Frames:
    """An open end at every host of one network."""

    def __init__(self, ends: dict[str, socket.socket]) -> None:
        self._ends = ends

    def reached(self, sender: str, address: str, count: int) -> dict[str, int]:
        """Send some frames to a MAC address; host to how many came, of those that were given any."""
        mark = time.monotonic_ns().to_bytes(8, "big")
        frame = bytes.fromhex(address.replace(":", "")) + bytes(6) + FRAME_TYPE.to_bytes(2, "big") + mark + bytes(40)
        for _ in range(count):
            self._ends[sender].send(frame)
        found: dict[str, int] = {}
        deadline_s = time.monotonic() + 0.3
        while time.monotonic() < deadline_s:
            for host, end in self._ends.items():
                with contextlib.suppress(BlockingIOError):
                    data, (_, _, kind, *_) = end.recvfrom(2048)
                    if mark in data and kind != socket.PACKET_OUTGOING:
                        found[host] = found.get(host, 0) + 1
        return found


class TrafficLab:
    """A lab of some hosts, with a UDP socket in every host on each network."""

    def __init__(self, hosts: int = 3) -> None:
        self._spec = two_networks(hosts)
        self.hosts = self._spec.moids
        self._lab = Lab(self._spec, controller=LISTEN)
        self._sockets: dict[tuple[str, str], socket.socket] = {}

    def __enter__(self) -> TrafficLab:
        self._lab.start()
        for host in self.hosts:
            for network in self._spec.networks:
                with self.inside(host):
                    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                opened.bind((self._spec.address(host, network), UDP_PORT))
                opened.setblocking(False)
                self._sockets[host, network] = opened
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for opened in self._sockets.values():
            opened.close()
        self._lab.close()

    def networks(self) -> dict[str, Network]:
        """The networks of this lab, as a controller must know them."""
        return {
            network: Network(
                datapath_id(network),
                {node: Port(self._spec.port(node), self._spec.mac(node, network)) for node in self._spec.nodes},
            )
            for network in self._spec.networks
        }

    def send(self, network: str, source: str, destination: str, text: str) -> None:
        self.send_to(network, source, self._spec.address(destination, network), text)

    def send_to(self, network: str, source: str, address: str, text: str) -> None:
        self._sockets[source, network].sendto(text.encode(), (address, UDP_PORT))

    def received(self, network: str, host: str) -> list[str]:
        """Everything that has arrived at a host and has not been read yet."""
        texts = []
        while True:
            try:
                texts.append(self._sockets[host, network].recv(2048).decode())
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

    @contextmanager
    def frames(self, network: str) -> Iterator[Frames]:
        """A way to send frames of our own kind to any address, and to see whom they reach."""
        opened: dict[str, socket.socket] = {}
        try:
            for host in self.hosts:
                with self.inside(host):
                    opened[host] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(FRAME_TYPE))
                    opened[host].bind((node_interface(network), FRAME_TYPE))
                opened[host].setblocking(False)
                opened[host].setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, self._all_frames(host, network))
            yield Frames(opened)
        finally:
            for one in opened.values():
                one.close()

    def _all_frames(self, host: str, network: str) -> bytes:
        """Every frame that comes in, also one for another address."""
        with self.inside(host):
            return struct.pack("=iHH8s", socket.if_nametoindex(node_interface(network)), PACKET_MR_PROMISC, 0, b"")

    def carrier(self, network: str, host: str) -> bool:
        with self.inside(host):
            return "LOWER_UP" in run("ip", "link", "show", node_interface(network))

    @contextmanager
    def inside(self, host: str) -> Iterator[None]:
        """Be in a host's network namespace: sockets and programs started now belong to it."""
        netns = os.open(self._lab.netns(host), os.O_RDONLY | os.O_CLOEXEC)
        try:
            with InNetwork(netns):
                yield
        finally:
            os.close(netns)
