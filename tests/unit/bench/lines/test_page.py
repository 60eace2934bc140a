"""The page: each sweep has its section, each picture that it names is drawn."""

from __future__ import annotations

import re

from bench.lines import kept, page, words
from bench.lines.play import Real, Seen
from bench.lines.sweeps import SWEEPS

RESULTS = {cell: Seen() for cell in page.cells(runs=1)}
REAL = [Real(*cell, Seen()) for cell in kept.wanted_cells(SWEEPS)]
PAGE = page.text(RESULTS, kept.Kept("2026-01-01", "a machine", runs=tuple(REAL)))


def test_each_sweep_has_a_section_with_what_follows() -> None:
    assert set(SWEEPS) == set(words.TITLES) == set(words.BEFORE) == set(words.AFTER)
    assert re.findall(r"^## (.*)$", PAGE, re.MULTILINE) == list(words.TITLES.values())
    assert PAGE.count("**What follows.**") == len(SWEEPS)


def test_the_pictures_it_names_are_those_that_are_drawn() -> None:
    named = set(re.findall(r"pictures/bad-lines/([\w-]+)\.svg", PAGE))
    assert named == {name for name, sweep in SWEEPS.items() if sweep.drawn} | {page.BY_KIND}


def test_it_says_how_many_runs_when_where_and_by_which_command() -> None:
    assert f"{len(RESULTS):,} runs, `make lines`" in PAGE
    assert f"{len(REAL)} runs at speed 10, `make lines PACKETS=1`, 2026-01-01, on: a machine" in PAGE


def test_every_real_run_has_one_of_the_same_seed_in_virtual_time() -> None:
    assert {one.cell for one in REAL} <= RESULTS.keys()


def test_pictures_have_a_curve_for_each_series() -> None:
    for name, sweep in SWEEPS.items():
        if sweep.drawn:
            svg = page.picture(RESULTS, REAL, name)
            assert all(f">{series} (" in svg for series in sweep.series)
    assert "real packets" in page.picture(RESULTS, REAL, "loss")
    assert "taken for partitioned (" in page.picture_by_kind(RESULTS)
