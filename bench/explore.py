"""How many schedules, and how long, until exploration finds each planted fault of tests/planted, from nothing.

python -m bench.explore                     every fault, at most two minutes of a processor each
python -m bench.explore --limit 60 --shrink 5 --first 10 --jobs 1

`--limit` bounds the search for each fault, `--shrink` the time in which what was found is made shorter.

Each fault gets a process of its own, because what a broken core has done to its module lasts as long as the process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import msgspec

from herzschlag.exploration import coverage
from herzschlag.exploration.drawing import KINDS
from herzschlag.exploration.exploring import EXAMPLES, KINDS_AT_ONCE
from herzschlag.exploration.playing import play
from herzschlag.exploration.searching import SHRINK_S, Order, Violation, search
from tests.planted import FAULTS
from tests.planted.plant import in_place


class Asked(NamedTuple):
    """A planted fault, and how long it may take to find."""

    number: int
    """In `FAULTS`, which a process reads itself: patches do not travel."""
    limit_s: float
    """Of a processor."""
    shrink_s: float
    seed: int


class Told(NamedTuple):
    row: str
    found: bool
    faults_left: int


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--limit", type=float, default=120.0, help="seconds of a processor for each fault")
    parser.add_argument("--shrink", type=float, default=SHRINK_S, help="seconds for making each find shorter")
    parser.add_argument("--first", type=int, default=len(FAULTS), help="so many faults")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    print("| Planted fault | Found by | Schedules | Seconds | Faults left |")
    print("|---|---|---|---|---|")
    numbers = range(len(FAULTS))[given.skip : given.skip + given.first]
    asked = [Asked(n, given.limit, given.shrink, given.seed) for n in numbers]
    told: list[Told] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.jobs, mp_context=context, max_tasks_per_child=1) as pool:
        for one in pool.map(_explore, asked):
            print(one.row, flush=True)
            told.append(one)
    found = [one for one in told if one.found]
    most = max((one.faults_left for one in found), default=0)
    print(f"\n{len(found)} of {len(told)} found, at most {given.limit:g} s each; made shorter to at most {most} faults")


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
    fault = FAULTS[asked.number]
    began_s = time.process_time()
    with in_place(fault):
        found, plays, order = first_violation(began_s + asked.limit_s, random.Random(asked.seed))
        took_s = time.process_time() - began_s
        if found is None or order is None:
            return Told(f"| {fault.name} | not found | {plays} | {took_s:.0f} | |", False, 0)
        shorter = search(msgspec.structs.replace(order, for_s=SHRINK_S, shrink_s=asked.shrink_s), play)
    same = [one for one in shorter.violations if one.signature == found.signature] or [found]
    left = len(same[0].scenario.steps)
    return Told(f"| {fault.name} | {found.signature.partition(':')[0]} | {plays} | {took_s:.1f} | {left} |", True, left)


if __name__ == "__main__":
    main()
