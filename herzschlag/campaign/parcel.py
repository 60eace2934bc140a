"""A run directory as bytes, and bytes as a run directory: how results travel from workers.

This module decides the bound, what stays behind when a run is larger than it, and that nothing is written outside the
directory that is being filled: what arrives was made on another machine.
"""

from __future__ import annotations

import zlib
from pathlib import Path, PurePosixPath

import msgspec

from herzschlag.errors import WrongPeerInput
from herzschlag.history.capture_facts import CAPTURE_FILE

BYTES_MAX = 64_000_000
"""Of all files of a run together, uncompressed: what client and scheduler must hold in memory at once for each run that
arrives. A run of 96 hosts has 7 MB of records."""
FILES_MAX = 1000
LEVEL = 1
"""Records shrink to a tenth at the fastest level already."""

Files = tuple[tuple[str, bytes], ...]
"""Paths below the run directory, with `/`, and their content."""


class ParcelError(WrongPeerInput):
    """Bytes that are not a run directory, or one that is too large."""


def pack(directory: Path) -> bytes:
    """All regular files; without the capture where the whole would be too large. Raises ParcelError and OSError."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    sizes = {path: path.stat().st_size for path in paths}
    if sum(sizes.values()) > BYTES_MAX:
        paths = [path for path in paths if path != directory / CAPTURE_FILE]
    total = sum(sizes[path] for path in paths)
    if total > BYTES_MAX or len(paths) > FILES_MAX:
        raise ParcelError(
            f"the run has {len(paths)} files of {total} bytes, {FILES_MAX} of {BYTES_MAX} bytes at most travel from a"
            " worker: shorten the scenario, or run it with `herzschlag run`"
        )
    files = [(path.relative_to(directory).as_posix(), path.read_bytes()) for path in paths]
    return zlib.compress(msgspec.msgpack.encode(files), LEVEL)


def unpack(parcel: bytes) -> Files:
    """The files of a parcel. Raises ParcelError."""
    limit = BYTES_MAX + FILES_MAX * 1024  # their paths, too
    unpacking = zlib.decompressobj()
    try:
        plain = unpacking.decompress(parcel, limit)
        if unpacking.unconsumed_tail or not unpacking.eof:
            raise ParcelError(f"a run that arrived is cut short, or has more than {limit} bytes")
        files = msgspec.msgpack.decode(plain, type=Files)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise ParcelError(f"what arrived is not a run: {error}") from None
    for path, _ in files:
        pure = PurePosixPath(path)
        if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\\" in path or "\0" in path:
            raise ParcelError(f"a run that arrived has a file {path!r}, which lies outside of it")
    return files


def lay_out(files: Files, directory: Path) -> None:
    """Write them into a new directory. Raises OSError."""
    directory.mkdir(parents=True)
    for path, content in files:
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
