"""A slave: how long it keeps its master, and what it reports to it."""

from __future__ import annotations

from herzschlag.agents.ha.roles.follower import Follower
from herzschlag.agents.protocol.actions import UnwatchHeartbeats, WatchHeartbeats
from herzschlag.agents.protocol.messages import Heartbeat, Inventory, InventoryAck
from herzschlag.agents.settings import SECOND
from tests.unit.agents.ha.scripted import Machine, messages, of


def follower() -> tuple[Machine, Follower]:
    machine = Machine()
    one = Follower(machine.parts, "host-99")
    return machine, one


def master_says(machine: Machine, one: Follower, at_s: float, *, hears_us: bool = True) -> None:
    machine.at(at_s)
    master = machine.context.peers["host-99"]
    master.hears_us = hears_us
    one.master_heard(master)


def check(machine: Machine, one: Follower, at_s: float) -> list[str]:
    machine.at(at_s)
    one.check()
    return [change.to for change in machine.changes]


def test_a_new_slave_tells_its_master_at_once_which_vms_it_runs() -> None:
    machine = Machine(vms={"web": "on"})
    Follower(machine.parts, "host-99")
    ((inventory, to),) = messages(machine.did(), Inventory)
    assert (inventory.vms, to) == (("web",), ("host-99",))


def test_ten_seconds_without_a_heartbeat_end_its_faith() -> None:
    machine, one = follower()
    assert check(machine, one, 109.9) == []
    assert check(machine, one, 110) == ["election"]


def test_a_master_that_does_not_hear_it_is_given_up_although_it_speaks() -> None:
    machine, one = follower()
    for second in range(101, 110):
        master_says(machine, one, second, hears_us=False)
    assert check(machine, one, 110) == ["election"]


def test_after_a_silence_that_ended_in_time_the_master_has_a_moment_to_hear_it_again() -> None:
    machine, one = follower()
    master_says(machine, one, 109.5, hears_us=False)
    assert check(machine, one, 110) == []
    assert one.due_ns() == 113 * SECOND
    assert check(machine, one, 113) == ["election"]


def test_it_watches_the_datastore_heartbeat_of_a_silent_master_until_it_speaks_again() -> None:
    machine, one = follower()
    check(machine, one, 103)
    assert [watch.host for watch in of(machine.did(), WatchHeartbeats)] == ["host-99"]
    master_says(machine, one, 104)
    check(machine, one, 104)
    assert [watch.host for watch in of(machine.did(), UnwatchHeartbeats)] == ["host-99"]


def test_its_inventory_is_repeated_until_the_master_acknowledges_it() -> None:
    machine, one = follower()
    machine.did()
    one.tick()
    assert messages(machine.did(), Inventory)
    machine.vms.acknowledged(InventoryAck(sender="host-99", boot=1, sequence=1, sent_ns=0, answers=1, generation=1))
    one.tick()
    done = machine.did()
    assert not messages(done, Inventory)
    assert messages(done, Heartbeat)[0][1] == ("host-99",)


def test_offers_of_others_do_not_concern_it() -> None:
    machine, one = follower()
    one.offer(machine.context.peers["host-100"])
    assert machine.changes == []
    one.offer(machine.context.peers["host-99"])
    assert [change.to for change in machine.changes] == ["election"]
