"""Where it is kept what was measured of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.fidelity.place import FILE, place


def test_it_is_in_the_users_folder_of_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert place() == tmp_path / FILE
    monkeypatch.setenv("HOME", "/home/someone")
    for unusable in ("", "relative"):  # a path that is not absolute is to be ignored (XDG base directories)
        monkeypatch.setenv("XDG_STATE_HOME", unusable)
        assert place() == Path("/home/someone/.local/state", FILE)
    monkeypatch.delenv("HOME")
    assert place().is_absolute()
