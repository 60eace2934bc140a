"""docs/comparison.md: medians of the kept runs, in one table, and each figure by fault."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench.comparison.cases import FAULTS, NOT_COMPARED, SUBJECTS
from bench.comparison.kept import Kept, Played
from bench.comparison.picture import picture
from bench.comparison.seen import Seen
from herzschlag.history.records import write_whole

PAGE = Path(__file__).resolve().parents[2] / "docs/comparison.md"
NONE = "-"
MEASURES: dict[str, tuple[str, Callable[[Seen], float | None]]] = {
    "Another host notices": ("seconds after the fault, by its own line or record", lambda seen: seen.noticed_s),
    "Another host leads": (
        "seconds after the fault; of Corosync, the others are members without the lost one",
        lambda seen: seen.replaced_s,
    ),
    "Two lead at once": (
        "seconds in which two hosts that work led, or were quorate with different members, the time after the heal too",
        lambda seen: seen.two_s,
    ),
    "The last change after the heal": ("seconds after the end of the fault", lambda seen: seen.settled_s),
}


def write(kept: Kept) -> None:
    for fault in FAULTS:
        if runs := [one for one in kept.runs if one.fault == fault and not one.left_out]:
            write_whole(PAGE.parent / _picture_of(fault), picture(fault, runs).encode())
    write_whole(PAGE, text(kept).encode())


def _picture_of(fault: str) -> str:
    return f"pictures/comparison-{fault}.svg"


def text(kept: Kept) -> str:
    sound = [one for one in kept.runs if not one.left_out]
    left_out = len(kept.runs) - len(sound)
    parts = [HEAD.format(runs=len(sound), each=_each(sound), left_out=left_out, date=kept.date, machine=kept.machine)]
    parts.append("; ".join(f"{name} {version}" for name, version in sorted(kept.versions.items())) + ".\n")
    left = "; ".join(f"{name} ({why})" for name, why in NOT_COMPARED.items())
    parts.append(f"Not compared: {left}.\n")
    parts.append("| Fault of the leading host | What it is |\n|---|---|")
    parts.append("\n".join(f"| {fault} | {what} |" for fault, what in FAULTS.items()) + "\n")
    parts.append("## All in one table\n")
    parts.append(TABLE_WORDS)
    parts.append(_table(sound, _cell))
    parts.append("## One picture a fault\n\nMedians; the line across is from the lowest to the highest run.\n")
    for fault, what in FAULTS.items():
        if any(one.fault == fault for one in sound):
            parts.append(f"![{fault}: {what}; the figures are in the tables below]({_picture_of(fault)})\n")
    for title, (what, measure) in MEASURES.items():
        parts.append(f"## {title}\n\nMedian of {what}; in brackets the lowest and the highest.\n")
        parts.append(_table(sound, partial(_figures, measure)))
    parts.append("## Acknowledged writes that were lost\n")
    parts.append("Of those that were acknowledged, in all runs together; only what has clients is asked.\n")
    parts.append(_table(sound, _lost))
    parts.append(TAIL)
    return "\n".join(parts)


def _each(sound: Sequence[Played]) -> str:
    """How many runs a cell has."""
    numbers = sorted(Counter((one.system, one.fault) for one in sound).values()) or [0]
    return str(numbers[0]) if numbers[0] == numbers[-1] else f"{numbers[0]} to {numbers[-1]}"


def _table(sound: Sequence[Played], cell: Callable[[list[Played]], str]) -> str:
    rows = [f"| System | {' | '.join(FAULTS)} |", f"|---|{'---|' * len(FAULTS)}"]
    for name, subject in SUBJECTS.items():
        runs = [[one for one in sound if (one.system, one.fault) == (name, fault)] for fault in FAULTS]
        rows.append(f"| {subject.title} | {' | '.join(cell(found) if found else '' for found in runs)} |")
    return "\n".join(rows) + "\n"


def _cell(runs: list[Played]) -> str:
    """What is told first of a system under a fault."""
    replaced = _median([run.seen.replaced_s for run in runs])
    noticed = _median([run.seen.noticed_s for run in runs])
    if replaced is not None:
        said = [f"{replaced:.2f} s"]
    else:
        said = [f"noticed {noticed:.2f} s" if noticed is not None else "nothing"]
    two = _median([run.seen.two_s for run in runs])
    said += [f"two for {two:.1f} s"] if two else []
    return "<br>".join([*said, *([f"lost {_lost(runs)}"] if _lost(runs)[0] not in ("0", NONE) else [])])


def _figures(measure: Callable[[Seen], float | None], runs: list[Played]) -> str:
    found = [value for run in runs if (value := measure(run.seen)) is not None]
    if not found:
        return NONE
    middle = f"{statistics.median(found):.2f}"
    return middle if len(found) == 1 or min(found) == max(found) else f"{middle} ({min(found):.2f} to {max(found):.2f})"


def _median(values: Sequence[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return statistics.median(found) if found else None


def _lost(runs: list[Played]) -> str:
    asked = [run.seen for run in runs if run.seen.written is not None]
    return f"{sum(one.lost or 0 for one in asked)} of {sum(one.written or 0 for one in asked)}" if asked else NONE


HEAD = """\
# Comparison: the same faults on every system

<!-- generated by bench/comparison: make comparison -->

Each system as it comes here, with its timers: [systems.md](systems.md) says which, and what is documented of them. So
this compares choices, not quality: who waits longer is wrong less often. Three hosts (five for the split), real
packets; ours at speed 10, its times in protocol seconds; the others in real time. {runs} runs, {each} of each cell that
was played, `make comparison`, {date}, on: {machine}; one lab after the other in each call
of it, the last two calls side by side.
Runs for which the machine was too late prove nothing;
{left_out} left out. Each run is kept in [comparison.json](comparison.json).
"""
TABLE_WORDS = """\
Seconds until another host leads (of Corosync: until the others are members without it; of BFD, which leads nothing:
until another host notices), for how long two led at once, and which acknowledged writes were lost. Medians; an empty
cell was not played yet, and the next `make comparison` plays it.
"""
TAIL = """\
A host that is frozen, or has no power, leads nothing, whatever it said last. keepalived has no quorum and promises no
more than an address: that two hosts have it while they do not hear each other is as documented (RFC 5798). Redis and
Sentinel use network A alone, as etcd and Patroni do; a client on every host writes to the server beside it.
"""
