"""The course of a line: when it steps, when it is down, and that a seed decides what is drawn."""

from __future__ import annotations

from itertools import pairwise

import pytest

from herzschlag.topo.impairments.course import Progress
from herzschlag.topo.impairments.values import DOWN, PERFECT, Course, Flap, Quality, Stage, always

BAD, WORSE = Quality(loss=0.4), Quality(loss=0.8)


def test_a_ramp_steps_at_its_instants_and_stays_at_its_end() -> None:
    one = Progress(Course((Stage(0, PERFECT), Stage(30, BAD), Stage(60, WORSE))), 1)
    assert [one.quality(at) for at in (0, 29, 30, 59, 60, 10**12)] == [PERFECT, PERFECT, BAD, BAD, WORSE, WORSE]


def test_a_flapping_line_is_down_first_then_as_bad_as_it_is_else() -> None:
    one = Progress(Course((Stage(0, BAD),), Flap(10, 0.3)), 1)
    assert [one.quality(at) for at in (0, 2, 3, 9, 10, 12, 13)] == [DOWN, DOWN, BAD, BAD, DOWN, DOWN, BAD]
    assert not Progress(always(BAD), 1).down(0)


def turns(name: str, seed: int, many: int = 4000, grain_ns: int = 5) -> list[bool]:
    one = Progress(Course((Stage(0, PERFECT),), Flap(100, 0.3, True, grain_ns, name)), seed)
    return [one.down(at) for at in range(many)]


def test_lines_of_one_name_and_seed_flap_together_and_no_others() -> None:
    assert turns("cable", 1) == turns("cable", 1)
    assert turns("cable", 1) != turns("cable", 2)
    assert turns("cable", 1) != turns("other", 1)


def test_random_times_lie_on_the_grid_and_have_the_share_asked_for() -> None:
    found = turns("cable", 1, many=100_000)
    changes = [at for at in range(1, len(found)) if found[at] != found[at - 1]]
    assert found[0] and all(at % 5 == 0 for at in changes)
    assert sum(found) / len(found) == pytest.approx(0.3, abs=0.02)
    lasting = [b - a for a, b in pairwise(changes)]
    assert min(lasting) >= 15 and max(lasting) <= 105


def test_it_does_not_matter_in_which_order_it_is_asked() -> None:
    forwards, backwards = (Progress(Course((Stage(0, PERFECT),), Flap(100, 0.5, True, 5)), 3) for _ in range(2))
    late = backwards.down(5000)
    assert [forwards.down(at) for at in range(5001)][-1] == late
    assert backwards.down(0)
