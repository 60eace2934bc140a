"""Files that an agent has its hypervisor read and write."""

from __future__ import annotations

import pytest

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.layout import PoweronFile
from herzschlag.agents.protocol import actions, events
from tests.unit.agents.hypervisor.harness import World
from tests.unit.agents.hypervisor.worlds import POWERON

V, N = "vmfs-1", "nfs-1"


@pytest.mark.parametrize("datastore", [V, N])
def test_files_come_back_as_they_were_written(datastore: str) -> None:
    world = World("host-98", "host-99")
    data = layout.encode_poweron(PoweronFile(False, ("vm-1",), 1))
    world["host-99"].call(actions.ReadFile(datastore, POWERON))
    world["host-98"].call(actions.WriteFile(datastore, POWERON, data))
    world["host-99"].call(actions.ReadFile(datastore, POWERON))
    assert [(read.status, read.data) for read in world["host-99"].heard(events.FileRead)] == [
        ("missing", b""),
        ("ok", data),
    ]
    world["host-98"].call(actions.RemoveFile(datastore, POWERON))
    world["host-99"].call(actions.ReadFile(datastore, POWERON))
    assert world["host-99"].last(events.FileRead).status == "missing"
    assert [written.status for written in world["host-98"].heard(events.FileWritten)] == ["ok", "ok"]


def test_a_damaged_file_is_called_so() -> None:
    world = World("host-98")
    world["host-98"].call(actions.WriteFile(V, POWERON, b"0\nvm-1\n#poweron"))
    world["host-98"].call(actions.ReadFile(V, POWERON))
    assert world["host-98"].last(events.FileRead) == events.FileRead(V, POWERON, "damaged", b"")


def test_a_write_under_a_lock_needs_the_lock() -> None:
    world = World("host-98")
    path = layout.protectedlist_path("c")
    write = actions.WriteFile(V, path, b"x", locked=True)
    world["host-98"].call(write)
    assert world["host-98"].last(events.FileWritten).status == "not-owner"
    world["host-98"].lock(V, path)
    world["host-98"].call(write)
    assert world["host-98"].last(events.FileWritten).status == "ok"


def test_a_locked_write_that_hung_does_not_land_on_the_next_owners_file() -> None:
    world = World("host-98", "host-99")
    path = layout.protectedlist_path("c")
    world["host-98"].lock(V, path)
    world.advance(5)
    world.access("host-98", V, "apd")
    world["host-98"].call(actions.WriteFile(V, path, b"old master", locked=True))
    world["host-99"].lock(V, path)
    world.advance(30)
    world["host-99"].call(actions.WriteFile(V, path, b"new master", locked=True))
    world.access("host-98", V, "ok")
    world.advance(30)
    assert world.datastores.content(V, path) == b"new master"
    assert world["host-98"].last(events.FileWritten).status == "lost"


def test_requests_to_a_hanging_datastore_do_not_pile_up_and_the_last_write_wins() -> None:
    world = World("host-98")
    world.access("host-98", V, "apd")
    asked = len(world.io_log)
    for number in range(50):
        world["host-98"].call(actions.WriteFile(V, POWERON, b"%d" % number))
        world["host-98"].call(actions.ReadFile(V, POWERON))
    assert len(world.io_log) - asked == 2
    world.access("host-98", V, "ok")
    assert world.datastores.content(V, POWERON) == b"49"
    assert len(world["host-98"].heard(events.FileRead)) == 1
