"""The recorder: a wall clock that is set during a run moves no packet, and the file ends where its limit is."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest

from herzschlag.topo.capture import pcapng
from herzschlag.topo.capture.capture import BLOCK_BYTES, BLOCKS
from herzschlag.topo.capture.recorder import _BLOCK, _FRAME, PAIR_NS_MAX, Pen, Ring, clock_step_ns

SECOND = 1_000_000_000
BEGAN = 1_700_000_000 * SECOND


def test_a_clock_that_was_set_shifts_the_stamps_back_and_an_untouched_one_does_not() -> None:
    now = 5_000 * SECOND
    assert clock_step_ns(now, BEGAN + now + 200, now + 400, BEGAN) == 0
    assert clock_step_ns(now, BEGAN + now + 3600 * SECOND, now + 400, BEGAN) == 3600 * SECOND
    assert clock_step_ns(now, BEGAN + now - 2 * SECOND, now + 400, BEGAN) == -2 * SECOND


def test_readings_torn_apart_tell_nothing() -> None:
    """The process was interrupted between them; the clock was not set."""
    late = PAIR_NS_MAX + 1
    assert clock_step_ns(0, BEGAN + 3 * SECOND, late, BEGAN) is None


APART_NS = time.time_ns() - time.monotonic_ns()
DATA = bytes(range(250)) * 4
OFFSET = 96  # of a frame, behind its header
FRAMES = BLOCK_BYTES // 1200


class Kernel:
    """What the kernel does with the ring: it hands over whole blocks of packets, as long as it has blocks."""

    def __init__(self) -> None:
        self.ring = bytearray(BLOCKS * BLOCK_BYTES)
        self.sent = 0
        self._next = 0

    def hand_over(self) -> None:
        at = self._next * BLOCK_BYTES
        assert _BLOCK.unpack_from(self.ring, at)[0] == 0, "the recorder did not give this block back"
        frame = at + 48
        for _ in range(FRAMES):
            seconds, ns = divmod(BEGAN + self.sent, SECOND)
            header = (1200, seconds, ns, len(DATA), len(DATA), 0, OFFSET, 0, 0, 0, 7, 0, 0)
            _FRAME.pack_into(self.ring, frame, *header)
            self.ring[frame + OFFSET : frame + OFFSET + len(DATA)] = DATA
            frame += 1200
            self.sent += 1
        _BLOCK.pack_into(self.ring, at, 1, FRAMES, 48)
        self._next = (self._next + 1) % BLOCKS


@pytest.mark.parametrize("limit_bytes", [300_000, 1_000_000, 100])
def test_a_capture_ends_at_its_limit_and_says_when(tmp_path: Path, limit_bytes: int) -> None:
    """A flood of 50,000 packets a second wrote 19 MB a second, until the disk was full. The ring is given back to the
    kernel after that as well, or it would count every packet as one that came too fast."""
    kernel, path = Kernel(), tmp_path / "capture.pcapng"
    news, told = os.pipe2(os.O_NONBLOCK)
    with path.open("wb", buffering=0) as file:
        file.write(pcapng.section("test") + pcapng.interface(pcapng.Interface("host-98 A")))
        began = file.tell()
        pen = Pen(Ring(kernel.ring, {7: 0}, APART_NS, limit_bytes - began), file.fileno(), told)
        for _ in range(3 * BLOCKS // 2):
            kernel.hand_over()
            pen.write()
        file.write(pcapng.statistics(BEGAN, 0, kernel.sent, 0))
    found = pcapng.read(path)
    assert path.stat().st_size <= max(limit_bytes, began) + 300, "what says so is the rest"
    assert path.stat().st_size > limit_bytes - 2 * BLOCK_BYTES
    assert [packet.at_ns for packet in found.packets] == [BEGAN + number for number in range(len(found.packets))]
    assert found.full_ns == BEGAN + len(found.packets), "the first packet that is missing"
    assert found.received == kernel.sent and not found.cut
    assert int(os.read(news, 100)) == found.full_ns
    os.close(news)
    os.close(told)


def test_a_capture_below_its_limit_is_whole(tmp_path: Path) -> None:
    kernel, path = Kernel(), tmp_path / "capture.pcapng"
    news, told = os.pipe2(os.O_NONBLOCK)
    with path.open("wb", buffering=0) as file:
        file.write(pcapng.section("test") + pcapng.interface(pcapng.Interface("host-98 A")))
        pen = Pen(Ring(kernel.ring, {7: 0}, APART_NS, 10_000_000), file.fileno(), told)
        for _ in range(5):
            kernel.hand_over()
            pen.write()
    found = pcapng.read(path)
    assert (len(found.packets), found.full_ns, found.packets[0].data) == (5 * FRAMES, None, DATA)
    with pytest.raises(BlockingIOError):
        os.read(news, 100)
    os.close(news)
    os.close(told)


def test_a_command_that_has_ended_does_not_end_the_recorder(tmp_path: Path) -> None:
    kernel = Kernel()
    news, told = os.pipe2(os.O_NONBLOCK)
    os.close(news)
    with (tmp_path / "file").open("wb", buffering=0) as file:
        pen = Pen(Ring(kernel.ring, {7: 0}, APART_NS, 0), file.fileno(), told)
        kernel.hand_over()
        pen.write()
    os.close(told)
    assert struct.unpack_from("<I", (tmp_path / "file").read_bytes())[0] == 5
