"""Datastore files used by several processes, one of which dies: no reader ever sees half of a file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from herzschlag.agents.datastore.requests import SECTOR, AnyIo, ListFolder, Outcome, Read, Replace, Stat, Touch
from herzschlag.agents.datastore.requests import TestAndSet as SetIf  # pytest would collect its own name
from herzschlag.agents.processes.tmpfs_store import TEMPORARY, TmpfsDatastores

DS = "vmfs-1"
A, ZERO = b"a" * SECTOR, bytes(SECTOR)


def live(root: Path) -> TmpfsDatastores:
    (root / DS).mkdir()
    return TmpfsDatastores(root)


def done(store: TmpfsDatastores, request: AnyIo) -> Outcome:
    outcome = store.perform(request)
    assert outcome is not None
    return outcome


def test_a_writer_killed_in_the_middle_of_a_replace_leaves_the_old_file(tmp_path: Path) -> None:
    """The writer is really killed, many times, at whatever instruction it has reached."""
    old, new = b"old" * 20_000, b"new" * 20_000
    store = live(tmp_path)
    for attempt in range(40):
        done(store, Replace(1, DS, "f", data=old))
        ready, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(writer, b"!")
            mine = TmpfsDatastores(tmp_path)
            while True:
                mine.perform(Replace(2, DS, "f", data=new))
                mine.perform(Replace(3, DS, "f", data=old))
        os.read(ready, 1)
        for _ in range(attempt * 40):
            os.getpid()
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(ready)
        os.close(writer)
        assert done(store, Read(4, DS, "f")).data in (old, new)
        assert done(store, ListFolder(5, DS, "")).data == b"f"
    assert TmpfsDatastores(tmp_path).perform(Replace(6, DS, "f", data=old)) is not None
    assert not [name for name in os.listdir(tmp_path / DS) if name.endswith(TEMPORARY)]  # noqa: PTH208


def test_two_processes_take_one_lock_only_once(tmp_path: Path) -> None:
    store = live(tmp_path)
    ready, writer = os.pipe()
    pids = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            mine = TmpfsDatastores(tmp_path)
            won = 0
            for lock in range(50):
                outcome = mine.perform(SetIf(lock, DS, f"lock-{lock}", offset=0, expected=ZERO, data=A))
                won += outcome is not None and outcome.status == "ok"
            os.write(writer, bytes([won]))
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)
    assert sum(os.read(ready, 16)) == 50
    os.close(ready)
    os.close(writer)
    assert done(store, Read(1, DS, "lock-0")).data == A


def test_a_stamp_grows_although_the_wall_clock_is_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A master takes a host for dead whose stamp stays as it is, and would restart the VMs of a living one."""
    store, stamps, began_ns = live(tmp_path), [], time.time_ns()
    for step_s in (0, 3600, -7200, -1_000_000_000, 10):
        monkeypatch.setattr(time, "time_ns", lambda step_s=step_s: began_ns + step_s * 1_000_000_000)
        done(store, Touch(1, DS, "host-98-hb"))
        stamps.append(done(store, Stat(2, DS, "host-98-hb")).stamp)
    assert stamps == sorted({*stamps}), "each is later than the one before"
