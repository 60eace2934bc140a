"""Which kept schedules are played on real packets."""

from __future__ import annotations

from bench.explored import Told
from bench.planted_packets import chosen


def test_those_named_or_all_that_were_not_played() -> None:
    def told(name: str, scenario: str = "x", on_packets: str = "") -> Told:
        return Told(name, "belief", 1, 1.0, 120.0, "2026-11-29", scenario=scenario, on_packets=on_packets)

    found = [told("a"), told("b", on_packets="holds"), told("c", scenario="")]
    assert [one.fault for one in chosen(found, ())] == ["a"]
    assert [one.fault for one in chosen(found, ["b", "c"])] == ["b"]
