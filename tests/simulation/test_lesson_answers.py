"""Answers that the course gives to what a pupil does by hand, where no shipped scenario holds them."""

from __future__ import annotations

from herzschlag.history.clock import Clock
from herzschlag.history.records import SECOND
from herzschlag.scenarios.from_toml import loads
from tests.planted.plant import play

BACK_AFTER_TEN_SECONDS = """
name = "back"
title = "A slave loses power and is back after ten seconds"
settle_s = 30
[cluster]
vms_per_host = 2
[[steps]]
at_s = 5
for_s = 10
fault = "power-off"
host = "host-100"
id = "off"
"""


def test_the_vms_of_a_slave_that_is_back_after_ten_seconds_restart_at_once_on_the_others() -> None:
    """Chapter 2, by hand."""
    history = play(loads(BACK_AFTER_TEN_SECONDS, "back.toml"))
    zero_ns = Clock.of(history).zero_ns
    assert not history.where("host-state", to="hostDown")
    back = history.where("host-state", node="host-99", host="host-100", to="connectedToMaster")[-1]
    runs = [r for r in history.where("vm", to="on") if r.at_ns > zero_ns]
    assert {r.node for r in runs} == {"host-98", "host-99"}
    assert {r.get("vm") for r in runs} == {"vm-100-1", "vm-100-2"}
    assert all(0 <= r.at_ns - back.at_ns < SECOND for r in runs)
