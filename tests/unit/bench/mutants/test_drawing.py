"""Mutants are drawn from the cores, the same for the same seed, and none that means the same."""

from __future__ import annotations

import ast

import pytest

pytest.importorskip("cosmic_ray", reason="make mutants installs Cosmic Ray: it is not installed here")

from bench.mutants.drawing import OUTSIDE, ROOT, _meaning, draw


def test_each_is_one_changed_line_of_a_core() -> None:
    found = draw(12, seed=3)
    assert len(found) == 12
    for one in found:
        whole = (ROOT / one.file).read_text(encoding="utf-8")
        assert one.source != whole and one.before != one.after
        assert whole.splitlines()[one.line - 1].strip() == one.before
        ast.parse(one.source)
        assert one.file not in OUTSIDE and (ROOT / one.file).exists()


def test_the_same_seed_draws_the_same() -> None:
    assert draw(4, seed=5) == draw(4, seed=5) != draw(4, seed=6)


def test_what_is_left_out_exists() -> None:
    assert all((ROOT / file).is_file() for file in OUTSIDE)


def test_how_arguments_are_passed_is_nothing_that_a_run_can_show() -> None:
    assert _meaning("def f(a, *, b=0): return a") == _meaning("def f(a, /, b=0): return a")
    assert _meaning("def f(a, *, b=0): return a") != _meaning("def f(a, *, b=1): return a")


def test_a_longer_draw_begins_with_the_shorter_one() -> None:
    assert draw(6, seed=5)[:4] == draw(4, seed=5)
