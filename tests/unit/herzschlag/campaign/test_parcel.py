"""Run directories as bytes: whole, bounded, and never outside of the directory they are laid out in."""

from __future__ import annotations

import zlib
from pathlib import Path

import msgspec
import pytest

from herzschlag.campaign import parcel
from herzschlag.campaign.parcel import ParcelError, lay_out, pack, unpack
from herzschlag.history.capture_facts import CAPTURE_FILE


def packed(*files: tuple[str, bytes]) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(files))


def test_what_is_packed_is_laid_out_again(tmp_path: Path) -> None:
    source = tmp_path / "run"
    (source / "log").mkdir(parents=True)
    (source / "run.json").write_bytes(b"{}")
    (source / "log/lab.txt").write_bytes(b"\0\xff")
    (source / "link").symlink_to("/etc/hostname")
    lay_out(unpack(pack(source)), tmp_path / "there")
    found = {p.relative_to(tmp_path / "there").as_posix(): p.read_bytes() for p in (tmp_path / "there").rglob("*.*")}
    assert found == {"run.json": b"{}", "log/lab.txt": b"\0\xff"}


def test_a_capture_that_is_too_large_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run.json").write_bytes(b"{}")
    (tmp_path / CAPTURE_FILE).write_bytes(bytes(1000))
    monkeypatch.setattr(parcel, "BYTES_MAX", 900)
    assert unpack(pack(tmp_path)) == (("run.json", b"{}"),)
    monkeypatch.setattr(parcel, "BYTES_MAX", 1)
    with pytest.raises(ParcelError, match="2 bytes, 1000 of 1 bytes at most"):
        pack(tmp_path)


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", "a\\b", "a\0b"])
def test_no_file_lands_outside(path: str) -> None:
    with pytest.raises(ParcelError, match="outside of it"):
        unpack(packed((path, b"")))


def test_bytes_that_blow_up_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "BYTES_MAX", 1000)
    with pytest.raises(ParcelError, match="more than"):
        unpack(packed(("a", bytes(10_000_000))))


@pytest.mark.parametrize("damaged", [b"", b"nonsense", packed(("a", b"b"))[:-3], zlib.compress(b"\xc1")])
def test_damaged_bytes_are_refused(damaged: bytes) -> None:
    with pytest.raises(ParcelError):
        unpack(damaged)
