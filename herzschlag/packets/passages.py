"""Passages: the way of each packet through the switches, with its sender, its destination, and whether it arrived.

This module decides that by its two sights in the capture: at the switch port of its sender (inbound) and at the one of
its destination (outbound). One without the second entered the switch and was dropped there. It leaves what follows from
that to `traffic.py` and `confirm.py`. Times are protocol nanoseconds, as in the history, but for delays, which are
real.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

import msgspec

from herzschlag.agents.protocol.codec import Codec, WireError
from herzschlag.agents.protocol.messages import AnyMessage
from herzschlag.errors import WrongPeerInput
from herzschlag.history.capture_facts import CAPTURE_FILE, CaptureFacts, from_comments
from herzschlag.history.sent import PING, PONG
from herzschlag.packets.frames import Assembler, Carried
from herzschlag.topo.capture import pcapng
from herzschlag.topo.capture.capture import interface_name
from herzschlag.topo.spec import GATEWAY, VCENTER, HostSpec, SpecError, TopologySpec

ERROR, REFUSED = "IcmpError", "Refused"
_KINDS = {"ping": PING, "pong": PONG, "error": ERROR}


class CaptureError(WrongPeerInput):
    """There is no capture to read; the text says why and what to do."""


class Passage(msgspec.Struct, frozen=True, gc=False):
    """One packet on one network."""

    network: str
    source: str
    destination: str
    """Node, or the address when no node has it."""
    kind: str
    """The message's name, `Ping`, `Pong`, `IcmpError`, or `Refused` for a datagram that no agent would accept."""
    frame: int
    """Its number in the capture, from 1, as Wireshark counts: where it entered the switch."""
    entered_ns: int
    left_ns: int | None
    """When the switch gave it to its destination's link; None: never."""
    delay_ns: int | None
    """Real time from the sender's stamp until then; None without either."""
    message: AnyMessage | None


class Passages(msgspec.Struct, frozen=True):
    """All packets of a run, by the time at which they entered a switch."""

    facts: CaptureFacts
    packets: tuple[Passage, ...]
    unsent: int
    """Delivered without having entered a switch: duplicates made by an impairment, or the capture began between."""
    dropped: int
    """Packets too fast for the recorder: above 0, what is missing proves nothing."""
    full_ns: int | None
    """When the capture reached the limit of its size: of later packets nothing is known. None: it did not."""
    ended: bool
    """The recorder came to its end; False after it was killed itself."""


ON_THE_WAY_NS = 1_000_000_000
"""Real time. A packet that entered a switch this shortly before the capture was full, and was not seen leaving, may
have left afterwards, so it is left out."""


class _Sights:
    """Packets that entered and were not yet seen leaving, by everything that tells one from another."""

    def __init__(self) -> None:
        self.entered: list[tuple[int, int, str, str, Carried]] = []
        """(frame, at, network, source, what)"""
        self.left: dict[int, int] = {}
        """Index in `entered` to when it left."""
        self.unsent = 0
        self._waiting: dict[tuple[str, str, Carried], deque[int]] = {}

    def inbound(self, frame: int, at_ns: int, network: str, source: str, what: Carried) -> None:
        self._waiting.setdefault((network, what.destination, what), deque()).append(len(self.entered))
        self.entered.append((frame, at_ns, network, source, what))

    def outbound(self, at_ns: int, network: str, what: Carried) -> None:
        waiting = self._waiting.get((network, what.destination, what))
        if waiting:
            self.left[waiting.popleft()] = at_ns
        else:
            self.unsent += 1


def read_passages(path: Path, lab: TopologySpec | None = None) -> Passages:
    """Of a run directory or a capture, which says itself which nodes there are. Raises CaptureError."""
    file = path / CAPTURE_FILE if path.is_dir() else path
    try:
        capture = pcapng.read(file)
    except FileNotFoundError:
        raise CaptureError(
            f"{file} is not there: simulated runs have no packets, and `--capture off` keeps none; run it again on real"
            " packets"
        ) from None
    except (OSError, pcapng.PcapngError) as error:
        raise CaptureError(f"{file}: {error}") from None
    facts = from_comments(capture.comments)
    if facts is None:
        raise CaptureError(f"{file} is not a capture of a run: its section does not say which key and zero it has")
    try:
        return passages(capture, facts, lab or lab_of(capture))
    except SpecError as error:
        raise CaptureError(f"{file}: its interfaces are not those of a lab: {error}") from None


def lab_of(capture: pcapng.Capture) -> TopologySpec:
    """The nodes and networks of a capture: its interfaces are in the order of the lab's specification."""
    ends = [one.name.rpartition(" ") for one in capture.interfaces]
    networks = tuple(dict.fromkeys(network for _, _, network in ends))
    hosts = dict.fromkeys(node for node, _, _ in ends if node not in (GATEWAY, VCENTER))
    return TopologySpec(hosts=tuple(HostSpec(moid) for moid in hosts), networks=networks)


def passages(capture: pcapng.Capture, facts: CaptureFacts, lab: TopologySpec) -> Passages:
    ports = {interface_name(node, network): (node, network) for network in lab.networks for node in lab.nodes}
    sides = [ports.get(one.name) for one in capture.interfaces]
    assemblers: dict[tuple[int, str], Assembler] = {}
    sights = _Sights()
    owners = {lab.address(node, network): (node, network) for network in lab.networks for node in lab.nodes}
    numbered = sorted(enumerate(capture.packets, start=1), key=lambda item: item[1].at_ns)
    for frame, packet in numbered:
        side = sides[packet.interface]
        if side is None or not packet.direction:
            continue
        key = (packet.interface, packet.direction)
        if key not in assemblers:
            assemblers[key] = Assembler()
        what = assemblers[key].add(packet.data)
        if what is None:
            continue
        node, network = side
        at_ns = facts.protocol_ns(packet.at_ns)
        if packet.direction == "in":
            sights.inbound(frame, at_ns, network, node, what)
        elif owners.get(what.destination, side) == side:  # a flooded copy at another node's port is not a delivery
            sights.outbound(at_ns, network, what)
    full_ns = None if capture.full_ns is None else facts.protocol_ns(capture.full_ns)
    surely_ns = None if full_ns is None else full_ns - round(ON_THE_WAY_NS * facts.speed)
    packets = _joined(sights, facts, owners)
    return Passages(
        facts=facts,
        packets=packets
        if surely_ns is None
        else tuple(one for one in packets if one.left_ns is not None or one.entered_ns < surely_ns),
        unsent=sights.unsent,
        dropped=capture.dropped,
        full_ns=full_ns,
        ended=capture.received is not None,
    )


def _joined(sights: _Sights, facts: CaptureFacts, owners: dict[str, tuple[str, str]]) -> tuple[Passage, ...]:
    codec = Codec(facts.cluster, bytes.fromhex(facts.key))

    def accepted(data: bytes, node: str, network: str) -> AnyMessage | None:
        try:
            return codec.read(data, node, network).message
        except WireError:
            return None

    found = []
    for index, (frame, entered_ns, network, source, what) in enumerate(sights.entered):
        owner = owners.get(what.destination)
        destination = owner[0] if owner else what.destination
        message = accepted(what.data, destination, network) if what.kind == "datagram" else None
        left_ns = sights.left.get(index)
        delay_ns = None
        if message is not None and left_ns is not None:
            delay_ns = round(left_ns / facts.speed) - (message.sent_ns - facts.began_monotonic_ns)
        kind = _KINDS.get(what.kind) or (REFUSED if message is None else type(message).__name__)
        found.append(
            Passage(
                network=network,
                source=source,
                destination=destination,
                kind=kind,
                frame=frame,
                entered_ns=entered_ns,
                left_ns=left_ns,
                delay_ns=delay_ns,
                message=message,
            )
        )
    return tuple(found)
