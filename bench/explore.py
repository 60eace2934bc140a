"""How many schedules, and how long, until exploration finds each planted fault of tests/planted, from nothing.

python -m bench.explore                          every fault, at most two minutes of a processor each
python -m bench.explore --limit 10 --shrink 0    a bound of ten seconds, and nothing is made shorter
python -m bench.explore --minutes 5              begins no fault after that; the next call with the same bounds goes on
python -m bench.explore "deaf guest" "loss not noticed"    these alone

`--limit` bounds the search for each fault, `--shrink` the time in which what was found is made shorter. The table goes
to standard output and, with `--page` and once every fault was tried, into docs/exploring.md.

Each fault gets a process of its own, because what a broken core has done to its module lasts as long as the process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from typing import NamedTuple

import msgspec

from bench.evidence import runs
from bench.evidence.parts import ROOT, Parts, ended
from herzschlag.exploration import coverage
from herzschlag.exploration.drawing import KINDS
from herzschlag.exploration.exploring import EXAMPLES, KINDS_AT_ONCE
from herzschlag.exploration.playing import play
from herzschlag.exploration.searching import SHRINK_S, Order, Violation, search
from tests.planted import FAULTS
from tests.planted.plant import in_place

WHOLE = "nothing planted"
KEPT = ROOT / "build/explored-planted.jsonl"
PAGE = ROOT / "docs/exploring.md"
BEGIN, END = "<!-- python -m bench.explore --page: begin -->", "<!-- python -m bench.explore --page: end -->"


class Asked(NamedTuple):
    """A planted fault, and how long it may take to find."""

    number: int
    """In `FAULTS`, which a process reads itself: patches do not travel. Below 0: nothing is planted."""
    limit_s: float
    """Of a processor."""
    shrink_s: float
    seed: int


class Told(msgspec.Struct, frozen=True):
    """What came of the search for one fault."""

    checker: str
    """That found it, with `(unknown)` where it said no more; empty: it was not found."""
    plays: int
    took_s: float
    faults_left: int | None = None
    """None: it was not made shorter."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="FAULT", help="planted faults to find; default: all")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds of a processor for each fault")
    parser.add_argument("--shrink", type=float, default=SHRINK_S, help="seconds for making each find shorter; 0: none")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="begin no fault after that")
    parser.add_argument("--page", action="store_true", help="write the table into docs/exploring.md")
    given = parser.parse_args()
    until_s = time.monotonic() + given.minutes * 60
    bounds = f"seed {given.seed}, {given.limit:g} s of a processor, {given.shrink:g} s to make it shorter"
    parts = Parts(KEPT, bounds, Told)
    asked = [Asked(n, given.limit, given.shrink, given.seed) for n, f in enumerate(FAULTS) if f.name not in parts.found]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.jobs, mp_context=context, max_tasks_per_child=1) as pool:
        if WHOLE not in parts.found:
            parts.add(WHOLE, pool.submit(_explore, Asked(-1, given.limit, 0.0, given.seed)).result())
        if parts.found[WHOLE].checker:
            raise SystemExit(f"without a planted fault the same search ends, too: {row(WHOLE, parts.found[WHOLE])}")
        for one, told in ended(pool, given.jobs, _explore, asked, until_s):
            parts.add(FAULTS[one.number].name, told)
            print(row(FAULTS[one.number].name, told), flush=True)
    how = f"{parts.when()}, {runs.machine()}; at most {given.limit:g} s of a processor each, seed {given.seed}"
    text = table(parts.found, how)
    print(f"\n{text}")
    left = sum(fault.name not in parts.found for fault in FAULTS)
    if left:
        print(f"{left} faults are left: the next call goes on", file=sys.stderr)
    elif given.page:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{rest.partition(END)[2]}", encoding="utf-8")


def table(found: Mapping[str, Told], how: str) -> str:
    """Of those that were tried, in the order of tests/planted."""
    rows = [row(fault.name, found[fault.name]) for fault in FAULTS if fault.name in found]
    hits = [found[fault.name] for fault in FAULTS if fault.name in found and found[fault.name].checker]
    most = max((one.faults_left for one in hits if one.faults_left is not None), default=None)
    shorter = "" if most is None else f", made shorter to at most {most} faults"
    if WHOLE in found:
        how += f"; {found[WHOLE].plays} schedules without a planted fault broke no rule"
    lines = [
        f"{len(hits)} of {len(rows)} planted faults found{shorter} ({how}).",
        "",
        "| Planted fault | Found by | Schedules | Seconds | Faults left |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]
    return "\n".join(lines)


def row(name: str, told: Told) -> str:
    left = "" if told.faults_left is None else told.faults_left
    return f"| {name} | {told.checker or '-'} | {told.plays} | {told.took_s:.1f} | {left} |"


def first_violation(until_s: float, generator: random.Random) -> tuple[Violation | None, int, Order | None]:
    """Explore until a schedule breaks a rule, or until this process time. Returns it, how many were played, and the
    batch in which it was."""
    plays, counts = 0, dict[str, int]()
    while (left_s := until_s - time.process_time()) > 0:
        kinds = tuple(coverage.least_seen(counts, tuple(KINDS), KINDS_AT_ONCE, generator))
        number = generator.randrange(1 << 32)
        order = Order(number=number, examples=EXAMPLES, kinds=kinds, for_s=left_s, shrink_s=0.0)
        batch = search(order, play)
        plays += batch.plays
        counts |= batch.features
        if batch.violations:
            return batch.violations[0], plays, order
    return None, plays, None


def _explore(asked: Asked) -> Told:
    began_s = time.process_time()
    with in_place(FAULTS[asked.number]) if asked.number >= 0 else nullcontext():
        found, plays, order = first_violation(began_s + asked.limit_s, random.Random(asked.seed))
        took_s = time.process_time() - began_s
        if found is None or order is None:
            return Told("", plays, took_s)
        said = found.signature.partition(":")[0].removesuffix(" violated")
        checker, _, verdict = said.partition(" ")
        told = Told(f"{checker} ({verdict})" if verdict else checker, plays, took_s)
        if not asked.shrink_s:
            return told
        shorter = search(msgspec.structs.replace(order, for_s=SHRINK_S, shrink_s=asked.shrink_s), play)
    same = [one for one in shorter.violations if one.signature == found.signature] or [found]
    return msgspec.structs.replace(told, faults_left=len(same[0].scenario.steps))


if __name__ == "__main__":
    main()
