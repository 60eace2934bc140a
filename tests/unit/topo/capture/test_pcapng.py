"""The capture file: what is written comes back, a file cut anywhere gives what is before the cut."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herzschlag.topo.capture import pcapng
from herzschlag.topo.capture.pcapng import Capture, Interface, Packet, PcapngError

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
interface = st.builds(Interface, name=text, about=text, link_type=st.integers(0, 300))
direction = st.sampled_from(("in", "out", ""))


@st.composite
def captures(draw: st.DrawFn) -> Capture:
    interfaces = tuple(draw(st.lists(interface, min_size=1, max_size=4)))
    data = st.binary(max_size=70)
    number = st.integers(0, len(interfaces) - 1)
    some_text = st.lists(text, max_size=2).map(tuple)
    times = st.integers(0, 2**63)
    packet = st.builds(Packet, times, number, data, direction, length=st.integers(100, 9000), comments=some_text)
    received = draw(st.none() | st.integers(0, 2**40))
    return Capture(
        interfaces,
        tuple(draw(st.lists(packet, max_size=6))),
        tuple(draw(st.lists(text, max_size=2))),
        received,
        0 if received is None else draw(st.integers(0, 1000)),
        draw(st.none() | st.integers(0, 2**63)),
    )


def encoded(capture: Capture) -> bytes:
    out = io.BytesIO()
    pcapng.write(out, capture)
    return out.getvalue()


@given(captures())
def test_what_is_written_comes_back(capture: Capture) -> None:
    assert pcapng.decode(encoded(capture)) == capture


def test_a_file_cut_anywhere_gives_the_whole_blocks_before_the_cut() -> None:
    packets = tuple(Packet(10**18 + i, 0, b"packet %d" % i, "in", 9, ("why",)) for i in range(3))
    capture = Capture((Interface("host-98 A"),), packets, received=3)
    data = encoded(capture)
    ends = [len(b"".join(list(pcapng.encode(capture))[: count + 1])) for count in range(6)]
    for cut in range(ends[0], len(data)):
        found = pcapng.decode(data[:cut])
        whole = sum(1 for end in ends if end <= cut) - 2  # blocks before packets: section and interface
        assert found.packets == packets[: max(0, whole)]
        assert found.cut == (cut not in ends)
        assert found.received is None


@given(st.binary(max_size=400))
def test_random_bytes_are_refused_by_one_kind_of_error(data: bytes) -> None:
    head = encoded(Capture((Interface("a"),), (Packet(1, 0, b"x"),)))
    for candidate in (data, head + data, head[:60] + data):
        try:
            pcapng.decode(candidate)
        except PcapngError as error:
            assert str(error)


def test_the_error_says_which_file_and_where(tmp_path: Path) -> None:
    file = tmp_path / "capture.pcapng"
    file.write_bytes(b"GET / HTTP/1.1\r\n")
    with pytest.raises(PcapngError, match=r"capture\.pcapng: it does not begin with a section header"):
        pcapng.read(file)


def test_big_endian_files_with_microseconds_are_read_as_well() -> None:
    """As a tool on another machine writes them."""

    def block(kind: int, body: bytes) -> bytes:
        return struct.pack(">II", kind, 12 + len(body)) + body + struct.pack(">I", 12 + len(body))

    section = block(0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1))
    described = block(1, struct.pack(">HHI", 1, 0, 0) + struct.pack(">HH4sHH", 2, 2, b"p1", 0, 0))
    flags = struct.pack(">HHIHH", 2, 4, 2, 0, 0)
    packet = block(6, struct.pack(">5I4s", 0, 0, 1_500_000, 3, 3, b"abc") + flags)
    found = pcapng.decode(section + described + packet)
    assert found.interfaces == (Interface("p1"),)
    assert found.packets == (Packet(1_500_000_000, 0, b"abc", "out", 3),)
