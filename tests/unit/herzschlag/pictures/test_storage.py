"""Datastores: who reaches them, who writes heartbeats there, who holds which lock."""

from __future__ import annotations

from herzschlag.pictures.instant import Lock
from herzschlag.topo.spec import DatastoreSpec
from tests.support.pictures import drawn, layer, said, troubles


def test_locks_name_what_and_who_and_the_dead() -> None:
    locks = (Lock("vmfs-1", "vm-1", "host-98", True), Lock("vmfs-1", "protectedlist", "host-99", False))
    picture = drawn(locks=locks)
    assert said(layer(picture, "locks")) == ["vm-1: host-98, dead", "protectedlist: host-99"]
    assert troubles(picture) == []


def test_locks_without_room_are_counted() -> None:
    locks = tuple(Lock("vmfs-1", f"vm-{number}", "host-98", False) for number in range(60))
    shown = said(layer(drawn(locks=locks), "locks"))
    assert shown[-1] == f"and {60 - len(shown) + 1} more locks"


def test_a_host_has_a_place_in_the_region_where_it_writes_or_wrote() -> None:
    picture = drawn(beating=frozenset({("vmfs-1", "host-99")}), silent=frozenset({("vmfs-1", "host-98")}))
    assert said(layer(picture, "heartbeats")) == ["98", "99"]


def test_a_host_without_its_datastore_says_which() -> None:
    assert "without vmfs-1" in said(layer(drawn(storage_lost=(("host-98", "vmfs-1"),)), "cluster"))


def test_many_datastores_are_counted() -> None:
    picture = drawn(datastores=tuple(DatastoreSpec(name=f"vmfs-{number}", kind="vmfs") for number in range(64)))
    assert "and 58 more datastores" in said(layer(picture, "cluster"))
    assert troubles(picture) == []


def test_a_cluster_without_datastores_is_drawn() -> None:
    assert troubles(drawn(datastores=())) == []
