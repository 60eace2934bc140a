"""The tables of docs/bad-lines.md, from what the runs showed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bench.lines.outcome import KINDS
from bench.lines.play import Cell, Real, Seen
from bench.lines.share import Share, begins_at
from bench.lines.sweeps import MASTER, SWEEPS

Results = Mapping[Cell, Seen]
NONE = "never"


def failed(seen: Seen) -> bool:
    return bool(seen.kinds)


def shares(results: Results, sweep: str, series: str, hit: Callable[[Seen], bool] = failed) -> list[Share]:
    """For each value of the sweep, in how many of its runs `hit` is true."""
    found: dict[float, list[bool]] = {value: [] for value in SWEEPS[sweep].values}
    for cell, seen in results.items():
        if (cell.sweep, cell.series) == (sweep, series):
            found[cell.value].append(hit(seen))
    return [Share(sum(hits), len(hits)) for hits in found.values()]


def real_shares(real: Sequence[Real], sweep: str, series: str) -> list[tuple[float, Share]]:
    """(value, share) of the runs on real packets that prove something."""
    found: dict[float, list[bool]] = {}
    for one in real:
        if (one.sweep, one.series) == (sweep, series) and not one.left_out:
            found.setdefault(one.value, []).append(failed(one.seen))
    return [(value, Share(sum(hits), len(hits))) for value, hits in sorted(found.items())]


def has(kind: str) -> Callable[[Seen], bool]:
    return lambda seen: kind in seen.kinds


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, numbers to the right."""
    ruled = ["---", *("---:" for _ in head[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (head, ruled, *rows)]


def beginnings(results: Results, sweep: str) -> list[str]:
    """For each curve, where each kind begins: the lowest value with any such run, and with half of them."""
    values = SWEEPS[sweep].values
    rows = []
    for series in SWEEPS[sweep].series:
        row = [series]
        for kind in KINDS:
            counted = shares(results, sweep, series, has(kind))
            first, half = begins_at(values, counted), begins_at(values, counted, least=0.5)
            row.append(NONE if first is None else f"{first:g} / {NONE if half is None else f'{half:g}'}")
        rows.append(row)
    return table(["Begins at: any run / half of them", *KINDS.values()], rows)


def kinds_by_value(results: Results, sweep: str) -> list[str]:
    """For each value and curve, what was seen and when it was seen first."""
    rows = []
    for value in SWEEPS[sweep].values:
        row = [f"{value:+g}"]
        for series in SWEEPS[sweep].series:
            seen = [s for c, s in results.items() if c[:3] == (sweep, series, value)]
            first = {k: min(s.kinds[k] for s in seen if k in s.kinds) for k in KINDS if any(map(has(k), seen))}
            row.append("; ".join(f"{KINDS[kind]} ({at:.0f} s)" for kind, at in first.items()) or NONE)
        rows.append(row)
    return table([SWEEPS[sweep].axis, *SWEEPS[sweep].series], rows)


def bounds(results: Results, sweep: str) -> list[str]:
    """Of each series all values together: how many runs, and how many showed anything."""
    rows = []
    for series in SWEEPS[sweep].series:
        counted = shares(results, sweep, series)
        total = Share(sum(s.hits for s in counted), sum(s.runs for s in counted))
        rows.append([series, f"{total.runs:,}", f"{total.hits:,}", f"{total.band[1]:.1%}"])
    return table(["What the line does", "runs", "false failovers", "95 % sure: at most"], rows)


def span(found: Sequence[float | None], digits: int = 1) -> str:
    """`24.9 to 25.1 s` of what runs of one value show."""
    known = sorted(one for one in found if one is not None)
    if not known:
        return NONE
    low, high = f"{known[0]:.{digits}f}", f"{known[-1]:.{digits}f}"
    return f"{low} s" if low == high else f"{low} to {high} s"


def pauses(results: Results, real: Sequence[Real]) -> list[str]:
    """The paused master: when it is replaced, and what its waking brings; with real packets where there are some."""
    series, rows = "the master", []
    for value in SWEEPS["pause"].values:
        rows.append(_pause(f"{value:g} s", value, [s for c, s in results.items() if c[:3] == ("pause", series, value)]))
        on_packets = [one.seen for one in real if one.cell[:3] == ("pause", series, value) and not one.left_out]
        if on_packets:
            rows.append(_pause(f"{value:g} s, real packets", value, on_packets))
    head = [
        "Pause",
        "a slave misses it",
        f"another host than {MASTER} leads",
        "taken for dead",
        "VM restarted elsewhere",
    ]
    return table([*head, "two masters after waking", "the VM runs twice after waking"], rows)


def _pause(title: str, pause_s: float, seen: Sequence[Seen]) -> list[str]:
    def first(kind: str) -> str:
        return span([one.kinds.get(kind) for one in seen])

    twice = [one.kinds["stopped"] - pause_s for one in seen if {"stopped", "restarted"} <= one.kinds.keys()]
    return [
        title,
        first("role"),
        span([one.replaced_after_s for one in seen]),
        first("dead"),
        first("restarted"),
        span([one.two_masters_s for one in seen if one.replaced_after_s is not None], 2),
        span(twice, 2),
    ]


def darkness(results: Results) -> list[str]:
    """The switch that is dark for 50 s: what happens when, seconds after it restarted."""
    rows = []
    for series in SWEEPS["dark"].series:
        seen = [s for c, s in results.items() if c[:3] == ("dark", series, 50)]
        firsts = [span([one.kinds.get(kind) for one in seen]) for kind in KINDS]
        rows.append([series, *firsts, span([one.settled_after_s for one in seen])])
    return table(["Dark for 50 s", *KINDS.values(), "the last change"], rows)


def agreement(results: Results, real: Sequence[Real], sweep: str) -> str:
    """How many runs on real packets show the same kinds as the run in virtual time with the same seed."""
    runs = [one for one in real if one.sweep == sweep]
    sound = [one for one in runs if not one.left_out]
    same = sum(set(one.seen.kinds) == set(results[one.cell].kinds) for one in sound)
    alike = sum(failed(one.seen) == failed(results[one.cell]) for one in sound)
    told = (
        f"Real packets: {len(sound)} runs. In {alike} of them the cluster fails over, or does not, as in virtual time "
        f"with the same seed; in {same} it is of the same kinds as well."
    )
    late = len(runs) - len(sound)
    return told + (f" {late} more prove nothing, because the machine was late, and do not count." if late else "")
