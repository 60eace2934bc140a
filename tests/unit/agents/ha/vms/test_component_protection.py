"""VM component protection: what a master answers about VMs whose storage hangs (fact sheet 7.6)."""

from typing import Literal

import pytest

from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.master.master import Mastership
from herzschlag.agents.settings import (
    SECOND,
    AgentSettings,
    ClusterConfig,
    DatastoreConfig,
    HostConfig,
    Timers,
    VmConfig,
)

MOIDS = ("host-98", "host-99", "host-100")


def master(apd: Literal["conservative", "aggressive"], in_sight: dict[str, str]) -> Mastership:
    """host-98 as master of a cluster in which it follows that `in_sight` hosts have this access to vmfs-1."""
    hosts = tuple(HostConfig(moid=moid, addresses={}, memory_mb=4096) for moid in MOIDS)
    vm = VmConfig(name="web", datastore="vmfs-1", memory_mb=4096)
    config = ClusterConfig(
        name="lab",
        generation=1,
        hosts=hosts,
        vcenter_addresses={},
        datastores=(DatastoreConfig(name="vmfs-1", kind="vmfs"),),
        vms=(vm, VmConfig(name="other", datastore="vmfs-1", memory_mb=1)),
        vmcp_apd=apd,
    )
    context = Context(AgentSettings(moid="host-98", cluster="lab", timers=Timers()))
    context.now_ns = 100 * SECOND
    context.configure(config)
    context.access = {"vmfs-1": "apd"}
    for moid, access in in_sight.items():
        context.peers[moid].joined = True
        context.peers[moid].datastores = {"vmfs-1": access}  # type: ignore[dict-item]  # the test names what it means
    return Mastership(context)


@pytest.mark.parametrize("apd", ["conservative", "aggressive"])
def test_a_vm_that_another_host_could_take_may_be_ended(apd: Literal["conservative", "aggressive"]) -> None:
    assert master(apd, {"host-99": "ok", "host-100": "apd"}).placeable("host-98", ["web"]) == ("web",)


def test_aggressive_alone_acts_when_nobody_in_sight_can_tell() -> None:
    """Case 24: in a partition, the hosts that reach the datastore may be on the other side."""
    assert master("aggressive", {"host-99": "apd"}).placeable("host-98", ["web"]) == ("web",)
    assert master("conservative", {"host-99": "apd"}).placeable("host-98", ["web"]) == ()


def test_with_all_hosts_in_sight_there_is_nothing_to_guess() -> None:
    assert master("aggressive", {"host-99": "apd", "host-100": "apd"}).placeable("host-98", ["web"]) == ()


def test_neither_acts_when_room_is_known_to_be_missing() -> None:
    full = master("aggressive", {"host-99": "ok"})
    full.where["other"] = "host-99"
    assert full.placeable("host-98", ["web"]) == ()
