"""Records on datastores: what was written is read, and nothing half or altered is ever taken for a record."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.disk_evidence import read_disk
from herzschlag.agents.datastore.layout import (
    BadName,
    DamagedRecord,
    LockRecord,
    PoweroffMarker,
    PoweronFile,
    ProtectedList,
    ProtectedVm,
    Slot,
)
from herzschlag.agents.datastore.requests import SECTOR
from herzschlag.agents.hypervisor.vm import encode_write

POWERON = PoweronFile(isolated=True, vms=("vm-1", "vm 2", "ümläut\u2028"), generation=7)
PROTECTED = ProtectedList((ProtectedVm("vm-1", "host-98", "high", 500, 1024), ProtectedVm("b", "", "low", 0, 0)), 3)
MARKER = PoweroffMarker("vm-1", "host-98", "isolated, no address answers", 2)
FILES: list[tuple[Any, Callable[[Any], bytes], Callable[[bytes], Any]]] = [
    (POWERON, layout.encode_poweron, layout.decode_poweron),
    (PoweronFile(False, ()), layout.encode_poweron, layout.decode_poweron),
    (PROTECTED, layout.encode_protectedlist, layout.decode_protectedlist),
    (ProtectedList(()), layout.encode_protectedlist, layout.decode_protectedlist),
    (MARKER, layout.encode_marker, layout.decode_marker),
]
SECTORS: list[tuple[Any, Callable[[Any], bytes], Callable[[bytes], Any]]] = [
    (Slot("host-98", 2**64 - 1, 5), layout.encode_slot, layout.decode_slot),
    (LockRecord(True, "host-100", 3, 100, 9), layout.encode_lock, layout.decode_lock),
    (LockRecord(False, "host-100", 3, 100, 2**64 - 1), layout.encode_lock, layout.decode_lock),
]


@pytest.mark.parametrize(("record", "encode", "decode"), FILES + SECTORS)
def test_what_was_written_is_read(record: Any, encode: Any, decode: Any) -> None:
    assert decode(encode(record)) == record


@pytest.mark.parametrize(("record", "encode", "decode"), FILES)
def test_a_file_cut_at_any_byte_is_damaged(record: Any, encode: Any, decode: Any) -> None:
    data = encode(record)
    assert layout.is_whole(data)
    for length in range(len(data)):
        assert not layout.is_whole(data[:length])
        with pytest.raises(DamagedRecord):
            decode(data[:length])


@pytest.mark.parametrize(("record", "encode", "decode"), FILES + SECTORS)
def test_one_altered_bit_is_damage(record: Any, encode: Any, decode: Any) -> None:
    data = encode(record)
    meaningful = len(data.rstrip(b"\0"))
    for at in range(meaningful):
        altered = bytearray(data)
        altered[at] ^= 1
        with pytest.raises(DamagedRecord):
            decode(bytes(altered))


@pytest.mark.parametrize(("record", "encode", "decode"), SECTORS)
def test_a_torn_sector_is_damaged_and_zeros_are_not_a_record(record: Any, encode: Any, decode: Any) -> None:
    """The first bytes of a new record in front of the rest of an old one must not pass for either."""
    data = encode(record)
    assert len(data) == SECTOR
    assert decode(layout.ZERO_SECTOR) is None
    assert decode(b"") is None
    for length in range(1, len(data.rstrip(b"\0"))):
        with pytest.raises(DamagedRecord):
            decode(data[:length].ljust(SECTOR, b"\0"))
        with pytest.raises(DamagedRecord):
            decode(data[:length])


@given(st.binary(max_size=700))
@settings(deadline=None)
def test_no_bytes_whatever_raise_anything_else(data: bytes) -> None:
    for decode in (
        layout.decode_slot,
        layout.decode_lock,
        layout.decode_poweron,
        layout.decode_protectedlist,
        layout.decode_marker,
    ):
        try:
            decode(data)
        except DamagedRecord:
            pass
        else:
            assert not data.strip(b"\0")


def test_one_kind_of_file_does_not_pass_for_another() -> None:
    with pytest.raises(DamagedRecord, match="protectedlist"):
        layout.decode_poweron(layout.encode_protectedlist(PROTECTED))


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a\tb", "a\nb", "#x"])
def test_names_that_would_leave_their_folder_or_line_are_refused(name: str) -> None:
    for path in (layout.vmx_path, layout.disk_path, layout.marker_path, layout.cluster_folder):
        with pytest.raises(BadName):
            path(name)
    with pytest.raises(BadName):
        layout.encode_poweron(PoweronFile(False, (name,)))


def test_paths_are_those_of_the_fact_sheet() -> None:
    assert layout.hb_path("c", "host-98") == ".vSphere-HA/c/host-98-hb"
    assert layout.poweron_path("c", "host-98") == ".vSphere-HA/c/host-98-poweron"
    assert layout.protectedlist_path("c") == ".vSphere-HA/c/protectedlist"
    assert layout.vmx_path("vm-1") == "vm-1/vm-1.vmx"
    assert layout.disk_path("vm-1") == "vm-1/vm-1-flat.vmdk"
    assert layout.lock_path("nfs", "vm-1/vm-1.vmx").startswith("vm-1/.lck-")
    assert layout.lock_path("vmfs", "vm-1/vm-1.vmx") != layout.lock_path("vmfs", "vm-1/vm-1-flat.vmdk")
    assert layout.preferred_slot("host-98") == 98


# --- The disk as evidence ---------------------------------------------------------------------------------------------


def disk(*writes: tuple[str, int, int]) -> bytes:
    return b"".join(encode_write(("vm-1", host, 1, 1), n, at_ns) for host, n, at_ns in writes)


def test_two_writers_show_in_the_order_they_wrote() -> None:
    evidence = read_disk([disk(("host-98", 1, 10), ("host-98", 2, 20), ("host-99", 1, 30), ("host-98", 3, 40))])
    assert [(run.host, run.first_at_ns, run.last_at_ns, run.count) for run in evidence.runs] == [
        ("host-98", 10, 20, 2),
        ("host-99", 30, 30, 1),
        ("host-98", 40, 40, 1),
    ]
    assert evidence.torn == 0


def test_a_torn_record_spoils_itself_alone() -> None:
    whole = disk(("host-98", 1, 10))
    for length in range(1, len(whole)):
        evidence = read_disk([disk(("host-98", 1, 10)) + whole[:length] + disk(("host-99", 1, 30))])
        assert [run.host for run in evidence.runs] == ["host-98", "host-99"]
        assert evidence.torn == 1


def test_a_whole_record_that_names_no_writer_counts_as_torn() -> None:
    body = b"vm-1\thost-98\tno number\t1\t2\t20"
    evidence = read_disk([disk(("host-98", 1, 10)) + b"\n%b\t%08x" % (body, zlib.crc32(body))])
    assert ([run.count for run in evidence.runs], evidence.torn) == ([1], 1)


def test_an_empty_disk_has_no_writer() -> None:
    assert read_disk([b""]).runs == ()
