"""Homes of labs: those that no process holds any more are removed by the next one, and nothing else is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from herzschlag.errors import UnusableMachine
from herzschlag.plugin.homes import PREFIX, Home

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="labs on real packets need Linux")


def homes(base: Path) -> list[Path]:
    return sorted(base.glob(f"{PREFIX}*"))


def test_a_home_whose_lock_is_free_is_removed_by_the_next(tmp_path: Path) -> None:
    """The kernel frees it when its process ends; `tests/processes/plugin/test_killed.py` kills some."""
    left = Home.make(tmp_path)
    (left.path / "capture.pcapng").write_bytes(bytes(1000))
    for entry in list(Path("/proc/self/fd").iterdir()):
        if entry.is_symlink() and os.path.realpath(entry) == os.path.realpath(left.path):
            os.close(int(entry.name))
    home = Home.make(tmp_path)
    assert homes(tmp_path) == [home.path]
    home.remove()
    assert homes(tmp_path) == []


def test_one_process_may_have_several(tmp_path: Path) -> None:
    """The lock belongs to a descriptor, not to a process: its own homes are not abandoned ones."""
    first, second = Home.make(tmp_path), Home.make(tmp_path)
    assert homes(tmp_path) == sorted([first.path, second.path])
    second.remove()
    first.remove()


def test_what_is_not_a_home_is_left_alone(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir(mode=0o700)
    (tmp_path / "precious").mkdir()
    (base / f"{PREFIX}link").symlink_to(tmp_path / "precious")
    (base / f"{PREFIX}file").write_text("a file")
    (base / "other").mkdir()
    Home.make(base).remove()
    assert (tmp_path / "precious").is_dir()
    assert {path.name for path in base.iterdir()} == {"homes", "other", f"{PREFIX}link", f"{PREFIX}file"}


def test_a_base_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    """In a temporary directory of all users another one could have made it first."""
    (tmp_path / "base").mkdir()
    os.chmod(tmp_path / "base", 0o777)  # noqa: PTH101
    with pytest.raises(UnusableMachine, match="is not a folder of this user alone"):
        Home.make(tmp_path / "base")
