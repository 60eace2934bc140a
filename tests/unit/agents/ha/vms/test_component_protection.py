"""VM component protection: what a master answers about VMs whose storage hangs (fact sheet 7.6)."""

from typing import Literal

import pytest

from herzschlag.agents.ha.master.failover import Failover
from herzschlag.agents.ha.master.host_book import HostBook
from herzschlag.agents.ha.master.ownership import Ownership
from herzschlag.agents.ha.master.running_vms import RunningVms
from herzschlag.agents.settings import HostConfig
from tests.unit.agents.ha.scripted import Machine, cluster, vm

ROOM_MB = HostConfig(moid="any", addresses={}).memory_mb
"""The memory of each host."""


def failover(apd: Literal["conservative", "aggressive"], in_sight: dict[str, str], **running: str) -> Failover:
    """The failover of host-98, which is cut off from vmfs-1; the hosts `in_sight` have this access to it. `running`
    says on which host each VM runs."""
    vms = (vm("web", memory_mb=ROOM_MB), vm("other", memory_mb=1))
    context = Machine("host-98", cluster(vms=vms, vmcp_apd=apd)).context
    context.access["vmfs-1"] = "apd"
    for moid, access in in_sight.items():
        context.peers[moid].joined = True
        context.peers[moid].inventory = 1
        context.peers[moid].datastores = {"vmfs-1": access}  # type: ignore[dict-item]  # the test names what it means
    ownership = Ownership(context)
    hosts = HostBook(context, lambda moid, state, because: None)
    where = RunningVms(context, hosts, ownership)
    for name, moid in running.items():
        where.runs(name, moid)
    return Failover(context, hosts, where, ownership)


@pytest.mark.parametrize("apd", ["conservative", "aggressive"])
def test_a_vm_that_another_host_could_take_may_be_ended(apd: Literal["conservative", "aggressive"]) -> None:
    assert failover(apd, {"host-99": "ok", "host-100": "apd"}).placeable("host-98", ["web"]) == ("web",)


def test_aggressive_alone_acts_when_no_host_in_sight_reaches_the_datastore() -> None:
    """Case 24: in a partition, the hosts that reach the datastore may be on the other side."""
    assert failover("aggressive", {"host-99": "apd"}).placeable("host-98", ["web"]) == ("web",)
    assert failover("conservative", {"host-99": "apd"}).placeable("host-98", ["web"]) == ()


def test_with_all_hosts_in_sight_there_is_nothing_to_guess() -> None:
    assert failover("aggressive", {"host-99": "apd", "host-100": "apd"}).placeable("host-98", ["web"]) == ()


def test_neither_acts_when_room_is_known_to_be_missing() -> None:
    full = failover("aggressive", {"host-99": "ok"}, other="host-99")
    assert full.placeable("host-98", ["web"]) == ()
