"""The tables: a number in the wrong cell would send a reader to the wrong value."""

from __future__ import annotations

from bench.lines.outcome import KINDS
from bench.lines.play import Cell, Real, Seen
from bench.lines.sweeps import SWEEPS
from bench.lines.tables import (
    agreement,
    beginnings,
    bounds,
    darkness,
    failed,
    has,
    kinds_by_value,
    pauses,
    real_shares,
    shares,
    span,
    table,
)

ROLE = Seen(kinds={"role": 10.0}, replaced_after_s=25.0, settled_after_s=60.0)
RUNS = 4


def results(sweep: str, seen: dict[tuple[str, float, int], Seen]) -> dict[Cell, Seen]:
    """RUNS runs of each value, in which nothing happened but what is given."""
    found = {
        Cell(sweep, series, value, seed): Seen()
        for series in SWEEPS[sweep].series
        for value in SWEEPS[sweep].values
        for seed in range(RUNS)
    }
    return found | {Cell(sweep, *cell): one for cell, one in seen.items()}


LOSSY = results(
    "loss",
    {
        ("one network", 0.5, 1): ROLE,
        ("one network", 0.6, 1): ROLE,
        ("one network", 0.6, 3): Seen(kinds={"role": 9.0, "isolated": 11.0}),
    },
)


def cells_of(lines: list[str], title: str) -> list[str]:
    """The cells of the row that begins with this, by the table's head."""
    (line,) = [line for line in lines if line.startswith(f"| {title} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_shares_count_runs_with_any_kind_or_with_one() -> None:
    at = SWEEPS["loss"].values.index(0.6)
    assert shares(LOSSY, "loss", "one network")[at] == (2, RUNS)
    assert shares(LOSSY, "loss", "one network", has("isolated"))[at] == (1, RUNS)
    assert {share.hits for share in shares(LOSSY, "loss", "two networks")} == {0}


def test_each_kind_begins_at_its_value() -> None:
    lines = beginnings(LOSSY, "loss")
    found = dict(zip(KINDS, cells_of(lines, "one network"), strict=True))
    assert found["role"] == "0.5 / 0.6"
    assert found["isolated"] == "0.6 / never"
    assert found["dead"] == "never"
    assert set(cells_of(lines, "two networks")) == {"never"}


def test_late_runs_on_real_packets_count_for_nothing() -> None:
    real = [
        Real("loss", "one network", 0.6, 0, Seen()),
        Real("loss", "one network", 0.6, 1, ROLE),
        Real("loss", "one network", 0.6, 2, ROLE, left_out="a timer fired late"),
        Real("loss", "one network", 0.3, 0, Seen()),
        Real("delay", "one network", 3, 0, ROLE),
    ]
    assert real_shares(real, "loss", "one network") == [(0.3, (0, 1)), (0.6, (1, 2))]
    assert real_shares(real, "loss", "two networks") == []


def test_agreement_is_by_seed() -> None:
    """Seed 1 failed over in both, seed 3 with other kinds, seed 0 in one alone."""
    real = [
        Real("loss", "one network", 0.6, 1, Seen(kinds={"role": 9.9})),
        Real("loss", "one network", 0.6, 3, Seen(kinds={"role": 9.9})),
        Real("loss", "one network", 0.6, 0, Seen(kinds={"role": 9.9})),
        Real("loss", "one network", 0.6, 2, Seen(), left_out="a timer fired late"),
    ]
    text = agreement(LOSSY, real, "loss")
    assert text.startswith("Real packets: 3 runs. In 2 of them")
    assert "in 1 it is of the same kinds" in text
    assert "1 more" in text


def test_kinds_of_a_value_come_with_their_first_instant() -> None:
    told = results(
        "clock", {("a slave", 10, 2): Seen(kinds={"role": 3.0}), ("a slave", 10, 3): Seen(kinds={"role": 1.0})}
    )
    lines = kinds_by_value(told, "clock")
    assert cells_of(lines, "+10") == ["a role changed (1 s)", "never"]


def test_bounds_add_all_values_up() -> None:
    told = results("beyond-loss", {("packets doubled", 0.5, 0): ROLE})
    row = cells_of(bounds(told, "beyond-loss"), "packets doubled")
    assert row[:2] == ["16", "1"]
    assert cells_of(bounds(results("beyond-loss", {}), "beyond-loss"), "packets doubled")[1:] == ["0", "19.4%"]


def test_a_paused_master_has_its_instants_and_its_real_packets() -> None:
    woke = Seen(kinds={"role": 10.0, "dead": 30.0, "stopped": 40.5, "restarted": 35.0}, replaced_after_s=25.0)
    told = results("pause", {("the master", 40, seed): woke for seed in range(RUNS)})
    lines = pauses(told, [Real("pause", "the master", 40, 0, woke)])
    expected = ["10.0 s", "25.0 s", "30.0 s", "35.0 s", "0.00 s", "0.50 s"]
    assert cells_of(lines, "40 s") == cells_of(lines, "40 s, real packets") == expected
    assert set(cells_of(lines, "5 s")) == {"never"}


def test_the_dark_switch_has_its_instants() -> None:
    told = results("dark", {("one network", 50, seed): ROLE for seed in range(RUNS)})
    lines = darkness(told)
    assert cells_of(lines, "one network") == ["10.0 s", "never", "never", "never", "never", "never", "60.0 s"]


def test_spans_and_tables() -> None:
    assert span([None, 3.0, 2.0]) == "2.0 to 3.0 s"
    assert span([2.01, 2.02]) == "2.0 s"
    assert span([None]) == "never"
    assert table(["a", "b"], [["x", "1"]]) == ["| a | b |", "| --- | ---: |", "| x | 1 |"]
    assert failed(ROLE)
    assert not failed(Seen())
