"""What a schedule exercised, and which kinds are tried next."""

from __future__ import annotations

import random

from herzschlag.exploration import coverage
from herzschlag.exploration.drawing import KINDS
from herzschlag.exploration.playing import play
from tests.unit.herzschlag.exploration.test_playing import SCENARIO


def test_the_situation_of_a_fault_has_its_role_and_phase() -> None:
    found = coverage.features(play(SCENARIO).history, SCENARIO)
    assert found["fault power-off / slave / calm"] == 1
    assert coverage.situations(found) == 1
    assert coverage.pairs(found) > 3


def test_moments_have_the_second_since_ready() -> None:
    found = coverage.moments(play(SCENARIO).history)
    assert found["restart ordered"] == 27.0


def test_what_was_seen_least_is_tried_first() -> None:
    kinds = ("power-off", "isolate")
    seen = {f"fault power-off / slave / {number}": 1 for number in range(1000)}
    chosen = [coverage.least_seen(seen, kinds, 1, random.Random(n))[0] for n in range(50)]
    assert chosen.count("isolate") > 45


def test_the_page_names_every_kind_and_what_never_began() -> None:
    page = coverage.page({"fault isolate / master / calm": 3, "pair role election -> role master": 1}, 7)
    assert all(f"| {kind} |" in page for kind in KINDS)
    assert "| isolate | 3 |" in page
    never = page.rpartition("Never begun: ")[2]
    assert "power-off" in never
    assert "isolate" not in never
