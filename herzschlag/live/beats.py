"""Live heartbeats, for the hearts on the page: read from the growing capture, or taken from the simulated network.

This module decides when a heartbeat counts as lost (it entered a switch and did not leave it within GRACE_S) and which
ones are shown when there are more than an eye can follow. It leaves captures to `topo`, frames to `herzschlag.packets`.
"""

from __future__ import annotations

import struct
from collections import deque
from pathlib import Path
from typing import Protocol

from herzschlag.agents.protocol.format import HEADER, KINDS
from herzschlag.agents.protocol.messages import MESSAGE_TYPES, AnyMessage, Heartbeat
from herzschlag.backends.simulation.lab import SimCluster
from herzschlag.history.capture_facts import CAPTURE_FILE
from herzschlag.history.sent import Passing
from herzschlag.live.messages import Beat
from herzschlag.packets.frames import Assembler, Carried
from herzschlag.topo.capture import pcapng
from herzschlag.topo.capture.capture import interface_name
from herzschlag.topo.spec import TopologySpec

GRACE_S = 0.12
"""Real time. A packet passes the switch in less than a millisecond, and the recorder hands over every ten."""
READ_BYTES_MAX = 1 << 20
SAME_WAY_S = 0.6
"""One heart per direction and network in this time: at speed 10 ten heartbeats a second would be a smear."""
BEATS_MAX = 160
"""Of all hearts within SAME_WAY_S."""
DRAWN_IN_FULL_MAX = 8
"""Hosts; with more of them, hearts beat on their sender's tile (`cluster.js`), and one a sender is enough."""
_BLOCK = struct.Struct("<II")
_PACKET_BLOCK = 6
_TYPE_AT = struct.calcsize("!" + "".join(KINDS[f.kind].code for f in HEADER[: [f.name for f in HEADER].index("type")]))
_HEARTBEAT = next(number for number, kind in MESSAGE_TYPES.items() if kind is Heartbeat)


class Source(Protocol):
    def take(self, now_s: float) -> list[Beat]:
        """What has happened since the last call; `now_s` is any clock of real seconds that only goes on."""
        ...

    def close(self) -> None: ...


class Sampler:
    """As many hearts as an eye can follow, lost ones first because a viewer looks for them."""

    def __init__(self, *, by_sender: bool = False) -> None:
        self._by_sender = by_sender
        self._last: dict[Beat, float] = {}
        self._spent: deque[float] = deque()

    def sample(self, beats: list[Beat], now_s: float) -> list[Beat]:
        while self._spent and self._spent[0] <= now_s - SAME_WAY_S:
            self._spent.popleft()
        if self._by_sender:
            beats = list({(beat.source, beat.lost): beat for beat in beats}.values())
        kept = []
        for beat in sorted(dict.fromkeys(beats), key=lambda beat: (not beat.lost, self._last.get(beat, 0))):
            if len(self._spent) >= BEATS_MAX:
                break
            if now_s - self._last.get(beat, -1e9) >= SAME_WAY_S:
                self._last[beat] = now_s
                self._spent.append(now_s)
                kept.append(beat)
        return kept


class CapturedBeats:
    """The tail of a capture that is being written."""

    def __init__(self, directory: Path, lab: TopologySpec) -> None:
        self._path = directory / CAPTURE_FILE
        self._at = 0
        self._rest = b""
        self._head = b""
        self._ports = {interface_name(node, net): (node, net) for net in lab.networks for node in lab.nodes}
        self._owners = {lab.address(node, net): (node, net) for net in lab.networks for node in lab.nodes}
        self._assemblers: dict[tuple[int, str], Assembler] = {}
        self._waiting: dict[tuple[str, Carried], deque[tuple[str, float]]] = {}
        """On its way through a switch: (network, what) to (sender, since when we know)."""

    def take(self, now_s: float) -> list[Beat]:
        found = self._arrived(now_s)
        for (network, what), senders in list(self._waiting.items()):
            while senders and senders[0][1] < now_s - GRACE_S:
                sender, _ = senders.popleft()
                found.append(self._beat(network, sender, what, lost=True))
            if not senders:
                del self._waiting[network, what]
        return found

    def close(self) -> None:
        """The simulation has no file to close."""

    def _arrived(self, now_s: float) -> list[Beat]:
        fresh = self._fresh()
        if not fresh:
            return []
        capture = pcapng.decode(self._head + fresh)
        sides = [self._ports.get(one.name) for one in capture.interfaces]
        found = []
        for packet in capture.packets:
            side = sides[packet.interface]
            if side is None or not packet.direction:
                continue
            key = (packet.interface, packet.direction)
            what = self._assemblers.setdefault(key, Assembler()).add(packet.data)
            if what is None or what.kind != "datagram" or what.data[_TYPE_AT : _TYPE_AT + 1] != bytes([_HEARTBEAT]):
                continue
            node, network = side
            if packet.direction == "in":
                self._waiting.setdefault((network, what), deque()).append((node, now_s))
            elif self._owners.get(what.destination) == side and (senders := self._waiting.get((network, what))):
                found.append(self._beat(network, senders.popleft()[0], what, lost=False))
        return found

    def _beat(self, network: str, sender: str, what: Carried, *, lost: bool) -> Beat:
        return Beat(network, sender, self._owners.get(what.destination, ("", ""))[0], lost)

    def _fresh(self) -> bytes:
        """Whole blocks not yet seen. The blocks before the first packet are kept: they describe the interfaces."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                data = file.read(READ_BYTES_MAX)
        except OSError:
            return b""
        self._at += len(data)
        data = self._rest + data
        at = head = 0
        while at + _BLOCK.size <= len(data):
            kind, size = _BLOCK.unpack_from(data, at)
            if size < _BLOCK.size or at + size > len(data):
                break
            at += size
            if kind != _PACKET_BLOCK and head + size == at:
                head = at
        self._rest = data[at:]
        if not self._assemblers:
            self._head += data[:head]
            return data[head:at]
        return data[:at]


class SimulatedBeats:
    """Every heartbeat that hosts hand to the simulated network."""

    def __init__(self, cluster: SimCluster) -> None:
        self._network = cluster.network
        self._seen: list[Beat] = []
        self._network.watcher = self._see

    def take(self, now_s: float) -> list[Beat]:
        seen, self._seen = self._seen, []
        return seen

    def close(self) -> None:
        self._network.watcher = None

    def _see(self, packets: tuple[Passing, ...], message: AnyMessage | None) -> None:
        if isinstance(message, Heartbeat):
            self._seen += [Beat(one.network, one.sender, one.receiver, one.arrived_ns is None) for one in packets]
