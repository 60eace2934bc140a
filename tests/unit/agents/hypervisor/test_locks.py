"""On-disk locks of several hosts: one holder at a time, and a lock is broken only when its owner is proven gone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.requests import SECTOR, WriteSector
from herzschlag.agents.datastore.requests import TestAndSet as SetIf  # pytest would collect its own name
from herzschlag.agents.hypervisor.api import IoDone
from herzschlag.agents.hypervisor.disk_heartbeats import VERIFY_EVERY_WRITES
from herzschlag.agents.protocol import actions, events
from herzschlag.agents.protocol.messages import LockEvidence
from herzschlag.agents.settings import SECOND, VmConfig
from tests.unit.agents.hypervisor.harness import World, ordered

V, N = "vmfs-1", "nfs-1"
PATH = layout.protectedlist_path("c")
VM = VmConfig(name="vm-1", datastore=V)


def changed(world: World, moid: str) -> events.LockChanged:
    last: events.LockChanged = world[moid].last(events.LockChanged)
    return last


def took_after_s(world: World, moid: str, since_ns: int) -> float:
    """Seconds from `since_ns` until the host was told that it holds the lock."""
    (at_ns,) = [at for at, event in world[moid].told if isinstance(event, events.LockChanged) and event.held]
    return (at_ns - since_ns) / SECOND


@pytest.mark.parametrize("datastore", [V, N])
def test_a_free_lock_is_taken_and_a_living_owner_keeps_it(datastore: str) -> None:
    world = World("host-98", "host-99")
    world["host-98"].lock(datastore, PATH)
    assert changed(world, "host-98").held
    world.advance(0.5)
    for _ in range(5):
        world["host-99"].lock(datastore, PATH)
        world.advance(60)
        answer = changed(world, "host-99")
        assert (answer.held, answer.owner) == (False, "host-98")
        assert "host-98" in answer.because
    assert world["host-98"].holds(datastore, PATH)
    assert len(world["host-99"].heard(events.LockChanged)) == 5


@pytest.mark.parametrize("datastore", [V, N])
def test_a_released_lock_is_taken_at_once(datastore: str) -> None:
    world = World("host-98", "host-99")
    world["host-98"].lock(datastore, PATH)
    world["host-98"].call(actions.Unlock(datastore, PATH))
    world["host-99"].lock(datastore, PATH)
    assert changed(world, "host-99").held
    assert not world["host-98"].holds(datastore, PATH)


@pytest.mark.parametrize(("datastore", "seconds"), [(V, 16.0), (N, 35.0)])
def test_a_dead_owners_lock_is_broken_after_the_published_time(datastore: str, seconds: float) -> None:
    world = World("host-98", "host-99")
    world["host-98"].lock(datastore, PATH)
    world.advance(20)
    world["host-98"].power_off()
    at_ns = world.now_ns
    world["host-99"].lock(datastore, PATH)
    world.advance(60)
    assert took_after_s(world, "host-99", at_ns) == pytest.approx(seconds, abs=0.01)
    broken = [fields for _, kind, fields in world["host-99"].traces if kind == "lock" and fields["to"] == "broken"]
    assert [fields["owner"] for fields in broken] == ["host-98"]


def test_own_watching_before_counts() -> None:
    """Without it a new master could read the protectedlist only 16 s after its election."""
    world = World("host-98", "host-99")
    world["host-98"].call(actions.UseHeartbeatDatastores((V,)))
    world["host-98"].lock(V, PATH)
    world.advance(20)
    world["host-98"].power_off()
    world["host-99"].call(actions.WatchHeartbeats("host-98", (V,)))
    world.advance(15)
    at_ns = world.now_ns
    world["host-99"].lock(V, PATH)
    world.advance(5)
    assert took_after_s(world, "host-99", at_ns) == pytest.approx(1, abs=0.01)


def evidence_of(world: World, moid: str, still_s: float) -> LockEvidence:
    slot = layout.decode_slot((world.datastores.content(V, layout.HEARTBEAT_REGION) or b"")[98 * SECTOR : 99 * SECTOR])
    assert slot is not None
    return LockEvidence(V, moid, layout.stamp_of(slot.boot, slot.sequence), round(still_s * SECOND))


def test_evidence_with_the_current_stamp_counts() -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.PowerOn(ordered(1), VM, ()))
    world.advance(20)
    world["host-98"].power_off()
    world["host-99"].call(actions.PowerOn(ordered(2), VM, (evidence_of(world, "host-98", 15),)))
    world.advance(0.9)
    assert world["host-99"].vm_state("vm-1") == "starting"
    world.advance(0.2)
    assert world["host-99"].vm_state("vm-1") == "on"


def test_evidence_of_a_stamp_that_moved_on_counts_for_nothing() -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.PowerOn(ordered(1), VM, ()))
    world.advance(20)
    old = evidence_of(world, "host-98", 3600)
    world.advance(4)
    world["host-99"].call(actions.PowerOn(ordered(2), VM, (old,)))
    world.advance(20)
    assert world["host-99"].vm_state("vm-1") == "off"
    assert "host-98" in world["host-99"].last(events.PowerOnDone).because
    assert world["host-98"].vm_state("vm-1") == "on"


def test_evidence_about_another_host_or_datastore_counts_for_nothing() -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.PowerOn(ordered(1), VM, ()))
    world.advance(20)
    right = evidence_of(world, "host-98", 3600)
    world["host-98"].power_off()
    wrong = (
        LockEvidence("vmfs-2", right.owner, right.stamp, right.still_ns),
        LockEvidence(V, "host-97", right.stamp, right.still_ns),
    )
    world["host-99"].call(actions.PowerOn(ordered(2), VM, wrong))
    world.advance(15)
    assert world["host-99"].vm_state("vm-1") == "starting"


def test_a_rebooted_owners_lock_is_broken_at_once() -> None:
    world = World("host-98", "host-99")
    world["host-98"].lock(V, PATH)
    world.advance(5)
    world["host-98"].power_off()
    world["host-98"].power_on()
    at_ns = world.now_ns
    world["host-99"].lock(V, PATH)
    assert took_after_s(world, "host-99", at_ns) == 0
    assert "started again" in changed(world, "host-99").because


@pytest.mark.parametrize("datastore", [V, N])
def test_a_host_takes_its_own_earlier_lifes_lock_at_once(datastore: str) -> None:
    world = World("host-98")
    world["host-98"].lock(datastore, PATH)
    world.advance(5)
    world["host-98"].power_off()
    world.advance(1)
    world["host-98"].power_on()
    world["host-98"].lock(datastore, PATH)
    assert changed(world, "host-98").held


@pytest.mark.parametrize("datastore", [V, N])
def test_two_hosts_that_break_one_lock_do_not_both_get_it(datastore: str) -> None:
    world = World("host-97", "host-98", "host-99")
    world["host-97"].lock(datastore, PATH)
    world.advance(2)
    world["host-97"].power_off()
    world["host-98"].lock(datastore, PATH)
    world["host-99"].lock(datastore, PATH)
    world.advance(120)
    assert world["host-98"].holds(datastore, PATH) != world["host-99"].holds(datastore, PATH)


@pytest.mark.parametrize(("datastore", "dark_s"), [(V, 40), (N, 60)])
def test_a_lock_stolen_while_cut_off_is_noticed_when_access_returns(datastore: str, dark_s: float) -> None:
    world = World("host-98", "host-99")
    world["host-98"].lock(datastore, PATH)
    world.advance(5)
    world.access("host-98", datastore, "apd")
    world["host-99"].lock(datastore, PATH)
    world.advance(dark_s)
    assert world["host-99"].holds(datastore, PATH)
    world.access("host-98", datastore, "ok")
    world.advance(0.1)
    answer = changed(world, "host-98")
    assert (answer.held, answer.owner) == (False, "host-99")
    assert answer.because == "lock lost to host-99 while cut off"
    assert not world["host-98"].holds(datastore, PATH)


@pytest.mark.parametrize("datastore", [V, N])
def test_a_short_cut_costs_no_lock(datastore: str) -> None:
    world = World("host-98", "host-99")
    world["host-98"].lock(datastore, PATH)
    world.advance(5)
    world.access("host-98", datastore, "apd")
    world["host-99"].lock(datastore, PATH)
    world.advance(12)
    world.access("host-98", datastore, "ok")
    world.advance(30)
    assert world["host-98"].holds(datastore, PATH)
    assert not world["host-99"].holds(datastore, PATH)


def test_a_frozen_host_that_thaws_finds_its_lock_gone() -> None:
    world = World("host-98", "host-99")
    world["host-98"].lock(V, PATH)
    world.advance(5)
    world["host-98"].frozen = True
    world["host-99"].lock(V, PATH)
    world.advance(30)
    assert world["host-99"].holds(V, PATH)
    world["host-98"].frozen = False
    world.advance(0.1)
    assert not world["host-98"].holds(V, PATH)


def test_held_locks_are_looked_at_now_and_then() -> None:
    """A lock that another host took against the rules must not stay unnoticed for ever."""
    world = World("host-98", "host-99")
    world["host-98"].lock(V, PATH)
    sector = layout.encode_lock(layout.LockRecord(True, "host-99", 1, 99, 77))
    world.datastores.perform(WriteSector(1, V, layout.lock_path("vmfs", PATH), offset=0, data=sector), "host-99")
    world.advance(3 * (VERIFY_EVERY_WRITES + 1))
    assert not world["host-98"].holds(V, PATH)


def test_a_break_that_hangs_is_not_carried_out_later() -> None:
    """By then, its owner may be alive again."""
    world = World("host-98", "host-99")
    world["host-98"].lock(V, PATH)
    world.advance(1)
    world.access("host-98", V, "apd")
    world["host-99"].lock(V, PATH)
    world.advance(15.5)
    world.access("host-99", V, "apd")
    world.advance(1)
    world.access("host-98", V, "ok")
    world.advance(20)
    world.access("host-99", V, "ok")
    world.advance(1)
    assert world["host-98"].holds(V, PATH)
    assert not world["host-99"].holds(V, PATH)
    assert not changed(world, "host-99").held


@pytest.mark.parametrize("datastore", [V, N])
@pytest.mark.parametrize("first", [True, False])
def test_a_take_that_hangs_is_withdrawn_and_leaves_no_lock_behind(datastore: str, first: bool) -> None:
    """The datastore is lost in the very instant in which a host takes a free lock, or breaks a dead owner's."""
    world = World("host-98", "host-99")
    if not first:
        world["host-98"].lock(datastore, PATH)
        world["host-98"].power_off()
    perform = world.datastores.perform

    def goes(request: Any, host: str, die_after_bytes: int | None = None) -> Any:
        if isinstance(request, SetIf) and host == "host-99" and (first or request.expected != layout.ZERO_SECTOR):
            world.datastores.perform = perform  # type: ignore[method-assign]
            world.datastores.set_access(host, datastore, "apd")
        return perform(request, host, die_after_bytes)

    world.datastores.perform = goes  # type: ignore[method-assign]
    world["host-99"].lock(datastore, PATH)
    world.advance(60)
    assert not changed(world, "host-99").held
    if not first:
        world["host-98"].power_on()
    world["host-98"].lock(datastore, PATH)
    world.access("host-99", datastore, "ok")
    world.advance(20)
    assert world["host-98"].holds(datastore, PATH)
    assert not world["host-99"].holds(datastore, PATH)


def test_a_take_that_got_through_though_withdrawn_is_released_again() -> None:
    """The driver may be quicker than the withdrawal; a lock that no part of the code knows would never be released."""
    world = World("host-98", "host-99")
    perform = world.datastores.perform
    late: list[Any] = []

    def delays(request: Any, host: str, die_after_bytes: int | None = None) -> Any:
        outcome = perform(request, host, die_after_bytes)
        if isinstance(request, SetIf) and host == "host-99" and not late:
            late.append(outcome)
            return None
        return outcome

    world.datastores.perform = delays  # type: ignore[method-assign]
    world["host-99"].lock(V, PATH)
    world.advance(12)
    assert not changed(world, "host-99").held
    world["host-99"].feed(IoDone(late[0]))
    assert not world["host-99"].holds(V, PATH)
    world["host-98"].lock(V, PATH)
    assert changed(world, "host-98").held


@pytest.mark.parametrize("datastore", [V, N])
def test_unlocking_while_cut_off_frees_the_lock_when_access_returns(datastore: str) -> None:
    world = World("host-98", "host-99")
    world["host-98"].lock(datastore, PATH)
    world.advance(1)
    world.access("host-98", datastore, "apd")
    world["host-98"].call(actions.Unlock(datastore, PATH))
    world.advance(20)
    world.access("host-98", datastore, "ok")
    world.advance(1)
    world["host-99"].lock(datastore, PATH)
    assert changed(world, "host-99").held


def test_a_damaged_lock_record_is_left_alone() -> None:
    world = World("host-98")
    world.datastores.perform(
        WriteSector(1, V, layout.lock_path("vmfs", PATH), offset=0, data=b"half".ljust(SECTOR, b"x")), "host-99"
    )
    world["host-98"].lock(V, PATH)
    world.advance(60)
    assert not changed(world, "host-98").held
    assert "damaged" in changed(world, "host-98").because


def test_who_holds_a_lock_can_be_asked_without_trying_for_it() -> None:
    world = World("host-98", "host-99")
    query = actions.QueryLock(V, PATH)
    world["host-99"].call(query)
    assert world["host-99"].last(events.LockState).owner == ""
    world["host-98"].lock(V, PATH)
    world["host-99"].call(query)
    assert world["host-99"].last(events.LockState).owner == "host-98"
    world["host-98"].power_off()
    for _ in range(16):
        world["host-99"].call(query)
        assert world["host-99"].last(events.LockState).owner == "host-98"
        world.advance(1)
    world["host-99"].call(query)
    assert world["host-99"].last(events.LockState).owner == ""


# --- Whatever happens -------------------------------------------------------------------------------------------------

MOIDS = ("host-97", "host-98", "host-99")
STEP = st.one_of(
    st.tuples(st.just("lock"), st.sampled_from(MOIDS)),
    st.tuples(st.just("lock"), st.sampled_from(MOIDS)),
    st.tuples(st.just("unlock"), st.sampled_from(MOIDS)),
    st.tuples(st.just("power"), st.sampled_from(MOIDS)),
    st.tuples(st.just("agent"), st.sampled_from(MOIDS)),
    st.tuples(st.just("apd"), st.sampled_from(MOIDS)),
    st.tuples(st.just("pdl"), st.sampled_from(MOIDS)),
    st.tuples(st.just("ok"), st.sampled_from(MOIDS)),
    st.tuples(st.just("advance"), st.sampled_from([0.3, 1.0, 4.0, 9.0, 14.0, 17.0, 40.0])),
)


@pytest.mark.parametrize("datastore", [V, N])
@given(st.lists(STEP, min_size=5, max_size=40))
@settings(deadline=None, max_examples=120)
def test_no_two_hosts_with_access_ever_believe_to_hold_one_lock(
    datastore: str, steps: list[tuple[str, str | float]]
) -> None:
    world = World(*MOIDS)
    cut: set[str] = set()
    for what, who in steps:
        if isinstance(who, float):
            world.advance(who)
        else:
            host = world[who]
            if what == "power":
                cut.discard(who) if host.on else None
                if host.on:
                    host.power_off()
                    world.access(who, datastore, "ok")
                else:
                    host.power_on()
            elif what in ("apd", "pdl", "ok"):
                world.access(who, datastore, what)  # type: ignore[arg-type]
                (cut.discard if what == "ok" else cut.add)(who)
            elif host.on and what == "agent":
                host.kill_agent()
            elif host.on:
                call = actions.Lock if what == "lock" else actions.Unlock
                host.call(call(datastore, PATH))
        world.advance(3.1)  # A host that lost a lock while cut off sees it at its next successful write.
        holders = [moid for moid in MOIDS if moid not in cut and world[moid].holds(datastore, PATH)]
        assert len(holders) <= 1
        if holders:
            record = layout.decode_lock(world.datastores.content(datastore, world_lock(world, datastore)) or b"")
            assert record is not None and (record.held, record.owner) == (True, holders[0])


def world_lock(world: World, datastore: str) -> str:
    return layout.lock_path(world.kinds[datastore], PATH)
