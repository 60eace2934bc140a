"""Cluster options: vCenter would choose the same as a plan does."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from herzschlag.agents.protocol.events import Boot, Received
from herzschlag.agents.protocol.messages import Report
from herzschlag.agents.settings import DatastoreConfig
from herzschlag.agents.vcenter.heartbeat_datastores import select_heartbeat_datastores
from herzschlag.agents.vcenter.vcenter import VCenter
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.options import heartbeat_datastores
from herzschlag.scenarios.plan import Plan, make_plan, vcenter_settings
from herzschlag.topo.catalog import default_moids
from herzschlag.topo.spec import DatastoreSpec, HostSpec, TopologySpec

BACKWARDS = ("vmfs-3", "vmfs-2", "vmfs-1")
"""Names whose order is not the lab's."""


@st.composite
def labs(draw: st.DrawFn) -> TopologySpec:
    """Two to five hosts and up to six datastores, each seen by some of the hosts."""
    moids = default_moids(draw(st.integers(2, 5)))
    names = draw(st.lists(st.sampled_from(("a-1", "a-2", "b-1", "b-2", "c-1", "c-2")), max_size=6, unique=True))
    some = st.none() | st.lists(st.sampled_from(moids), min_size=1, unique=True).map(tuple)
    datastores = tuple(DatastoreSpec(name, draw(st.sampled_from(("vmfs", "nfs"))), draw(some)) for name in names)
    return TopologySpec(hosts=tuple(HostSpec(moid) for moid in moids), datastores=datastores)


def plan_of(lab: TopologySpec) -> Plan:
    cluster = Cluster(hosts=lab.moids, datastores=lab.datastores)
    return make_plan(Scenario(name="test", title="test", cluster=cluster))


@given(labs(), st.none() | st.lists(st.sampled_from(("a-1", "b-1", "c-2")), unique=True), st.integers(2, 5))
def test_a_lab_heartbeats_on_the_datastores_that_vcenter_would_choose(
    lab: TopologySpec, allowed: list[str] | None, per_host: int
) -> None:
    datastores = [DatastoreConfig(name=d.name, kind=d.kind) for d in lab.datastores]
    reach = {moid: [d.name for d in lab.datastores_of(moid)] for moid in lab.moids}
    chosen = select_heartbeat_datastores(datastores, reach, per_host, allowed)
    assert heartbeat_datastores(lab, allowed, per_host) == chosen


@given(labs())
@example(
    TopologySpec(
        hosts=tuple(HostSpec(moid) for moid in default_moids(3)),
        datastores=tuple(DatastoreSpec(name, "vmfs") for name in BACKWARDS),
    )
)
def test_vcenter_changes_nothing_when_every_host_reaches_what_the_lab_gives_it(lab: TopologySpec) -> None:
    """It would push a second configuration, `access to datastores changed`, right after the first reports."""
    plan = plan_of(lab)
    vcenter = VCenter(vcenter_settings(plan))
    vcenter.handle(Boot(1, None, {}, {}), 0)
    for moid in lab.moids:
        report = Report(
            sender=moid,
            boot=1,
            sequence=1,
            sent_ns=0,
            role="slave",
            master="",
            config=1,
            vms=(),
            datastores={datastore.name: "ok" for datastore in lab.datastores_of(moid)},
        )
        vcenter.handle(Received("A", report, 0), 1)
    assert vcenter.view().generation == 1
