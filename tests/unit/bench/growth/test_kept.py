"""What is kept of labs of different sizes."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.growth.kept import Lab, lab_of, read, with_new, write

MEASURED = {
    "up_s": 1.234,
    "joined_s": 17.0,
    "pss_kb": {"agent": 2048, "VM": 1},
    "total_mb": 99.6,
    "cpu_percent": {"agent": 2.04, "VM": 1.0, "ovs-vswitchd": 3.0},
    "datagrams_s": 511.6,
    "late_ms_p99": 1.26,
    "late_ms_max": 7.0,
}


def lab(hosts: int, speed: float, **more: float) -> Lab:
    return msgspec.structs.replace(lab_of(hosts, speed, MEASURED), **more)


def test_what_was_measured_becomes_a_row() -> None:
    found = lab(3, 10)
    assert (found.agent_mb, found.total_mb, found.cpu_percent) == (2.0, 100, 6.0)
    assert (found.agents_cpu_percent, found.switch_cpu_percent, found.datagrams_s) == (2.0, 3.0, 512)


def test_a_new_measurement_replaces_that_of_the_same_lab_alone() -> None:
    kept = with_new([lab(3, 1), lab(3, 10)], lab(3, 1, up_s=9.0))
    assert sorted((one.speed, one.up_s) for one in kept) == [(1, 9.0), (10, 1.23)]


def test_what_is_written_is_read_again_in_order(tmp_path: Path) -> None:
    file = tmp_path / "growth.json"
    assert read(file) == ()
    write([lab(64, 1), lab(3, 10), lab(3, 1)], file)
    assert [(one.speed, one.hosts) for one in read(file)] == [(1, 3), (1, 64), (10, 3)]
