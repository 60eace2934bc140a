"""When a master may restart the VMs of a datastore, and how long masters could."""

from __future__ import annotations

from pathlib import Path

from herzschlag.checkers.leading import leads_since, led_until, same_reign
from herzschlag.checkers.truth import Truth
from herzschlag.exploration.playing import play
from herzschlag.history.records import SECOND
from herzschlag.scenarios.from_toml import load

EXPLORED = Path(__file__).parents[4] / "tests/simulation/explored"


def truth_of(name: str) -> Truth:
    scenario = load(str(EXPLORED / f"{name}.toml"))
    return Truth.of(play(scenario).history, scenario)


def test_a_master_leads_when_its_delay_is_over_and_it_holds_the_list() -> None:
    truth = truth_of("ordered-before-it-ended")
    [won] = truth.history.where("role", node="host-99", to="master")
    assert leads_since("host-99", "vmfs-1", truth.end_ns, truth) == won.at_ns + truth.timers.restart_delay_ns
    assert leads_since("host-100", "vmfs-1", truth.end_ns, truth) is None
    assert leads_since("host-99", "no such datastore", truth.end_ns, truth) is None
    assert leads_since("host-99", "vmfs-1", won.at_ns - 1, truth) is None


def test_nobody_leads_while_every_host_is_isolated() -> None:
    """From T+15 on no host leads, but for a master of 5 s; the next is elected at T+96, and waits 10 s. The old one has
    led for 15 s of 75."""
    truth = truth_of("unmonitored-before-a-master-leads")
    down = truth.spans[0].begin_ns
    assert led_until("vmfs-1", down, 10 * SECOND, truth) == down + 10 * SECOND
    elected = truth.history.where("role", node="host-99", to="master")[-1].at_ns
    lost = truth.history.where("role", node="host-99", to="isolated")[0].at_ns
    after_ns = 75 * SECOND - (lost - down)
    assert led_until("vmfs-1", down, 75 * SECOND, truth) == elected + truth.timers.restart_delay_ns + after_ns
    assert led_until("vmfs-1", down, 3600 * SECOND, truth) == truth.end_ns


def test_a_reign_ends_when_another_role_begins() -> None:
    truth = truth_of("unmonitored-before-a-master-leads")
    first, second = truth.history.where("role", node="host-99", to="master")
    lost = truth.history.where("role", node="host-99", to="isolated")[0]
    assert same_reign(first, lost.at_ns - 1, truth)
    assert not same_reign(first, lost.at_ns, truth)
    assert not same_reign(first, truth.end_ns, truth)
    assert same_reign(second, truth.end_ns, truth)
