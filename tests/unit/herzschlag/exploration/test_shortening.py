"""A schedule that breaks a rule loses every fault and every setting that it does not need."""

from __future__ import annotations

from herzschlag.exploration.drawing import COUNTED
from herzschlag.exploration.shortening import TRIES_MAX, shortened
from herzschlag.faults import CrashVcenter, PowerOff, kind_of
from herzschlag.scenarios.model import Cluster, Scenario, Step

STEPS = tuple(
    Step(at_s=10.0 * n, fault=fault, id=str(n), for_s=20.0 if n % 2 else 30.0)
    for n, fault in enumerate((CrashVcenter(), PowerOff(host=("host-98",)), PowerOff(host=("host-99",))), 1)
)
LONG = Scenario(
    name="long",
    title="long",
    cluster=Cluster(hosts=4, vms_per_host=1, vm_monitoring=True, isolation_response="shutdown"),
    steps=STEPS,
    expect=COUNTED,
)


def test_what_it_does_not_need_is_left_out() -> None:
    def breaks(scenario: Scenario) -> bool:
        return any(step.id == "2" for step in scenario.steps) and scenario.cluster.vm_monitoring

    short = shortened(LONG, breaks)
    assert [(step.at_s, kind_of(step.fault)) for step in short.steps] == [(20.0, "power-off")]
    assert short.cluster == Cluster(hosts=4, vms_per_host=1, vm_monitoring=True)
    assert not short.expect.count


def test_what_it_needs_stays() -> None:
    assert shortened(LONG, lambda scenario: False) == LONG


def test_no_more_is_played_than_permitted() -> None:
    played: list[Scenario] = []

    def breaks(scenario: Scenario) -> bool:
        played.append(scenario)
        return len(played) < 2

    many = tuple(Step(at_s=float(n), fault=CrashVcenter(), id=str(n), for_s=0.5) for n in range(1, 90))
    shortened(Scenario(name="long", title="long", steps=many), breaks)
    assert len(played) == TRIES_MAX
