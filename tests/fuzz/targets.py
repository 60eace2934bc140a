"""Fuzz targets: each reads bytes, and may refuse them in its own words only.

A target is a function of bytes that raises nothing but the exceptions named with it. Its seeds are valid examples, from
which mutations reach deeper than from nothing. `run.py` feeds targets for as long as you like, guided by coverage;
`test_fuzz.py` for a moment, the same bytes each time, together with every finding of before.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.disk_evidence import read_disk
from herzschlag.agents.hypervisor.vm import encode_write
from herzschlag.agents.processes import control
from herzschlag.agents.processes.agent import EVENTS
from herzschlag.agents.processes.hypervisor import CALLS
from herzschlag.agents.protocol.actions import PowerOff, ReadFile
from herzschlag.agents.protocol.codec import WireError
from herzschlag.agents.protocol.events import PingAnswered, VmChanged
from herzschlag.controller import messages as controller
from herzschlag.controller.messages import ControlError
from herzschlag.errors import WrongInput, WrongPeerInput
from herzschlag.history import records
from herzschlag.live.messages import command_decoder
from herzschlag.packets.frames import Assembler
from herzschlag.scenarios.from_toml import loads_family, shipped
from herzschlag.topo.capture import pcapng
from tests.support import frames, wire_examples

FINDINGS = Path(__file__).parent / "findings"
"""Inputs that once broke a target, as TARGET-anything; they are played in every test run."""
BYTES_MAX = 4_096


class Target(NamedTuple):
    read: Callable[[bytes], object]
    refusals: tuple[type[BaseException], ...]
    """All that it may raise."""
    seeds: Callable[[], list[bytes]]


def _wire(data: bytes) -> object:
    """With a valid tag, as from an agent that is broken: everything behind the tag is reached."""
    return wire_examples.CODEC.decode(wire_examples.signed(data))


def _forged(data: bytes) -> object:
    return wire_examples.CODEC.decode(data)


def _channels(data: bytes) -> None:
    """Every decoder of the lines between processes reads the same bytes."""
    for decoder in (EVENTS, CALLS, control.CONTROL_ORDERS, control.CONTROL_NEWS, control.ZYGOTE_ORDERS):
        try:
            decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # as `Channel` does
            continue


def _controller(data: bytes) -> None:
    for decode in (controller.decode_request, controller.decode_reply):
        try:
            decode(data)
        except ControlError:
            continue


def _scenario(data: bytes) -> object:
    return loads_family(data.decode(errors="replace"), "fuzz.toml")


def _frames(data: bytes) -> object:
    assembler = Assembler()
    half = len(data) // 2
    return [assembler.add(part) for part in (data, data[:half], data[half:], data)]


def _disk() -> list[bytes]:
    return [b"".join(encode_write(("vm-98-1", "host-98", 1, 1), n, n * 10**9) for n in range(1, 4))]


def _capture() -> list[bytes]:
    frame = frames.datagram("198.18.1.1", "198.18.1.2", wire_examples.datagrams()[0])
    capture = pcapng.Capture((pcapng.Interface("host-98 A"),), (pcapng.Packet(10**18, 0, frame, "in"),), ("hello",))
    return [b"".join(pcapng.encode(capture))]


def _pack(*values: object) -> list[bytes]:
    return [msgspec.msgpack.encode(value) for value in values]


_SLOT = layout.Slot("host-98", 7, 8)
_LOCK = layout.LockRecord(True, "host-98", 7, 3, 9)
_LIST = layout.ProtectedList((layout.ProtectedVm("web", "host-98", "high", 500, 1024),), 4)
_EVENT = VmChanged("web", "on", "a user", True)

TARGETS: dict[str, Target] = {
    "wire": Target(_wire, (WireError,), wire_examples.datagrams),
    "forged": Target(_forged, (WireError,), wire_examples.datagrams),
    "slot": Target(layout.decode_slot, (layout.DamagedRecord,), lambda: [layout.encode_slot(_SLOT)]),
    "lock": Target(layout.decode_lock, (layout.DamagedRecord,), lambda: [layout.encode_lock(_LOCK)]),
    "poweron": Target(
        layout.decode_poweron,
        (layout.DamagedRecord,),
        lambda: [layout.encode_poweron(layout.PoweronFile(False, ("web", "mail"), 3))],
    ),
    "protectedlist": Target(
        layout.decode_protectedlist, (layout.DamagedRecord,), lambda: [layout.encode_protectedlist(_LIST)]
    ),
    "marker": Target(
        layout.decode_marker,
        (layout.DamagedRecord,),
        lambda: [layout.encode_marker(layout.PoweroffMarker("web", "host-98", "isolated", 2))],
    ),
    "disk": Target(lambda data: read_disk([data]), (), _disk),
    "channels": Target(
        _channels, (), lambda: _pack(_EVENT, PingAnswered("198.18.0.1"), PowerOff("web", "x"), ReadFile("nfs-1", "x"))
    ),
    "controller": Target(
        _controller, (), lambda: [controller.encode(controller.Status(1)), controller.encode(controller.Quit(2))]
    ),
    "scenario": Target(
        _scenario, (WrongInput,), lambda: [text.encode() for text in list(shipped().values())[:20] if len(text) < 4000]
    ),
    "live": Target(
        command_decoder().decode,
        (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, WrongInput),
        lambda: [b'{"do":"begin","fault":{"fault":"power-off","host":"host-98"}}', b'{"do":"advance","seconds":5}'],
    ),
    "capture": Target(pcapng.decode, (pcapng.PcapngError,), _capture),
    "frames": Target(
        _frames, (), lambda: [frames.datagram("198.18.1.1", "198.18.1.2", data) for data in wire_examples.datagrams()]
    ),
    "history": Target(
        records.decode,
        (WrongPeerInput,),
        lambda: [records.encode(records.Record(1, 0, "host-98", "role", {"to": "master"}))],
    ),
}


def play(name: str, data: bytes) -> None:
    """Feed a target. Raises what it must not raise."""
    target = TARGETS[name]
    try:
        target.read(data)
    except target.refusals:
        return


def mutations(name: str, count: int, seed: int) -> Iterator[bytes]:
    """Seeds, then mutations of seeds: bits, bytes, pieces that are cut, doubled, moved or mixed; the same each time."""
    draw = random.Random(f"{name}/{seed}")
    seeds = TARGETS[name].seeds()
    yield from seeds
    for _ in range(count):
        data = bytearray(draw.choice(seeds)[:BYTES_MAX])
        for _ in range(draw.randrange(1, 5)):
            a, b = sorted(draw.randrange(len(data) + 1) for _ in range(2))
            match draw.randrange(6):
                case 0 if data:
                    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
                case 1 if data:
                    data[draw.randrange(len(data))] = draw.choice((0, 1, 127, 128, 255, *b'"[{\n\t'))
                case 2:
                    del data[a : min(b, a + 64)]
                case 3:
                    data[a:a] = data[a:b] * draw.randrange(1, 4)
                case 4:
                    other = draw.choice(seeds)
                    data[a:b] = other[a:b]
                case _:
                    data[a:a] = draw.randbytes(draw.randrange(1, 9))
        yield bytes(data[:BYTES_MAX])
