"""A cluster's configuration: what is looked up in it, and that a look leaves no trace in what is sent."""

from __future__ import annotations

import copy

import msgspec
import pytest

from herzschlag.agents.settings import ClusterConfig, VmConfig
from tests.unit.agents.ha.scripted import cluster

WEB, DB = VmConfig(name="web", datastore="d"), VmConfig(name="db", datastore="d")


def test_hosts_and_vms_are_found_by_name() -> None:
    config = cluster(vms=(WEB, DB))
    assert config.vm("db") is DB and config.vm("none") is None
    assert [config.host(host.moid) for host in config.hosts] == list(config.hosts)
    with pytest.raises(KeyError):
        config.host("host-1")


def test_a_changed_configuration_is_looked_up_anew() -> None:
    """A VM that was added would be unknown, and one that was taken out would be restarted."""
    config = cluster(vms=(WEB,))
    assert config.vm("web") is WEB
    changed = msgspec.structs.replace(config, vms=(DB,))
    assert changed.vm("web") is None and changed.vm("db") is DB


def test_what_was_looked_up_is_neither_compared_nor_sent() -> None:
    asked, fresh = cluster(vms=(WEB, DB)), cluster(vms=(WEB, DB))
    assert asked.vm("web") and asked.host("host-98") and asked.bits
    assert asked == fresh
    assert msgspec.msgpack.encode(asked) == msgspec.msgpack.encode(fresh)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(asked), type=ClusterConfig) == fresh
    assert copy.copy(asked) == fresh


def test_each_host_has_a_bit_of_its_own() -> None:
    config = cluster()
    assert sum(config.bits) == (1 << len(config.hosts)) - 1
