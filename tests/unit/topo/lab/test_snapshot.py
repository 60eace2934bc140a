"""Snapshots of datastores: what of a folder is copied, whatever programs of a lab have put there."""

from __future__ import annotations

import os
from pathlib import Path

from herzschlag.topo.lab.snapshot import copy_regular


def test_files_come_with_their_time_stamps_and_nothing_else_comes(tmp_path: Path) -> None:
    """A heartbeat on NFS is a time stamp; a FIFO that is opened would keep the stage for ever."""
    live, shown = tmp_path / "live", tmp_path / "stale/1/content"
    (live / "vm").mkdir(parents=True)
    (live / "vm/file").write_bytes(b"content")
    os.utime(live / "vm/file", ns=(5, 123_456_789))
    os.mkfifo(live / "fifo")
    (live / "link").symlink_to("/etc/passwd")
    (live / "folder-link").symlink_to("/etc")
    with (live / "huge").open("wb") as huge:
        huge.truncate(1 << 40)
    copy_regular(live, shown, 1 << 20)
    assert sorted(path.relative_to(shown).as_posix() for path in shown.rglob("*")) == ["vm", "vm/file"]
    assert (shown / "vm/file").read_bytes() == b"content"
    assert (shown / "vm/file").stat().st_mtime_ns == 123_456_789
