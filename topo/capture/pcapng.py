"""Encodes packets as pcapng and decodes them: the file format of captures.

This module decides which blocks a capture of ours is made of and how a file that ends in the middle of a block is read:
whole blocks count, the rest is reported. It leaves where packets come from to `recorder.py` and what they mean to
`herzschlag.packets`. Times are nanoseconds since 1970, on every interface.

Source: draft-ietf-opsawg-pcapng. Written: section header, interface description, enhanced packet, interface
statistics, all little-endian. Read: the same in either byte order and any resolution, as other tools write them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Literal

import msgspec

Direction = Literal["in", "out", ""]
"""As the interface sees it: `in` was received there, `out` was sent from there; empty: unknown."""

LINK_ETHERNET = 1
_SECTION, _INTERFACE, _STATISTICS, _PACKET = 0x0A0D0D0A, 1, 5, 6
_ORDER_MARK = 0x1A2B3C4D
_BLOCK_MIN = 12
_BLOCK_MAX = 16_000_000
"""Bytes. The largest possible packet is a thousandth of it: a longer block is damaged."""
_END, _COMMENT = 0, 1
_HARDWARE, _SYSTEM, _PROGRAM = 2, 3, 4
_NAME, _DESCRIPTION, _RESOLUTION = 2, 3, 9
_FLAGS = 2
_ENDED, _RECEIVED, _DROPPED = 3, 4, 5
_COMMENT_MAX = 65_000
_DIRECTIONS: tuple[Direction, ...] = ("", "in", "out", "")
_PACKET_HEAD = struct.Struct("<7I")
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")
_FLAG_OPTIONS = {
    direction: struct.pack("<HHIHH", _FLAGS, 4, _DIRECTIONS.index(direction), _END, 0)
    for direction in ("in", "out", "")
}


class PcapngError(ValueError):
    """Bytes that are not a capture: the text says where and why."""


class Interface(msgspec.Struct, frozen=True):
    name: str
    about: str = ""
    link_type: int = LINK_ETHERNET


class Packet(msgspec.Struct, frozen=True, gc=False):
    at_ns: int
    """Since 1970."""
    interface: int
    data: bytes
    direction: Direction = ""
    length: int = 0
    """On the wire; 0: as long as `data`."""
    comments: tuple[str, ...] = ()


class Capture(msgspec.Struct, frozen=True):
    """A whole file."""

    interfaces: tuple[Interface, ...]
    packets: tuple[Packet, ...]
    comments: tuple[str, ...] = ()
    """Of the section."""
    received: int | None = None
    """Packets seen, as the recorder counted them when it ended; None: it never came to its end."""
    dropped: int = 0
    """Packets that came too fast to be kept."""
    full_ns: int | None = None
    """When the capture reached the limit of its size: later packets are missing. None: it did not."""
    cut: bool = False
    """The file ends in the middle of a block."""


# --- writing ----------------------------------------------------------------------------------------------------------


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + _PADDING[len(value) & 3]


def _block(kind: int, body: bytes) -> bytes:
    size = struct.pack("<I", _BLOCK_MIN + len(body))
    return struct.pack("<I", kind) + size + body + size


def _comments(comments: Iterable[str]) -> bytes:
    return b"".join(_option(_COMMENT, text.encode()[:_COMMENT_MAX]) for text in comments)


def section(program: str, comments: Iterable[str] = ()) -> bytes:
    """The beginning of every file."""
    options = _comments(comments) + _option(_PROGRAM, program.encode()) + _option(_END, b"")
    return _block(_SECTION, struct.pack("<IHHq", _ORDER_MARK, 1, 0, -1) + options)


def interface(described: Interface) -> bytes:
    options = _option(_NAME, described.name.encode()) + _option(_DESCRIPTION, described.about.encode())
    options += _option(_RESOLUTION, b"\x09") + _option(_END, b"")  # ticks of 10^-9 s
    return _block(_INTERFACE, struct.pack("<HHI", described.link_type, 0, 0) + options)


def packet(  # noqa: PLR0917 (called for every packet of a lab)
    at_ns: int,
    number: int,
    data: bytes,
    direction: Direction = "",
    length: int = 0,
    comments: Iterable[str] = (),
) -> bytes:
    """One packet. Called for every packet while a lab runs, hence without detours."""
    options = _FLAG_OPTIONS[direction]
    if comments:
        options = _comments(comments) + options
    size = len(data)
    padding = _PADDING[size & 3]
    total = 32 + size + len(padding) + len(options)
    head = _PACKET_HEAD.pack(_PACKET, total, number, at_ns >> 32, at_ns & 0xFFFFFFFF, size, length or size)
    return b"".join((head, data, padding, options, total.to_bytes(4, "little")))


def statistics(at_ns: int, number: int, received: int, dropped: int) -> bytes:
    """What the recorder counted, written when it ends."""
    options = _option(_RECEIVED, struct.pack("<Q", received)) + _option(_DROPPED, struct.pack("<Q", dropped))
    head = struct.pack("<III", number, at_ns >> 32, at_ns & 0xFFFFFFFF)
    return _block(_STATISTICS, head + options + _option(_END, b""))


def full(at_ns: int, number: int) -> bytes:
    """What a recorder writes when the capture reached the limit of its size, at this instant: no packet follows."""
    told = "the capture reached the limit of its size: later packets are missing"
    ended = _option(_ENDED, struct.pack("<II", at_ns >> 32, at_ns & 0xFFFFFFFF))
    head = struct.pack("<III", number, at_ns >> 32, at_ns & 0xFFFFFFFF)
    return _block(_STATISTICS, head + _comments([told]) + ended + _option(_END, b""))


def encode(capture: Capture) -> Iterator[bytes]:
    """A whole capture, block by block."""
    yield section("herzschlag", capture.comments)
    for one in capture.interfaces:
        yield interface(one)
    for p in capture.packets:
        yield packet(p.at_ns, p.interface, p.data, p.direction, p.length, p.comments)
    if capture.interfaces and capture.full_ns is not None:
        yield full(capture.full_ns, 0)
    if capture.interfaces and capture.received is not None:
        last_ns = capture.packets[-1].at_ns if capture.packets else 0
        yield statistics(last_ns, 0, capture.received, capture.dropped)


# --- reading ----------------------------------------------------------------------------------------------------------


class _Reader:
    """Blocks of one file, in either byte order, into a capture."""

    def __init__(self) -> None:
        self.interfaces: list[Interface] = []
        self.packets: list[Packet] = []
        self.comments: list[str] = []
        self.received: int | None = None
        self.dropped = 0
        self.full_ns: int | None = None
        self._order = "<"
        self._first = 0
        """Number of the section's first interface."""
        self._ns_per_tick: list[float | int] = []

    def block(self, kind: int, order: str, body: memoryview) -> None:
        self._order = order
        if kind == _PACKET:
            self._packet(body)
        elif kind == _INTERFACE:
            self._interface(body)
        elif kind == _STATISTICS:
            self._statistics(body)
        elif kind == _SECTION:
            self._first = len(self.interfaces)
            self.comments += [_text(value) for code, value in self._options(body[16:]) if code == _COMMENT]

    def _statistics(self, body: memoryview) -> None:
        found = dict(self._options(body[12:]))
        if _RECEIVED in found or _ENDED not in found:
            self.received = (self.received or 0) + self._number(found.get(_RECEIVED, b""))
            self.dropped += self._number(found.get(_DROPPED, b""))
        elif len(found[_ENDED]) == 8:
            (number,) = struct.unpack_from(self._order + "I", body)
            high, low = struct.unpack(self._order + "II", found[_ENDED])
            self.full_ns = round((high << 32 | low) * self._ns_per_tick[self._first + number])

    def _packet(self, body: memoryview) -> None:
        number, high, low, kept, length = struct.unpack_from(self._order + "5I", body)
        number += self._first
        if number >= len(self.interfaces) or 20 + kept > len(body):
            raise PcapngError(f"a packet of {kept} bytes on interface {number} of {len(self.interfaces)}")
        direction: Direction = ""
        comments: tuple[str, ...] = ()
        for code, value in self._options(body[20 + kept + (-kept & 3) :]):
            if code == _FLAGS and len(value) == 4:
                direction = _DIRECTIONS[self._number(value) & 3]
            elif code == _COMMENT:
                comments += (_text(value),)
        ticks = high << 32 | low
        at_ns = round(ticks * self._ns_per_tick[number])
        self.packets.append(Packet(at_ns, number, bytes(body[20 : 20 + kept]), direction, length, comments))

    def _interface(self, body: memoryview) -> None:
        (link_type,) = struct.unpack_from(self._order + "H", body)
        options = dict(self._options(body[8:]))
        name, about = _text(options.get(_NAME, b"")), _text(options.get(_DESCRIPTION, b""))
        self.interfaces.append(Interface(name, about, link_type))
        (power,) = options.get(_RESOLUTION, b"\x06")[:1] or b"\x06"
        exponent = power & 0x7F
        ns = 10**9 / 2**exponent if power & 0x80 else 10 ** (9 - exponent)
        self._ns_per_tick.append(ns)

    def _options(self, data: memoryview) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at + 4 <= len(data):
            code, length = struct.unpack_from(self._order + "HH", data, at)
            if code == _END:
                return
            yield code, bytes(data[at + 4 : at + 4 + length])
            at += 4 + length + (-length & 3)

    def _number(self, value: bytes) -> int:
        return int.from_bytes(value, "little" if self._order == "<" else "big")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace").rstrip("\0")


def decode(data: bytes | memoryview) -> Capture:
    """Everything up to the end, or up to the block in which the file ends. Raises PcapngError for anything else."""
    view = memoryview(data)
    reader, order, at = _Reader(), "<", 0
    if len(view) < _BLOCK_MIN or int.from_bytes(view[:4], "big") != _SECTION:
        raise PcapngError("it does not begin with a section header, so it is not a pcapng file")
    while at + _BLOCK_MIN <= len(view):
        kind = int.from_bytes(view[at : at + 4], "little" if order == "<" else "big")
        if kind == _SECTION:
            order = "<" if int.from_bytes(view[at + 8 : at + 12], "little") == _ORDER_MARK else ">"
        (size,) = struct.unpack_from(order + "I", view, at + 4)
        if not _BLOCK_MIN <= size <= _BLOCK_MAX or size % 4:
            raise PcapngError(f"the block at byte {at} claims {size} bytes: at least 12, in fours, below 16 million")
        if at + size > len(view):
            break
        try:
            reader.block(kind, order, view[at + 8 : at + size - 4])
        except (struct.error, ValueError, IndexError) as error:
            raise PcapngError(f"the block at byte {at}: {error}") from None
        at += size
    return Capture(
        interfaces=tuple(reader.interfaces),
        packets=tuple(reader.packets),
        comments=tuple(reader.comments),
        received=reader.received,
        dropped=reader.dropped,
        full_ns=reader.full_ns,
        cut=at < len(view),
    )


def read(path: Path) -> Capture:
    """Raises OSError and PcapngError."""
    try:
        return decode(path.read_bytes())
    except PcapngError as error:
        raise PcapngError(f"{path}: {error}") from None


def write(file: IO[bytes], capture: Capture) -> None:
    file.writelines(encode(capture))
