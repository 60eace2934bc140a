"""Disks that cannot be read when a run ends: they leave no record, and cost the stage neither memory nor its life."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from herzschlag.agents.datastore.layout import disk_path
from herzschlag.agents.hypervisor.vm import encode_write
from herzschlag.backends.mininet.stage.disks import read_disk_file
from tests.unit.agents.processes.test_regular_files import HOSTILE

VM = "vm-98-1"


def disk(root: Path) -> Path:
    path = root / disk_path(VM)
    path.parent.mkdir(parents=True)
    return path


def test_a_disk_gives_a_record_for_each_writer(tmp_path: Path) -> None:
    writes = [encode_write((VM, "host-98", 1, 65536), n, n * 10) for n in (1, 2, 3)]
    disk(tmp_path).write_bytes(b"".join(writes))
    (found,) = read_disk_file(tmp_path, "vmfs-1", VM)
    assert (found.host, found.count, found.first_ns, found.last_ns) == ("host-98", 3, 10, 30)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_disk_that_cannot_be_read_is_no_evidence(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    HOSTILE[what](disk(tmp_path))
    tracemalloc.start()
    assert read_disk_file(tmp_path, "vmfs-1", VM) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert f"{disk_path(VM)} was not read: damaged" in capsys.readouterr().err


def test_a_disk_that_never_was_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read_disk_file(tmp_path, "vmfs-1", VM) == []
    assert capsys.readouterr().err == ""


def test_a_disk_without_line_ends_is_one_torn_record(tmp_path: Path) -> None:
    write = encode_write((VM, "host-98", 1, 65536), 1, 10)
    disk(tmp_path).write_bytes(b"x" * (3 << 20) + write)
    (found,) = read_disk_file(tmp_path, "vmfs-1", VM)
    assert (found.count, found.torn) == (1, 1)
