"""Disk evidence: reads from a VM's disk which hosts wrote it, in which order, and until when.

This module decides what counts as a record and as a run of one writer; it leaves the judgement to the checkers. The
records are written by `agents/hypervisor/vm.py` (`encode_write`), each with its own check sum.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import msgspec

from herzschlag.agents.records import Disk

DISK_BYTES_MAX = 128 << 20
"""The longest disk that is read: a VM that writes each second of the longest scenario, a week, leaves 60 MB."""
_LINE_BYTES_MAX = 1024
"""Above any record of ours; of a longer line only the end is kept, and it is torn."""


class WriterRun(msgspec.Struct, frozen=True, gc=False):
    """Records that follow each other on the disk and come from the same writer."""

    vm: str
    host: str
    boot: int
    """Life of the host."""
    life: int
    """Of the guest within it: changes with each process and each reset."""
    first_at_ns: int
    last_at_ns: int
    """The writer's monotonic clock, as handed to it."""
    count: int


class DiskEvidence(msgspec.Struct, frozen=True, gc=False):
    runs: tuple[WriterRun, ...]
    torn: int
    """Records without a right check sum: writers that died while writing."""


def disk_records(datastore: str, blocks: Iterable[bytes]) -> list[Disk]:
    """What a history says about the blocks of a disk file: one record for each run of one writer."""
    disk = read_disk(blocks)
    return [
        Disk(
            vm=run.vm,
            datastore=datastore,
            host=run.host,
            boot=run.boot,
            life=run.life,
            first_ns=run.first_at_ns,
            last_ns=run.last_at_ns,
            count=run.count,
            torn=disk.torn,
        )
        for run in disk.runs
    ]


def read_disk(blocks: Iterable[bytes]) -> DiskEvidence:
    """Judge a disk file, block by block."""
    runs: list[WriterRun] = []
    torn = 0
    last: tuple[str, str, int, int] | None = None
    last_head = b""
    first_ns = last_ns = count = 0

    def close() -> None:
        if last is not None:
            runs.append(WriterRun(*last, first_ns, last_ns, count))

    lines = _lines(blocks)
    if next(lines):
        torn += 1  # Every record begins with a line end: these bytes lost theirs.
    for line in lines:
        record = _decode(line)
        if record is None:
            torn += 1
            continue
        head, at_ns = record
        if head != last_head:  # Nearly every record follows one of the same writer: the writer is read once.
            writer = _writer(head)
            if writer is None:
                torn += 1
                continue
            close()
            last, last_head, first_ns, count = writer, head, at_ns, 0
        last_ns = at_ns
        count += 1
    close()
    return DiskEvidence(tuple(runs), torn)


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
        rest = rest[-_LINE_BYTES_MAX:]
    yield rest


def _decode(line: bytes) -> tuple[bytes, int] | None:
    """What names the writer, and the record's instant; None for a torn record."""
    parts = line.rsplit(b"\t", 3)
    if len(parts) != 4 or parts[3] != b"%08x" % zlib.crc32(line[: -len(parts[3]) - 1]):
        return None
    try:
        return parts[0], int(parts[2])
    except ValueError:
        return None


def _writer(head: bytes) -> tuple[str, str, int, int] | None:
    try:
        vm, host, boot, life = head.decode().split("\t")
        return vm, host, int(boot), int(life)
    except ValueError:
        return None
