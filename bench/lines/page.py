"""docs/bad-lines.md and its pictures: the results of the sweeps, in the order in which a reader needs them.

The words around tables and pictures are in `words.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.evidence.runs import machine
from bench.lines import kept, words
from bench.lines.draw import Curve, chart
from bench.lines.outcome import KINDS
from bench.lines.play import Cell, Real, play_all
from bench.lines.steps import BAD_S
from bench.lines.sweeps import SWEEPS
from bench.lines.tables import (
    Results,
    agreement,
    beginnings,
    bounds,
    darkness,
    has,
    kinds_by_value,
    pauses,
    real_shares,
    shares,
)
from herzschlag.history.records import write_whole

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/bad-lines.md"
PICTURES = ROOT / "docs/pictures/bad-lines"
RUNS = 200
RUNS_LEAST = 10
BY_KIND = "loss-by-kind"
"""The picture of one curve of `loss`, taken apart."""


def cells(runs: int) -> list[Cell]:
    """All runs in virtual time."""
    return [
        Cell(name, series, value, seed)
        for name, sweep in SWEEPS.items()
        for series in sweep.series
        for value in sweep.values
        for seed in range(max(RUNS_LEAST, round(runs * sweep.part)))
    ]


def picture(results: Results, real: Sequence[Real], name: str) -> str:
    """A sweep as SVG."""
    sweep = SWEEPS[name]
    curves = [
        Curve(series, sweep.values, shares(results, name, series), real_shares(real, name, series))
        for series in sweep.series
    ]
    return chart(curves, sweep.axis, f"{words.TITLES[name]}: share of runs with any false failover")


def picture_by_kind(results: Results) -> str:
    """The loss on one network, with a curve for each kind of false failover."""
    sweep = SWEEPS["loss"]
    curves = [
        Curve(title.removeprefix("a host was "), sweep.values, shares(results, "loss", "one network", has(kind)))
        for kind, title in KINDS.items()
    ]
    return chart(curves, f"{sweep.axis}, one network", "Loss on one network: share of runs with each kind of failover")


def section(results: Results, real: Sequence[Real], name: str) -> list[str]:
    """Title, what was done, picture, tables, and what follows."""
    lines = [f"## {words.TITLES[name]}", "", words.BEFORE[name], ""]
    if SWEEPS[name].drawn:
        lines += [f"![{words.TITLES[name]}: share of runs that fail over falsely](pictures/bad-lines/{name}.svg)", ""]
    if name == "loss":
        lines += [words.KINDS, "", f"![Each kind by itself](pictures/bad-lines/{BY_KIND}.svg)", ""]
    match name:
        case "beyond-loss":
            lines += bounds(results, name)
        case "clock":
            lines += kinds_by_value(results, name)
        case "pause":
            lines += [*pauses(results, real), "", *beginnings(results, name)]
        case "dark":
            lines += [*darkness(results), "", *beginnings(results, name)]
        case _:
            lines += beginnings(results, name)
    if any(one.sweep == name for one in real):
        lines += ["", agreement(results, real, name)]
    return [*lines, "", f"**What follows.** {words.AFTER[name]}", ""]


def text(results: Results, present: kept.Kept) -> str:
    """All of the page."""
    real = [one for one in present.runs if not one.left_out]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    lines = [
        "# Bad lines: when a healthy cluster fails over falsely",
        "",
        words.intro(BAD_S),
        "",
        words.SHORT,
        "",
        f"- Virtual time: {len(results):,} runs, `make lines`, {today}, on: {machine()}.",
        f"- Real packets: {len(real)} runs at speed {present.speed:g}, `make lines PACKETS=1`, {present.date}, on: "
        f"{present.machine}. They are kept in [bad-lines.json](bad-lines.json).",
        "",
        words.READING,
        "",
    ]
    for name in words.TITLES:
        lines += section(results, present.runs, name)
    return "\n".join(lines).rstrip() + "\n"


def write(runs: int) -> None:
    """Play all of it in virtual time, and write page and pictures."""
    results = play_all(cells(runs))
    present = kept.read()
    PICTURES.mkdir(parents=True, exist_ok=True)
    drawn = {name: picture(results, present.runs, name) for name, sweep in SWEEPS.items() if sweep.drawn}
    drawn[BY_KIND] = picture_by_kind(results)
    for name, svg in drawn.items():
        write_whole(PICTURES / f"{name}.svg", svg.encode())
    write_whole(PAGE, text(results, present).encode())
    print(f"{len(results):,} runs: {PAGE.relative_to(ROOT)}, {len(drawn)} pictures")
