"""Random fault schedules: each disk always has one writer, and the cluster is healthy once all is healed.

A failing schedule is printed whole; with HERZSCHLAG_EXPLORE=1 hypothesis looks for new ones and shrinks them. Schedules
that once failed stay here as examples.
"""

from __future__ import annotations

import os

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from herzschlag.agents.datastore.layout import disk_path
from herzschlag.agents.datastore.requests import Append
from herzschlag.agents.hypervisor.vm import encode_write
from herzschlag.faults import Isolate, NetworkDown, Storage
from herzschlag.history.records import SECOND
from tests.support.schedules import Stroke, clash, faults, play, two_writers, unsettled

STROKES = st.builds(
    Stroke,
    after_s=st.sampled_from([0.0, 1.0, 3.0, 5.0, 12.0, 20.0, 40.0]),
    fault=st.sampled_from(faults()),
    for_s=st.sampled_from([2.0, 5.0, 9.0, 14.0, 20.0, 30.0, 45.0, 70.0, 120.0]),
)
PHASES = (Phase.explicit, Phase.generate, *((Phase.shrink,) if os.environ.get("HERZSCHLAG_EXPLORE") else ()))
"""Shrinking takes minutes, so it is done only on request."""
RESPONSES = st.sampled_from(["none", "powerOff", "shutdown"])


@settings(max_examples=25, phases=PHASES)
@given(strokes=st.lists(STROKES, min_size=1, max_size=5), response=RESPONSES)
@example([Stroke(5.0, NetworkDown(networks="all"), 5.0)], "powerOff")  # the first reign's inventories counted as known
@example([Stroke(40.0, Isolate(host="host-99"), 45.0)], "shutdown")  # back before its poweron file was read again
@example(
    [Stroke(52.0, Isolate(host="host-100"), 70.0), Stroke(4.0, NetworkDown(networks="all"), 30.0)], "shutdown"
)  # an ended watch was taken for a heartbeat that does not move
@example(
    [Stroke(40.0, Storage(host="host-99", access="apd"), 120.0), Stroke(43.0, Isolate(host="host-100"), 120.0)],
    "powerOff",
)  # a failed restart was never tried again
def test_no_schedule_leaves_two_writers_or_an_unhealthy_cluster(strokes: list[Stroke], response: str) -> None:
    cluster = play(strokes, isolation_response=response)
    assert two_writers(cluster) == []
    assert unsettled(cluster) == []


@settings(max_examples=10, phases=PHASES)
@given(strokes=st.lists(STROKES, min_size=1, max_size=3), seed=st.integers(0, 1 << 32))
def test_a_schedule_with_its_seed_has_one_history(strokes: list[Stroke], seed: int) -> None:
    one, other = (play(strokes, seed=seed, settle_s=60.0, phases="spread") for _ in range(2))
    assert one.records == other.records


def test_the_harness_sees_two_writers_and_an_unhealthy_cluster() -> None:
    """Blind judges find nothing: two hosts appending to one disk at once, a host without power, its VMs gone."""
    fault = next(f for f in faults() if f.describe() == "power-off host=host-98")
    assert clash(fault, fault)
    cluster = play([Stroke(1.0, fault, 5.0)], settle_s=120.0)
    assert two_writers(cluster) == [] and unsettled(cluster) == []
    vm = cluster.config.vms[0]
    ghost = encode_write((vm.name, "host-7", 1, 1), 1, 70 * SECOND)
    cluster.datastores.perform(Append(1, vm.datastore, disk_path(vm.name), data=ghost), "host-99")
    later = encode_write((vm.name, "host-7", 1, 1), 2, 90 * SECOND)
    cluster.datastores.perform(Append(2, vm.datastore, disk_path(vm.name), data=later), "host-99")
    assert len(two_writers(cluster)) == 1
    ran = len(cluster.hosts["host-100"].vms)
    cluster.hosts["host-100"].power_off()
    assert ran >= 2 and len(unsettled(cluster)) == 1 + ran
