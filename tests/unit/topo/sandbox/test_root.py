"""A sandbox's root: no folder of the machine gets into it that is not made read-only at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from herzschlag.topo.kernel import syscalls
from herzschlag.topo.sandbox import root


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    made: list[tuple[str, str]] = []

    def mount(source: str, target: str, *_: Any) -> None:
        made.append((f"mount {source}", target))

    def set_mount(target: str, *, on: int = 0, off: int = 0, below: bool = False) -> None:
        assert on & syscalls.MOUNT_ATTR_RDONLY and not off
        made.append(("read-only, all" if below else "read-only", target))

    monkeypatch.setattr(syscalls, "mount", mount)
    monkeypatch.setattr(syscalls, "set_mount", set_mount)
    return made


def test_the_machines_folders_are_read_only_with_all_that_is_mounted_in_them(
    tmp_path: Path, calls: list[tuple[str, str]]
) -> None:
    machine, new = tmp_path / "machine", tmp_path / "new"
    for folder in (machine / "srv", machine / "tmp", machine / "dev", machine / "local", new):
        folder.mkdir(parents=True)
    (machine / "lib").symlink_to("usr/lib")
    for entry in sorted(machine.iterdir()):
        root._bind_top(entry, new)
    assert calls == [(f"mount {machine}/srv", f"{new}/srv"), ("read-only, all", f"{new}/srv")]
    assert str((new / "lib").readlink()) == "usr/lib"


def test_no_disk_is_among_the_devices(tmp_path: Path, calls: list[tuple[str, str]]) -> None:
    root._make_devices(tmp_path)
    sources = [what.removeprefix("mount ") for what, _ in calls if what.startswith("mount /dev/")]
    assert sources and not any(Path(source).is_block_device() for source in sources)
    assert calls[-1] == ("read-only", str(tmp_path))
    assert str((tmp_path / "ptmx").readlink()) == "pts/ptmx"
