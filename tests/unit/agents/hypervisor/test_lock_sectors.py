"""A lock's sector: who holds it by what is read, and that reads of old data cost no lock."""

from __future__ import annotations

import pytest

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.layout import LockRecord
from herzschlag.agents.hypervisor.disk_heartbeats import VERIFY_EVERY_WRITES
from herzschlag.agents.hypervisor.lock_sectors import owner_in
from herzschlag.agents.protocol import actions
from tests.unit.agents.hypervisor.harness import World
from tests.unit.agents.hypervisor.worlds import N, V

PATH = layout.protectedlist_path("c")


def test_who_holds_it() -> None:
    assert owner_in(layout.encode_lock(LockRecord(True, "host-99", 1, 99, 77))) == "host-99"
    assert not owner_in(layout.encode_lock(LockRecord(False, "host-99", 1, 99, 77)))
    assert not owner_in(layout.ZERO_SECTOR)
    assert not owner_in(b"\1" * len(layout.ZERO_SECTOR))


@pytest.mark.parametrize("datastore", [V, N])
def test_old_data_costs_no_lock(datastore: str) -> None:
    """A lock that was taken while reads give what was there before: else it would stay in this host's name for ever."""
    world = World("host-98", "host-99")
    world.advance(5)
    world.access("host-98", datastore, "stale")
    world["host-98"].lock(datastore, PATH)
    world.advance(3 * (VERIFY_EVERY_WRITES + 1))
    assert world["host-98"].holds(datastore, PATH)
    world["host-98"].call(actions.Unlock(datastore, PATH))
    world["host-99"].lock(datastore, PATH)
    assert world["host-99"].holds(datastore, PATH)
