"""Disk evidence: reads from a VM's disk which hosts wrote it, in which order, and until when.

This module decides what counts as a record and as a run of one writer; it leaves the judgement to the checkers. The
records are written by `agents/hypervisor/vm.py` (`encode_write`), each with its own check sum.
"""

from __future__ import annotations

import zlib

import msgspec


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
    gaps: int
    """Places where a writer's own count skips or repeats: records that vanished."""


def read_disk(data: bytes) -> DiskEvidence:
    """Judge the bytes of a disk file."""
    runs: list[WriterRun] = []
    torn = gaps = 0
    last: tuple[str, str, int, int] | None = None
    last_n = first_ns = last_ns = count = 0

    def close() -> None:
        if last is not None:
            runs.append(WriterRun(*last, first_ns, last_ns, count))

    lines = data.split(b"\n")
    if lines[0]:
        torn += 1  # Every record begins with a line end: these bytes lost theirs.
    for line in lines[1:]:
        record = _decode(line)
        if record is None:
            torn += 1
            continue
        writer, n, at_ns = record
        if writer != last:
            close()
            last, first_ns, count = writer, at_ns, 0
        elif n != last_n + 1:
            gaps += 1
        last_n, last_ns = n, at_ns
        count += 1
    close()
    return DiskEvidence(tuple(runs), torn, gaps)


def _decode(line: bytes) -> tuple[tuple[str, str, int, int], int, int] | None:
    body, tab, crc = line.rpartition(b"\t")
    if not tab or crc != b"%08x" % zlib.crc32(body):
        return None
    try:
        vm, host, boot, life, n, at_ns = body.decode().split("\t")
        return (vm, host, int(boot), int(life)), int(n), int(at_ns)
    except ValueError:
        return None
