"""Slots that processes share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herzschlag import slots


def test_each_slot_is_taken_once_and_is_free_when_its_descriptor_is_closed(tmp_path: Path) -> None:
    taken = [slots.take_free(tmp_path, 2) for _ in range(3)]
    assert taken[2] is None and None not in taken[:2]
    assert taken[0] is not None
    os.close(taken[0])
    again = slots.take_free(tmp_path, 2)
    assert again is not None and slots.take_free(tmp_path, 2) is None
    for descriptor in (again, taken[1]):
        assert descriptor is not None
        os.close(descriptor)


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = slots.own_folder("labs")
    assert folder == tmp_path / f"herzschlag-labs-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert slots.own_folder("labs") == folder
