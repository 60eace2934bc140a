"""Which loads are tried, and what follows from them."""

from __future__ import annotations

import pytest

from herzschlag.fidelity.loads import SPEEDS, Load, Tried, best, labs_at, next_load, speed_with


def tried(speed: float, labs: int, *, held: bool = True, rate: float = 100.0) -> Tried:
    changed = () if held else ("isolation unknown: late",)
    return Tried(load=Load(speed, labs), runs=10, changed=changed, runs_an_hour=rate, late_ms=9.0, late_median_ms=4.0)


def searched(most: dict[float, int], step: int = 2, labs_max: int = 64, **given: bool) -> list[Tried]:
    """Everything that is tried on a machine that can handle so many labs at each speed."""
    found: list[Tried] = []
    while (load := next_load(found, SPEEDS, step, labs_max, all_speeds=given.get("all_speeds", False))) is not None:
        assert len(found) < 200
        found.append(tried(load.speed, load.labs, held=load.labs <= most.get(load.speed, 0)))
    return found


def loads(found: list[Tried]) -> list[tuple[float, int]]:
    return [(one.load.speed, one.load.labs) for one in found]


def test_more_labs_until_they_are_too_many_twice_and_then_the_most_again_at_the_two_fastest_speeds() -> None:
    found = searched({12.0: 4, 10.0: 2})
    assert loads(found)[:5] == [(12.0, 2), (12.0, 4), (12.0, 6), (12.0, 6), (12.0, 4)]
    assert loads(found)[5:] == [(10.0, 2), (10.0, 4), (10.0, 4), (10.0, 2)]


def test_a_slow_machine_is_tried_at_slower_speeds() -> None:
    found = searched({2.0: 2, 1.0: 4})
    assert loads(found)[:6] == [(12.0, 2), (12.0, 2), (10.0, 2), (10.0, 2), (5.0, 2), (5.0, 2)]
    assert loads(found)[6:10] == [(2.0, 2), (2.0, 4), (2.0, 4), (2.0, 2)]
    assert loads(found)[10:] == [(1.0, 2), (1.0, 4), (1.0, 6), (1.0, 6), (1.0, 4)]


def test_named_speeds_are_all_tried() -> None:
    found = searched(dict.fromkeys(SPEEDS, 2), all_speeds=True)
    assert {one.load.speed for one in found} == set(SPEEDS)


def test_no_more_labs_than_there_may_be() -> None:
    assert max(one.load.labs for one in searched(dict.fromkeys(SPEEDS, 1000), step=3, labs_max=7)) == 6


def test_a_hiccup_does_not_end_the_search() -> None:
    hiccup = [tried(12.0, 2, held=False)]
    assert next_load(hiccup, SPEEDS, 2, 64, all_speeds=False) == Load(12.0, 2)
    assert next_load([*hiccup, tried(12.0, 2)], SPEEDS, 2, 64, all_speeds=False) == Load(12.0, 4)


def test_the_most_labs_must_hold_twice_and_a_load_fail_twice() -> None:
    found = [tried(12.0, 2), tried(12.0, 4), tried(12.0, 6, held=False), tried(12.0, 6, held=False)]
    found.append(tried(12.0, 4, held=False))
    assert next_load(found, [12.0], 2, 64, all_speeds=True) == Load(12.0, 4), "it failed once"
    assert labs_at(found, 12.0) == 4
    assert next_load([*found, tried(12.0, 4)], [12.0], 2, 64, all_speeds=True) is None
    found.append(tried(12.0, 4, held=False))
    assert labs_at(found, 12.0) == 2
    assert next_load(found, [12.0], 2, 64, all_speeds=True) == Load(12.0, 2)
    assert next_load([*found, tried(12.0, 2)], [12.0], 2, 64, all_speeds=True) is None


def test_a_machine_that_can_handle_nothing_has_no_best_load() -> None:
    found = searched({})
    assert len(found) == 2 * len(SPEEDS)
    assert best(found) is None and labs_at(found, 1.0) is None and speed_with(found, 1) is None


@pytest.mark.parametrize(("speed", "labs"), [(12.0, 2), (10.0, 4), (5.0, 6), (1.0, 6), (13.0, None)])
def test_what_it_can_handle_at_a_speed_it_can_handle_at_slower_ones(speed: float, labs: int | None) -> None:
    found = [tried(12.0, 2), tried(12.0, 4, held=False), tried(10.0, 4), tried(5.0, 6), tried(5.0, 8, held=False)]
    assert labs_at(found, speed) == labs


@pytest.mark.parametrize(("labs", "speed"), [(1, 12.0), (2, 12.0), (3, 10.0), (5, 5.0), (7, None)])
def test_what_it_can_handle_with_more_labs_it_can_handle_with_fewer(labs: int, speed: float | None) -> None:
    found = [tried(12.0, 2), tried(10.0, 4), tried(5.0, 6), tried(5.0, 8, held=False)]
    assert speed_with(found, labs) == speed


def test_the_best_load_plays_most_runs_of_those_that_it_can_handle() -> None:
    found = [tried(12.0, 2, rate=700), tried(10.0, 4, rate=900), tried(12.0, 4, rate=1100, held=False)]
    most = best(found)
    assert most is not None and most.load == Load(10.0, 4)
