"""What was measured of this machine: where it is, and when it no longer fits."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.fidelity import kept
from herzschlag.fidelity.kept import Measured
from herzschlag.fidelity.loads import Load, Tried

TRIED = Tried(load=Load(10.0, 4), runs=15, runs_an_hour=900.0, late_ms=12.0, late_median_ms=8.0)


def measured() -> Measured:
    return Measured(machine=kept.here(), date="2026-05-01", tried=(TRIED,))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = kept.write(measured(), tmp_path / "new" / "fidelity.json")
    assert kept.read(file) == measured()
    assert measured().labs_at(10.0) == 4 and measured().speed_with(4) == 10.0


@pytest.mark.parametrize(
    "other", [{"processors": 64}, {"model": "another"}, {"kernel": "5.0"}, {"root": "other"}, {"herzschlag": "0.0.1"}]
)
def test_another_machine_is_not_this_one(tmp_path: Path, other: dict[str, object]) -> None:
    if "root" in other:
        other = {"root": not kept.here().root}
    machine = msgspec.structs.replace(kept.here(), **other)
    file = kept.write(msgspec.structs.replace(measured(), machine=machine), tmp_path / "fidelity.json")
    assert kept.read(file) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"machine": 1}'])
def test_a_file_that_is_no_measurement_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "fidelity.json").write_bytes(content)
    assert kept.read(tmp_path / "fidelity.json") is None
    assert kept.read(tmp_path / "missing") is None
    assert kept.read(tmp_path) is None


def test_a_machine_without_the_file_of_its_processors_has_a_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kept, "CPUINFO", tmp_path / "missing")
    assert kept.here().model
