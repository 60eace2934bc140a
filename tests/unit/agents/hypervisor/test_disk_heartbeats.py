"""Heartbeats on datastores: which hosts' heartbeats are seen, and when."""

from __future__ import annotations

import pytest

from herzschlag.agents.hypervisor.api import SetWatchdog
from herzschlag.agents.protocol import actions, events
from tests.unit.agents.hypervisor.harness import World

V, N = "vmfs-1", "nfs-1"


@pytest.mark.parametrize(("datastore", "every_s"), [(V, 3), (N, 5)])
def test_a_living_hosts_heartbeat_is_seen_and_a_dead_ones_is_not(datastore: str, every_s: int) -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.UseHeartbeatDatastores((datastore,)))
    world.advance(20)
    world["host-99"].call(actions.WatchHeartbeats("host-98", (datastore,)))
    (first,) = world["host-99"].heard(events.HeartbeatSeen)
    assert not first.moved
    world.advance(30)
    seen = world["host-99"].heard(events.HeartbeatSeen)[1:]
    assert all(one.moved for one in seen)
    assert abs(len(seen) - 30 // every_s) <= 1
    world["host-98"].power_off()
    world.advance(2)
    count = len(world["host-99"].heard(events.HeartbeatSeen))
    world.advance(60)
    assert len(world["host-99"].heard(events.HeartbeatSeen)) == count


def test_a_first_look_proves_nothing_even_when_the_host_was_watched_before() -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.UseHeartbeatDatastores((V,)))
    watch = actions.WatchHeartbeats("host-98", (V,))
    world["host-99"].call(watch)
    world["host-99"].call(actions.UnwatchHeartbeats("host-98"))
    world.advance(10)
    world["host-99"].call(watch)
    assert [one.moved for one in world["host-99"].heard(events.HeartbeatSeen)] == [False, False]
    world["host-99"].call(actions.UnwatchHeartbeats("host-98"))
    world.advance(10)
    assert len(world["host-99"].heard(events.HeartbeatSeen)) == 2


def test_an_agent_that_is_gone_shows_no_heartbeat_though_its_host_lives() -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.UseHeartbeatDatastores((V, N)))
    world["host-98"].feed(SetWatchdog(False))
    world["host-98"].kill_agent()
    world["host-99"].call(actions.WatchHeartbeats("host-98", (V, N)))
    world.advance(20)
    assert not [one for one in world["host-99"].heard(events.HeartbeatSeen) if one.moved]


def test_a_heartbeat_datastore_given_up_is_beaten_on_no_more() -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.UseHeartbeatDatastores((V, N)))
    world["host-98"].call(actions.UseHeartbeatDatastores((V,)))
    world["host-99"].call(actions.WatchHeartbeats("host-98", (V, N)))
    world.advance(20)
    assert {one.datastore for one in world["host-99"].heard(events.HeartbeatSeen) if one.moved} == {V}


def test_a_heartbeat_file_that_could_not_be_locked_is_locked_when_access_returns() -> None:
    world = World("host-98")
    for datastore in (V, N):
        world.access("host-98", datastore, "apd")
    world.advance(15)
    world["host-98"].call(actions.UseHeartbeatDatastores((V, N)))
    assert world["host-98"].hypervisor.view().locks == ()
    for datastore in (V, N):
        world.access("host-98", datastore, "ok")
    world.advance(1)
    assert len(world["host-98"].hypervisor.view().locks) == 2
