"""A whole agent, event by event: how it finds its role, and which messages it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from herzschlag.agents.ha.roles.role import RoleChange
from herzschlag.agents.protocol.actions import KeepConfig
from herzschlag.agents.protocol.events import VmChanged
from herzschlag.agents.protocol.messages import (
    VCENTER,
    Configure,
    Election,
    Heartbeat,
    Inventory,
    Join,
    Protect,
    Report,
    Welcome,
)
from tests.unit.agents.ha.scripted import ALL, Driven, cluster, messages, of, records

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
    agent.hears("host-99", Welcome, host="host-98", host_boot=1, padding=0)
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
    done = agent.hears("host-99", Welcome, host="host-98", host_boot=1, padding=0)
    assert agent.agent.view().master == "host-99"
    assert messages(done, Inventory)[0][1] == ("host-99",)


def test_a_welcome_to_an_earlier_boot_or_another_host_is_not_for_us() -> None:
    agent = Driven(config=cluster())
    agent.hears("host-99", Welcome, host="host-98", host_boot=7, padding=0)
    agent.hears("host-99", Welcome, host="host-100", host_boot=1, padding=0)
    assert agent.role == "election"


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
