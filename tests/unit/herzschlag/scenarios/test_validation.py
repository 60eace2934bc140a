"""Invalid scenarios: each refusal names the key and says the way out, before anything starts."""

from __future__ import annotations

from typing import Any

import pytest

from herzschlag.faults import AnyFault, CrashAgent, CutPair, Isolate, PowerOff, VmCrash
from herzschlag.scenarios.expectations import Count, Expectations, Instant, Matcher, Never, State
from herzschlag.scenarios.model import Cluster, Scenario, Step, VmEntry
from herzschlag.scenarios.numbers import LONGEST_S
from herzschlag.scenarios.validation import check
from herzschlag.wrong_input import InputError

OFF = PowerOff(host="host-98")


def scenario(*steps: Step, **keys: Any) -> Scenario:
    given: dict[str, Any] = {"name": "some", "title": "some", "cluster": Cluster(vms_per_host=1)}
    return Scenario(**given | {"steps": steps} | keys)


def step(fault: AnyFault = OFF, at_s: float = 5.0, **keys: Any) -> Step:
    return Step(**{"at_s": at_s, "fault": fault, "id": f"step at {at_s:g}"} | keys)


def refusal(wrong: Scenario) -> tuple[str, str]:
    with pytest.raises(InputError) as error:
        check(wrong)
    return error.value.key, error.value.text


def test_a_right_scenario_is_let_through() -> None:
    check(scenario(step(for_s=20), step(Isolate(host="host-100"), at_s=60)))


@pytest.mark.parametrize(
    ("keys", "key", "says"),
    [
        ({"name": "a/b"}, "name", "it names a directory"),
        ({"speed": float("inf")}, "speed", "above 0, at most 1000"),
        ({"settle_s": 0.0}, "settle_s", "above 0"),
        ({"ready_s": LONGEST_S + 1}, "ready_s", "a week"),
        ({"patience_s": -1.0}, "patience_s", "from 0 to"),
        ({"cluster": Cluster(hosts=("host-98", "host-98"))}, "cluster", "host-98"),
        ({"cluster": Cluster(vms_per_host=100_000)}, "cluster.vms_per_host", "is 100000: 0 to "),
        ({"cluster": Cluster(heartbeat_datastores=("vmfs-9",))}, "cluster.heartbeat_datastores", "did you mean"),
    ],
)
def test_the_cluster_and_the_times_have_limits(keys: dict[str, Any], key: str, says: str) -> None:
    at, text = refusal(scenario(**keys))
    assert at == key
    assert says in text


@pytest.mark.parametrize(
    ("vms", "key", "says"),
    [
        ([VmEntry(name="web", host="host-9")], "cluster.vms[0].host", "did you mean 'host-9"),
        ([VmEntry(name="web", host="host-98", datastore="vmfs-9")], "cluster.vms[0].datastore", "host-98"),
        (
            [VmEntry(name="web", host="host-98", compatible_hosts=("host-7",))],
            "cluster.vms[0].compatible_hosts",
            "'host-7'",
        ),
        ([VmEntry(name="web", host="host-98", count=0)], "cluster.vms[0].count", "is 0: 1 to"),
        ([VmEntry(name="web", host="host-98")] * 2, "cluster.vms[1].name", "'web'"),
        ([VmEntry(name="web", host="host-98", power_on_fails=True)], "cluster.vms[0].power_on_fails", "on = false"),
    ],
)
def test_a_vm_that_cannot_be_is_refused_at_its_place(vms: list[VmEntry], key: str, says: str) -> None:
    at, text = refusal(scenario(cluster=Cluster(vms=tuple(vms))))
    assert at == key
    assert says in text


@pytest.mark.parametrize(
    ("wrong", "key", "says"),
    [
        (step(at_s=-1.0), "steps[0].at_s", "0 to "),
        (step(for_s=0.0), "steps[0].for_s", "leave it out for a fault that stays"),
        (step(VmCrash(vm="vm-98-1"), for_s=3.0), "steps[0].for_s", "cannot be undone"),
        (step(id="start"), "steps[0].id", "choose another"),
        (step(id="cut.end"), "steps[0].id", "choose another"),
        (step(PowerOff(host="host-9")), "steps[0].host", "host-9"),
        (step(VmCrash(vm="vm-97-1")), "steps[0].vm", "did you mean"),
    ],
)
def test_a_step_that_cannot_be_is_refused_at_its_place(wrong: Step, key: str, says: str) -> None:
    at, text = refusal(scenario(wrong))
    assert at == key
    assert says in text


def test_two_steps_of_one_name_are_refused() -> None:
    at, text = refusal(scenario(step(id="cut", for_s=1), step(id="cut", at_s=20)))
    assert at == "steps[1].id"
    assert "steps[0]" in text


def test_a_fault_on_a_host_without_power_contradicts_the_power_off() -> None:
    dead = step(CrashAgent(host="host-98"), at_s=10)
    assert "host-98 has no power then" in refusal(scenario(step(), dead))[1]
    check(scenario(step(for_s=3), dead))


def test_two_faults_that_change_one_thing_at_once_contradict_each_other() -> None:
    at, text = refusal(scenario(step(), step(at_s=10)))
    assert at == "steps"
    assert "'step at 5' (power-off host=host-98 at 5 s)" in text and "both change" in text


def test_cuts_may_overlap() -> None:
    """One link cut by two faults is cut until both have ended: that is not a contradiction."""
    check(scenario(step(Isolate(host="host-98"), for_s=30), step(CutPair(a="host-98", b="host-99"), at_s=10)))


@pytest.mark.parametrize(
    ("expect", "key", "says"),
    [
        (
            Expectations(instant=(Instant(name="x", source="ours", published_s=3, record=Matcher(kind="rolle")),)),
            "record",
            "did you mean 'role'",
        ),
        (Expectations(never=(Never(name="x", record=Matcher(node="host-98")),)), "record", "kind"),
        (Expectations(count=(Count(name="x", record=Matcher(kind="role")),)), "expect.count[0]", "exactly"),
        (Expectations(state=(State(name="x", at="no such step", roles={"host-98": "off"}),)), ".at", "no such step"),
        (Expectations(state=(State(name="x", roles={"host-98": "king"}),)), "roles", "king"),
        (Expectations(state=(State(name="x", vms={"vm-98-9": ("host-98",)}),)), "vms", "vm-98-9"),
    ],
)
def test_an_expectation_that_could_never_be_tested_is_refused(expect: Expectations, key: str, says: str) -> None:
    """A misspelt record in a `never` would hold for nothing."""
    at, text = refusal(scenario(step(), expect=expect))
    assert key in at
    assert says in text
