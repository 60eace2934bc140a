"""An attacker inside a lab: it records every datagram at the switches, and sends any bytes from any node and address.

It has no key. Its programs run in the network namespaces of the lab, so what they send takes the way of all packets.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from herzschlag.agents.processes.udp import PORT
from herzschlag.backends.base import HasSandbox
from herzschlag.cluster import Cluster
from tests.support.lab_processes import Sandboxed, node_pid, outer_pid
from tests.support.waiting import until


class Shot(NamedTuple):
    """A datagram to send, or one that was recorded."""

    source: str
    """Source address; empty: the sender's own."""
    target: str
    data: bytes


_RECORD = f"""
import json, signal, socket, sys
lines = set()
end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
end.settimeout(0.1)
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
print("records", flush=True)
while not ended:
    try:
        frame = end.recv(65536)
    except TimeoutError:
        continue
    ip = frame[14:]
    head = (ip[0] & 15) * 4 if ip else 0
    if frame[12:14] != b"\\x08\\x00" or len(ip) < head + 8 or ip[9] != 17 or ip[6] & 0x3f or ip[7]:
        continue
    if int.from_bytes(ip[head + 2:head + 4], "big") == {PORT}:
        length = int.from_bytes(ip[head + 4:head + 6], "big")
        lines.add((socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20]), ip[head + 8:head + length].hex()))
json.dump(sorted(lines), open(sys.argv[1], "w"))
"""

_SEND = f"""
import json, socket, struct, sys, time
shots = json.load(open(sys.argv[1]))
per_s, rounds = float(sys.argv[2]), int(sys.argv[3])
plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
ready = []
for source, target, data in shots:
    data = bytes.fromhex(data)
    if source and len(data) <= 1472:
        udp = struct.pack("!HHHH", {PORT}, {PORT}, 8 + len(data), 0) + data
        ends = socket.inet_aton(source) + socket.inet_aton(target)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + ends
        ready.append((raw, head + udp, (target, 0)))
    else:
        ready.append((plain, data, (target, {PORT})))
began, sent, refused = time.monotonic(), 0, 0
for _ in range(rounds):
    for end, data, target in ready:
        try:
            end.sendto(data, target)
        except OSError:
            refused += 1
        sent += 1
        if sent % 64 == 0:
            ahead_s = sent / per_s - (time.monotonic() - began)
            if ahead_s > 0:
                time.sleep(ahead_s)
print(sent, refused, time.monotonic() - began)
"""

_RAW = """
import json, socket, sys, time
kind, given, rounds = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3])
if kind == "packet":
    end = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
else:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sent = 0
for _ in range(rounds):
    for to, data in given:
        end.sendto(bytes.fromhex(data), (to, 0))
        sent += 1
        time.sleep(0.002)
print(sent)
"""


class Attacker:
    def __init__(self, cluster: Cluster, folder: Path) -> None:
        inner = cluster.session.inner
        assert isinstance(inner, HasSandbox)
        self._lab: Sandboxed = inner  # type: ignore[assignment]  # on real packets
        self._folder = folder
        self.lab = cluster.plan.topology
        self.tape: list[Shot] = []
        """What was recorded, each datagram once."""

    def _enter(self, pid: int, program: str, *arguments: str) -> subprocess.Popen[str]:
        command = ["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, "-c", program, *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record what crosses the switches."""
        file = self._folder / "tape.json"
        program = self._enter(outer_pid(self._lab, "ovs-vswitchd"), _RECORD, str(file))
        assert program.stdout is not None
        assert program.stdout.readline() == "records\n"
        try:
            yield
        finally:
            program.terminate()
            program.communicate(timeout=30)
            assert program.returncode == 0
        until(file.exists, "the recording is written")
        self.tape += [
            Shot(source, target, bytes.fromhex(data)) for source, target, data in json.loads(file.read_text())
        ]

    def send(self, shots: Iterable[Shot], *, node: str = "gateway", per_s: float = 2_000, rounds: int = 1) -> int:
        """Send all, at most so many a second; how many left the node."""
        file = self._folder / "shots.json"
        file.write_text(json.dumps([(shot.source, shot.target, shot.data.hex()) for shot in shots]))
        program = self._enter(node_pid(self._lab, node), _SEND, str(file), str(per_s), str(rounds))
        told, _ = program.communicate(timeout=300)
        assert program.returncode == 0
        sent, refused, _seconds = told.split()
        return int(sent) - int(refused)

    def packets(self, packets: Iterable[tuple[str, bytes]], *, node: str = "gateway", rounds: int = 1) -> int:
        """Send whole IP packets, each to an address; how many left the node."""
        return self._raw("packet", packets, node, rounds)

    def frames(self, frames: Iterable[tuple[str, bytes]], *, node: str = "gateway", rounds: int = 1) -> int:
        """Send whole Ethernet frames, each out of an interface of the node; how many left it."""
        return self._raw("frame", frames, node, rounds)

    def _raw(self, kind: str, given: Iterable[tuple[str, bytes]], node: str, rounds: int) -> int:
        file = self._folder / "raw.json"
        file.write_text(json.dumps([(to, data.hex()) for to, data in given]))
        program = self._enter(node_pid(self._lab, node), _RAW, kind, str(file), str(rounds))
        told, _ = program.communicate(timeout=300)
        assert program.returncode == 0
        return int(told)

    def neighbours(self, node: str) -> str:
        """What the node believes about who has which address."""
        command = ["nsenter", f"--net=/proc/{node_pid(self._lab, node)}/ns/net", "ip", "neigh"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def everywhere(self, forged: bool) -> Iterator[Shot]:
        """The whole tape, to every node on every network; `forged`: each with the source that it had."""
        for network in self.lab.networks:
            for node in (*self.lab.moids, "vcenter"):
                target = self.lab.address(node, network)
                yield from (Shot(shot.source if forged else "", target, shot.data) for shot in self.tape)

    def unread(self, node: str) -> int:
        """Datagrams that the node's kernel threw away because their receiver was too slow."""
        lines = [line.split() for line in Path(f"/proc/{node_pid(self._lab, node)}/net/snmp").read_text().splitlines()]
        names, values = (line for line in lines if line[0] == "Udp:")
        return int(dict(zip(names, values, strict=True))["RcvbufErrors"])
