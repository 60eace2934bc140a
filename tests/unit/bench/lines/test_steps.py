"""The steps that repeat: a line that flaps otherwise than the page says would give a wrong curve."""

from __future__ import annotations

import random

from bench.lines.steps import BAD_S, BEGIN_S, flapping, stuttering
from herzschlag.faults import Cut, NetworkDown

A_DOWN = NetworkDown(networks="A")


def test_a_line_is_dark_for_its_share_of_each_period() -> None:
    steps = flapping(A_DOWN, "A", period_s=10, share=0.3, phase=0.0)
    assert [step.at_s for step in steps] == [BEGIN_S + 10 * k for k in range(13)]
    assert {step.for_s for step in steps} == {3.0}
    assert len({step.id for step in steps}) == len(steps)


def test_the_phase_shifts_all_of_it_and_never_before_the_first_step() -> None:
    steps = flapping(A_DOWN, "A", period_s=10, share=0.5, phase=0.25)
    assert steps[0].at_s == BEGIN_S + 7.5
    assert steps[-1].at_s <= BEGIN_S + BAD_S


def test_lines_of_a_group_share_their_fate() -> None:
    together = [[("A", "x", "y"), ("B", "x", "y")]]
    steps = stuttering(together, 0.5, random.Random(1))
    assert 40 < len(steps) < 80
    assert all(isinstance(s.fault, Cut) and s.fault.links == (("A", "x", "y"), ("B", "x", "y")) for s in steps)
    assert {step.for_s for step in steps} == {1.0}


def test_lines_of_two_groups_have_fates_of_their_own() -> None:
    apart = [[("A", "x", "y")], [("B", "x", "y")]]
    sizes = [len(s.fault.links) for s in stuttering(apart, 0.5, random.Random(1)) if isinstance(s.fault, Cut)]
    assert set(sizes) == {1, 2}


def test_a_line_that_loses_nothing_has_no_step_and_one_that_loses_all_has_each_second() -> None:
    line = [[("A", "x", "y")]]
    assert stuttering(line, 0.0, random.Random(1)) == ()
    assert len(stuttering(line, 1.0, random.Random(1))) == BAD_S
