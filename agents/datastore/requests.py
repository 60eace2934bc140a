"""Requests to a datastore and their outcomes: the only way from the pure cores to a datastore.

`processes/tmpfs_store.py` carries them out on real directories, `memory_store.py` in the simulator; one conformance
suite runs against both. Paths are relative to the datastore's root. A hanging datastore (all paths down)
gives no outcome until it is back; the request is then carried out, unless it was withdrawn (AbortIo) meanwhile.
Outcomes are matched by `request`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

SECTOR = 512
"""Bytes of a sector: heartbeat slots and lock records are one each, written as one."""


class IoRequest(msgspec.Struct, frozen=True, gc=False, tag=True):
    request: int
    datastore: str
    path: str


class Read(IoRequest, frozen=True, gc=False, tag=True):
    """The whole file, or `length` bytes from `offset`."""

    offset: int = 0
    length: int | None = None


class Replace(IoRequest, frozen=True, gc=False, tag=True):
    """Write a new file beside the old one, then rename: never half a file, at whatever byte the writer dies."""

    data: bytes = b""


class Append(IoRequest, frozen=True, gc=False, tag=True):
    """Add to the end; may tear when the writer dies, so records carry a check sum."""

    data: bytes = b""


class WriteSector(IoRequest, frozen=True, gc=False, tag=True):
    """Overwrite one sector in place; the file grows with zeros as needed."""

    offset: int = 0
    data: bytes = b""


class TestAndSet(IoRequest, frozen=True, gc=False, tag=True):
    """Atomically: if the sector at `offset` equals `expected` (all zeros where the file is missing or short), write
    `data`; else `mismatch`, with what was found. The atomic test-and-set of VMFS (fact sheet 5 [KB-HB])."""

    offset: int = 0
    expected: bytes = b""
    data: bytes = b""


class Touch(IoRequest, frozen=True, gc=False, tag=True):
    """Refresh the time stamp of a file, made if missing."""


class Stat(IoRequest, frozen=True, gc=False, tag=True):
    """`stamp` grows with every change or touch of the file."""


class Remove(IoRequest, frozen=True, gc=False, tag=True):
    """Missing is fine."""


class ListFolder(IoRequest, frozen=True, gc=False, tag=True):
    """Names in a folder, sorted, newline-separated, in `data`."""


class Outcome(msgspec.Struct, frozen=True, gc=False, tag=True):
    request: int
    status: Literal["ok", "missing", "mismatch", "damaged", "full", "read-only", "lost"]
    """`damaged`: what lies at the path is not a file of ours (a folder, a link, a FIFO, far too long). `full` and
    `read-only`: the datastore takes no more, or nothing. `lost`: it failed."""
    data: bytes = b""
    stamp: int = 0


FAILED = {"damaged": "has something else there", "full": "is full", "read-only": "is read-only", "lost": "failed"}
"""What is said of a datastore that did not do what was asked, by the outcome's status."""

AnyIo = Read | Replace | Append | WriteSector | TestAndSet | Touch | Stat | Remove | ListFolder
