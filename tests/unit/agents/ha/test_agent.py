"""A whole agent, event by event: how it finds its role, and which messages it refuses."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.roles.role import RoleChange
from herzschlag.agents.protocol.actions import (
    KeepConfig,
    PowerOff,
    PowerOn,
    ResetVm,
    Send,
    WatchHeartbeats,
    WriteFile,
)
from herzschlag.agents.protocol.events import (
    WAKE,
    DatastoreChanged,
    FileWritten,
    GuestChanged,
    Received,
    VmChanged,
)
from herzschlag.agents.protocol.messages import (
    VCENTER,
    Configure,
    Election,
    Heartbeat,
    Inventory,
    Join,
    PowerRequest,
    Protect,
    Report,
    RestartOrder,
    Welcome,
)
from tests.unit.agents.ha.scripted import ALL, Driven, cluster, messages, of, records, vm

LEADS: dict[str, Any] = {
    "role": "master",
    "master": "host-99",
    "goodness": 2,
    "heard": ALL,
    "config": 1,
    "inventory": 1,
}


def slave_of_host_99() -> Driven:
    agent = Driven(config=cluster())
    agent.hears("host-99", Heartbeat, **LEADS)
    agent.hears("host-99", Welcome, padding=0)
    assert agent.role == "slave"
    return agent


def test_an_agent_without_configuration_waits_for_vcenter() -> None:
    agent = Driven()
    assert not messages(agent.until(60), Election)
    done = agent.hears(VCENTER, Configure, config=cluster())
    assert of(done, KeepConfig)
    assert agent.role == "election"


def test_a_host_that_hears_no_other_leads_after_fifteen_seconds() -> None:
    agent = Driven(config=cluster())
    agent.until(14.9)
    assert agent.role == "election"
    agent.until(15)
    assert agent.role == "master"


def test_a_candidate_asks_a_master_that_hears_it_and_follows_it_once_welcomed() -> None:
    agent = Driven(config=cluster())
    assert messages(agent.hears("host-99", Heartbeat, **LEADS), Join)[0][1] == ("host-99",)
    done = agent.hears("host-99", Welcome, padding=0)
    assert agent.agent.view().master == "host-99"
    assert messages(done, Inventory)[0][1] == ("host-99",)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"to_boot": 0}, "for-no-life"),
        ({"to_boot": 7}, "for-old-life"),
        ({"answers": 1_000}, "late-order"),
    ],
)
def test_an_order_that_is_not_for_this_life_or_not_for_now_is_refused(wrong: dict[str, Any], reason: str) -> None:
    agent = Driven(config=cluster())
    agent.hears("host-99", Welcome, padding=0, **wrong)
    assert agent.role == "election"
    assert agent.agent.view().dropped == {reason: 1}


def test_an_order_answers_what_was_sent_in_the_last_ten_seconds() -> None:
    """An order that was held back on its way is worth nothing when it is let go."""
    agent = Driven(config=cluster())
    agent.until(1)
    answered = agent.sent
    agent.until(11.5)
    agent.hears("host-99", Welcome, padding=0, answers=answered)
    assert agent.role == "election"
    assert agent.agent.view().dropped == {"late-order": 1}
    agent.hears("host-99", Welcome, padding=0)
    assert agent.role == "slave"


def power(on: bool, *, order: int = 1, config: int = 1) -> dict[str, Any]:
    return {"order": order, "on": on, "vm": vm("web"), "config": config}


def test_a_user_powers_a_vm_on_and_off() -> None:
    agent = Driven(config=cluster())
    assert of(agent.hears(VCENTER, PowerRequest, **power(on=True)), PowerOn)
    agent.happens(VmChanged("web", "on", "a user", True))
    assert of(agent.hears(VCENTER, PowerRequest, **power(on=False, order=2)), PowerOff)


def test_a_power_request_that_a_newer_one_overtook_is_refused() -> None:
    agent = Driven(config=cluster())
    head = {"sender": VCENTER, "boot": 1, "sequence": 3, "sent_ns": 0, "answers": agent.sent}
    held_back = PowerRequest(**head, **power(on=True))  # type: ignore[arg-type]
    agent.hears(VCENTER, PowerRequest, **power(on=False, order=2), sequence=7)
    assert not of(agent.happens(Received("B", held_back, 1)), PowerOn)
    assert agent.agent.view().dropped["superseded"] == 1


def test_a_power_request_under_an_older_configuration_than_the_hosts_is_refused() -> None:
    agent = Driven(config=cluster(generation=3))
    assert not of(agent.hears(VCENTER, PowerRequest, **power(on=True, config=2)), PowerOn)
    assert agent.agent.view().dropped == {"old-configuration": 1}


def test_what_vcenter_sent_is_taken_once_on_each_network() -> None:
    agent = Driven(config=cluster())
    head = {"sender": VCENTER, "boot": 1, "sequence": 9, "sent_ns": 0, "answers": agent.sent}
    request = PowerRequest(**head, **power(on=True))  # type: ignore[arg-type]
    assert [len(of(agent.happens(Received(n, request, 1)), PowerOn)) for n in ("A", "B", "A", "B")] == [1, 0, 0, 0]
    assert agent.agent.view().dropped == {"replayed": 2}


def test_an_agent_reports_at_once_to_a_vcenter_that_was_started_and_names_its_life() -> None:
    agent = Driven(config=cluster())
    agent.until(1)
    done = agent.hears(VCENTER, Configure, config=cluster(generation=2), boot=5, to_boot=0)
    assert not of(done, KeepConfig), "it has not heard us yet, so it knows of no life of ours"
    (report,) = [send for send in of(done, Send) if isinstance(send.message, Report)]
    assert report.lives[VCENTER] == 5
    assert of(agent.hears(VCENTER, Configure, config=cluster(generation=2), boot=5), KeepConfig)


def restart(reign: int = 1, order: int = 1) -> dict[str, Any]:
    return {"order": order, "attempt": 1, "vm": vm("web"), "reign": reign, "evidence": ()}


def test_restarts_are_taken_from_the_master_in_its_present_reign_alone() -> None:
    agent = slave_of_host_99()
    agent.hears("host-99", Heartbeat, **(LEADS | {"reign": 2}))
    assert not of(agent.hears("host-100", RestartOrder, **restart()), PowerOn), "it is not our master"
    assert not of(agent.hears("host-99", RestartOrder, **restart(reign=1)), PowerOn), "of an earlier reign"
    assert of(agent.hears("host-99", RestartOrder, **restart(reign=2)), PowerOn)
    assert agent.agent.view().dropped == {"not-our-master": 2}


def test_a_host_that_follows_no_master_restarts_nothing() -> None:
    agent = Driven(config=cluster())
    assert not of(agent.hears("host-99", RestartOrder, **restart()), PowerOn)


def test_two_agents_of_which_each_knows_a_wrong_life_of_the_other_meet() -> None:
    """A datagram for an earlier life of ours may be a replay: it teaches its sender's life and nothing else."""
    agent = Driven(config=cluster())
    agent.hears("host-99", Election, goodness=2, heard=ALL, config=1, to_boot=0)
    agent.hears("host-99", Heartbeat, **LEADS, boot=4, to_boot=9)
    assert agent.role == "election" and agent.agent.view().dropped == {"for-old-life": 1}
    (offer,) = [send for send in of(agent.until(1), Send) if isinstance(send.message, Election)]
    assert offer.lives["host-99"] == 4


def test_plain_heartbeats_of_the_master_make_no_action() -> None:
    agent = slave_of_host_99()
    assert agent.hears("host-99", Heartbeat, **LEADS) == []


def test_a_slave_whose_master_is_in_an_election_joins_that_election() -> None:
    agent = slave_of_host_99()
    agent.hears("host-99", Election, goodness=2, heard=ALL, config=1)
    assert agent.role == "election"


def test_maintenance_mode_ends_every_role() -> None:
    agent = slave_of_host_99()
    agent.hears(VCENTER, Configure, config=cluster(generation=2, maintenance=("host-98",)))
    assert agent.role == "uninitialized"


def test_an_older_configuration_changes_nothing() -> None:
    agent = Driven(config=cluster(generation=3))
    assert not of(agent.hears(VCENTER, Configure, config=cluster(generation=2)), KeepConfig)


def test_strangers_and_misplaced_messages_are_counted() -> None:
    agent = Driven(config=cluster())
    agent.hears("host-7", Heartbeat, **LEADS)
    agent.hears(VCENTER, Protect, vms={})  # a message for masters alone
    assert agent.agent.view().dropped == {"stranger": 1, "misplaced": 1}


def test_a_change_of_vms_is_reported_at_once_and_told_to_the_master() -> None:
    agent = slave_of_host_99()
    done = agent.happens(VmChanged("web", "on", "a user", True))
    assert messages(done, Report)[0][0].vms == ("web",)
    assert messages(done, Inventory)[0][0].vms == ("web",)


def test_a_change_that_is_not_in_the_table_is_refused() -> None:
    agent = slave_of_host_99()
    with pytest.raises(AssertionError, match="slave -> isolated is not a legal change"):
        agent.agent._become(RoleChange("isolated", "no reason"))


def test_a_master_cut_off_from_everything_is_isolated_and_goes_back_to_an_election() -> None:
    agent = Driven(config=cluster())
    agent.until(15)
    done = agent.until(20)
    assert records(done, "role", to="isolated")
    agent.hears("host-99", Heartbeat, **LEADS)
    assert agent.role == "election"


def test_a_host_is_watched_on_a_datastore_that_works_only_later() -> None:
    agent = Driven(config=cluster(), access={"vmfs-1": "ok", "vmfs-2": "apd"})
    watched = of(agent.until(16), WatchHeartbeats)
    assert {watch.datastores for watch in watched} == {("vmfs-1",)}
    again = of(agent.happens(DatastoreChanged("vmfs-2", "ok", 0), 17), WatchHeartbeats)
    assert {watch.host for watch in again} == {watch.host for watch in watched}
    assert {watch.datastores for watch in again} == {("vmfs-1", "vmfs-2")}


def test_a_host_is_watched_on_the_datastores_that_it_has_only_later() -> None:
    """It had none when its watch would have begun: a master would take it for dead for ever."""
    agent = Driven(config=cluster())
    now = cluster(generation=3)
    bare = [msgspec.structs.replace(one, datastores=(), heartbeat_datastores=()) for one in now.hosts[1:]]
    before = msgspec.structs.replace(now, generation=2, hosts=(now.hosts[0], *bare))
    agent.hears(VCENTER, Configure, config=before)
    assert not of(agent.until(17), WatchHeartbeats)
    again = of(agent.hears(VCENTER, Configure, config=now), WatchHeartbeats)
    assert {(watch.host, watch.datastores) for watch in again} == {(one.moid, one.datastores) for one in now.hosts[1:]}


def test_a_poweron_file_that_found_no_room_is_written_again() -> None:
    agent = Driven(config=cluster())
    agent.happens(VmChanged("web", "on", "a user", asked=True), 1)
    path = layout.poweron_path("lab", "host-98")
    agent.happens(FileWritten("vmfs-1", path, "lost"), 1.5)
    again = [write for write in of(agent.until(3.5), WriteFile) if write.path == path]
    assert again
    assert layout.decode_poweron(again[-1].data).vms == ("web",)
    agent.happens(FileWritten("vmfs-1", path, "ok"), 3.6)
    assert path not in [write.path for write in of(agent.until(6), WriteFile)]


def test_a_guest_that_was_silent_while_its_host_stood_still_gets_its_time_anew() -> None:
    agent = Driven(config=msgspec.structs.replace(cluster(vms=(vm("web"),)), vm_monitoring=True), vms={"web": "on"})
    agent.happens(GuestChanged("web", True), 1)
    assert not of(agent.happens(WAKE, 200), ResetVm), "the host stood still since T+1"
    assert of(agent.until(400), ResetVm)
