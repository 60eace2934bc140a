"""Layout of a datastore: the path and the format of each record.

This module decides paths and bytes; who writes them when is for `hypervisor/disk_heartbeats.py`, `hypervisor/locks.py`,
the hypervisor and the agent. Two families of records:

- Sectors (heartbeat slots, locks): 512 bytes written as one, binary, with magic, version and CRC32. All zeros means
  "never written" and decodes to None.
- Files (`host-N-poweron`, `protectedlist`, power-off marker): text lines, then one closing line with kind, version,
  generation and CRC32 of all before it. They are replaced as a whole.

A record that is cut short or altered raises `DamagedRecord`: a reader never acts on half of one. Names of files and
their use follow the fact sheet, section 5 [DD-F]; the closing line and the sector formats are ours.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from typing import Any, Literal

import msgspec

from herzschlag.agents.datastore.requests import SECTOR
from herzschlag.agents.settings import PRIORITY_ORDER, DatastoreKind, Priority

SLOTS = 1024
"""Slots of a heartbeat region. Ours: room for a thousand simulated hosts; real volumes serve 64."""
HEARTBEAT_REGION = ".heartbeat.sf"
"""File of the VMFS heartbeat region: slot i is the sector at i x 512."""
HA_FOLDER = ".vSphere-HA"
ZERO_SECTOR = bytes(SECTOR)

_FILE_VERSION = 1
_SECTOR_VERSION = 1
_MOID_BYTES = 32
_SLOT = struct.Struct("<4sBxxxQQ32s")
_LOCK = struct.Struct("<4sBBxxIQQ32s")
_CRC = struct.Struct("<I")
_SLOT_PAD = bytes(SECTOR - _SLOT.size - _CRC.size)
_LOCK_PAD = bytes(SECTOR - _LOCK.size - _CRC.size)
_SLOT_MAGIC = b"HZhb"
_LOCK_MAGIC = b"HZlk"


class DamagedRecord(ValueError):
    """A record that is cut short, altered, or of a version we do not know."""


class BadName(ValueError):
    """A name that cannot be part of a path or a line."""


@lru_cache(maxsize=4096)
def _checked(name: str, what: str) -> str:
    if not name or name.startswith((".", "#")) or any(c in "/\\" or ord(c) < 32 for c in name):
        raise BadName(
            f"{what} {name!r}: must not be empty, start with '.' or '#', or hold slashes or control characters"
        )
    return name


# --- Paths ------------------------------------------------------------------------------------------------------------


def cluster_folder(cluster: str) -> str:
    return f"{HA_FOLDER}/{_checked(cluster, 'cluster')}"


def hb_path(cluster: str, moid: str) -> str:
    """`host-N-hb`: locked while the host's agent uses this datastore for heartbeats; touched as well on NFS."""
    return f"{cluster_folder(cluster)}/{_checked(moid, 'host')}-hb"


def poweron_path(cluster: str, moid: str) -> str:
    """`host-N-poweron`: is the host isolated, and which VMs run there."""
    return f"{cluster_folder(cluster)}/{_checked(moid, 'host')}-poweron"


def protectedlist_path(cluster: str) -> str:
    """`protectedlist`: its lock is ownership of all VMs whose home is this datastore."""
    return f"{cluster_folder(cluster)}/protectedlist"


def vmx_path(vm: str) -> str:
    """Its lock is the right to run the VM."""
    return f"{_checked(vm, 'VM')}/{vm}.vmx"


def disk_path(vm: str) -> str:
    """Append-only disk: every write names its writer."""
    return f"{_checked(vm, 'VM')}/{vm}-flat.vmdk"


def marker_path(vm: str) -> str:
    """Power-off marker: an isolated host stopped this VM on HA's behalf."""
    return f"{_checked(vm, 'VM')}/{vm}.poweredoff"


def lock_path(kind: DatastoreKind, path: str) -> str:
    """Where the lock of the file `path` lies: a sector of its own on VMFS, a `.lck-<file id>` file on NFS."""
    folder, slash, name = path.rpartition("/")
    if kind == "vmfs":
        return f"{folder}{slash}.{name}.lock"
    return f"{folder}{slash}.lck-{zlib.crc32(path.encode()):08x}"


def preferred_slot(moid: str) -> int:
    """The slot a host tries first. It follows from the number in its MOID, so that hosts seldom collide."""
    digits = "".join(c for c in moid if c.isdigit())
    return (int(digits) if digits else zlib.crc32(moid.encode())) % SLOTS


# --- Sectors ----------------------------------------------------------------------------------------------------------


class Slot(msgspec.Struct, frozen=True, gc=False):
    """One host's heartbeat on a VMFS volume."""

    moid: str
    boot: int
    """Life of the host, u64."""
    sequence: int
    """Grows with every write of that life, u64."""


class LockRecord(msgspec.Struct, frozen=True, gc=False):
    """A lock as it lies on the datastore. A released lock keeps its generation: the next owner's is one higher."""

    held: bool
    owner: str
    owner_boot: int
    slot: int
    """Owner's slot in the heartbeat region; 0 on NFS, where the owner renews the record itself."""
    generation: int
    """Grows with every change of the record, so that two reads show whether it changed."""


def stamp_of(boot: int, count: int) -> int:
    """One number that grows with every heartbeat; evidence that a heartbeat stopped names it. A u64, as messages carry
    no larger one: room for 16 million lives of a host, each with a million million heartbeats."""
    return (boot << 40 | count) & 0xFFFF_FFFF_FFFF_FFFF


def _moid_bytes(moid: str) -> bytes:
    data = moid.encode()
    if len(data) > _MOID_BYTES:
        raise BadName(f"host {moid!r} has {len(data)} bytes: at most {_MOID_BYTES} fit into a sector record")
    return data


def _text(data: bytes) -> str:
    try:
        return data.rstrip(b"\0").decode()
    except UnicodeDecodeError as error:
        raise DamagedRecord(f"host name {data!r} is not UTF-8") from error


def encode_slot(slot: Slot) -> bytes:
    body = _SLOT.pack(_SLOT_MAGIC, _SECTOR_VERSION, slot.boot, slot.sequence, _moid_bytes(slot.moid))
    return body + _CRC.pack(zlib.crc32(body)) + _SLOT_PAD


def encode_lock(lock: LockRecord) -> bytes:
    body = _LOCK.pack(
        _LOCK_MAGIC,
        _SECTOR_VERSION,
        1 if lock.held else 0,
        lock.slot,
        lock.generation,
        lock.owner_boot,
        _moid_bytes(lock.owner),
    )
    return body + _CRC.pack(zlib.crc32(body)) + _LOCK_PAD


def decode_slot(data: bytes) -> Slot | None:
    """The slot in a sector; None when it was never written (a short read is beyond the file's end)."""
    fields = _sector(data, _SLOT, _SLOT_MAGIC)
    if fields is None:
        return None
    _, _, boot, sequence, moid = fields
    return Slot(_text(moid), boot, sequence)


def decode_lock(data: bytes) -> LockRecord | None:
    """The lock in a sector; None when it was never taken."""
    fields = _sector(data, _LOCK, _LOCK_MAGIC)
    if fields is None:
        return None
    _, _, held, slot, generation, boot, moid = fields
    return LockRecord(bool(held), _text(moid), boot, slot, generation)


def _sector(data: bytes, form: struct.Struct, magic: bytes) -> tuple[Any, ...] | None:
    if not data or data == ZERO_SECTOR:
        return None
    if len(data) != SECTOR:
        raise DamagedRecord(f"{len(data)} bytes: a sector has {SECTOR}")
    if data[:4] != magic or data[4] != _SECTOR_VERSION:
        raise DamagedRecord(f"begins with {data[:5]!r}: expected {magic!r} and version {_SECTOR_VERSION}")
    body = data[: form.size]
    if _CRC.unpack_from(data, form.size)[0] != zlib.crc32(body):
        raise DamagedRecord("check sum is wrong")
    return form.unpack(body)


# --- Files ------------------------------------------------------------------------------------------------------------

FileKind = Literal["poweron", "protectedlist", "marker", "vmx"]


class PoweronFile(msgspec.Struct, frozen=True, gc=False):
    """`host-N-poweron`: line 1 is 0 or 1 (isolated), then one VM a line (fact sheet 5)."""

    isolated: bool
    vms: tuple[str, ...]
    generation: int = 0


def poweron_generation(boot: int, inventory: int) -> int:
    """The generation of the file that says the same as an inventory. The boot comes first: an agent that was restarted
    counts its inventories from one again."""
    return boot << 32 | inventory


class ProtectedVm(msgspec.Struct, frozen=True, gc=False):
    vm: str
    last_host: str
    priority: Priority
    cpu_mhz: int
    memory_mb: int


class ProtectedList(msgspec.Struct, frozen=True, gc=False):
    vms: tuple[ProtectedVm, ...]
    generation: int = 0


class PoweroffMarker(msgspec.Struct, frozen=True, gc=False):
    """Who stopped the VM on HA's behalf, and why."""

    vm: str
    host: str
    because: str
    generation: int = 0


def _closing(kind: str, generation: int, body: bytes) -> bytes:
    head = f"#{kind} {_FILE_VERSION} generation={generation}".encode()
    return head + f" crc={zlib.crc32(body + head):08x}\n".encode()


def _closed(kind: FileKind, generation: int, lines: list[str]) -> bytes:
    body = "".join(f"{line}\n" for line in lines).encode()
    return body + _closing(kind, generation, body)


def _open(kind: FileKind, data: bytes) -> tuple[list[str], int]:
    found, lines, generation = _opened(data)
    if found != kind:
        raise DamagedRecord(f"is a {found} record: expected {kind}")
    return lines, generation


def _opened(data: bytes) -> tuple[str, list[str], int]:
    cut = data.rfind(b"\n", 0, -1) + 1
    body, closing = data[:cut], data[cut:]
    if not closing.startswith(b"#") or not closing.endswith(b"\n"):
        raise DamagedRecord(f"ends with {data[-40:]!r}: the closing line is missing")
    try:
        kind, version, generation, _ = closing[1:].decode("ascii").split()
        number = int(generation.removeprefix("generation="))
    except ValueError as error:
        raise DamagedRecord(f"closing line {closing!r} is not '#kind version generation=N crc=X'") from error
    if version != str(_FILE_VERSION):
        raise DamagedRecord(f"version {version}: expected {_FILE_VERSION}")
    if closing != _closing(kind, number, body):
        raise DamagedRecord("check sum is wrong")
    try:
        return kind, body.decode().split("\n")[:-1], number
    except UnicodeDecodeError as error:
        raise DamagedRecord("is not UTF-8") from error


def is_whole(data: bytes) -> bool:
    """Whether a file of any kind carries a right closing line."""
    try:
        _opened(data)
    except DamagedRecord:
        return False
    return True


def encode_poweron(file: PoweronFile) -> bytes:
    lines = ["1" if file.isolated else "0", *(_checked(vm, "VM") for vm in file.vms)]
    return _closed("poweron", file.generation, lines)


def decode_poweron(data: bytes) -> PoweronFile:
    lines, generation = _open("poweron", data)
    if not lines or lines[0] not in ("0", "1"):
        raise DamagedRecord(f"line 1 is {lines[:1]}: expected 0 or 1")
    return PoweronFile(lines[0] == "1", tuple(lines[1:]), generation)


def encode_protectedlist(file: ProtectedList) -> bytes:
    lines = [f"{_checked(v.vm, 'VM')}\t{v.last_host}\t{v.priority}\t{v.cpu_mhz}\t{v.memory_mb}" for v in file.vms]
    return _closed("protectedlist", file.generation, lines)


_PRIORITIES: dict[str, Priority] = {"disabled": "disabled", **{name: name for name in PRIORITY_ORDER}}


def decode_protectedlist(data: bytes) -> ProtectedList:
    lines, generation = _open("protectedlist", data)
    vms = []
    for line in lines:
        try:
            vm, last_host, priority, cpu, memory = line.split("\t")
            vms.append(ProtectedVm(vm, last_host, _PRIORITIES[priority], int(cpu), int(memory)))
        except (ValueError, KeyError) as error:
            raise DamagedRecord(f"line {line!r} is not 'vm, last host, priority, MHz, MB'") from error
    return ProtectedList(tuple(vms), generation)


def encode_marker(marker: PoweroffMarker) -> bytes:
    because = " ".join(marker.because.split())
    return _closed("marker", marker.generation, [f"{_checked(marker.vm, 'VM')}\t{marker.host}\t{because}"])


def decode_marker(data: bytes) -> PoweroffMarker:
    lines, generation = _open("marker", data)
    try:
        (line,) = lines
        vm, host, because = line.split("\t")
    except ValueError as error:
        raise DamagedRecord(f"{lines!r} is not one line 'vm, host, because'") from error
    return PoweroffMarker(vm, host, because, generation)


def encode_vmx(vm: str, generation: int = 0) -> bytes:
    """The VM's configuration file: only its existence matters to us."""
    return _closed("vmx", generation, [f'displayName = "{_checked(vm, "VM")}"'])
