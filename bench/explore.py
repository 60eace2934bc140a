"""How many schedules, and how long, until exploration finds each planted fault of tests/planted, from nothing.

python -m bench.explore                     every fault, at most two minutes each
python -m bench.explore --limit 30 --first 10
"""

from __future__ import annotations

import argparse
import random
import time

from herzschlag.exploration import coverage
from herzschlag.exploration.drawing import KINDS
from herzschlag.exploration.playing import play
from herzschlag.exploration.searching import Order, search
from tests.planted import FAULTS
from tests.planted.plant import Planted, in_place


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for each fault")
    parser.add_argument("--first", type=int, default=len(FAULTS), help="so many faults")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print("| Planted fault | Found by | Schedules | Seconds | Faults left |")
    print("|---|---|---|---|---|")
    found = 0
    faults = FAULTS[given.skip : given.skip + given.first]
    for fault in faults:
        told, hit = _explore(fault, given.limit, given.seed)
        found += hit
        print(told, flush=True)
    print(f"\n{found} of {len(faults)} found, at most {given.limit:g} s each")


def _explore(fault: Planted, limit_s: float, seed: int) -> tuple[str, bool]:
    began_s, plays, counts = time.process_time(), 0, dict[str, int]()
    generator = random.Random(seed)
    with in_place(fault):
        while (left_s := began_s + limit_s - time.process_time()) > 0:
            kinds = tuple(coverage.least_seen(counts, tuple(KINDS), 6, generator))
            order = Order(
                number=generator.randrange(1 << 32), examples=40, kinds=kinds, for_s=10 * left_s, shrink_s=0.0
            )
            batch = search(order, play)
            plays += batch.plays
            counts |= batch.features
            if batch.violations:
                first = batch.violations[0]
                took_s = time.process_time() - began_s
                row = f"{first.signature.partition(':')[0]} | {plays} | {took_s:.1f} | {len(first.scenario.steps)}"
                return f"| {fault.name} | {row} |", True
    return f"| {fault.name} | not found | {plays} | {time.process_time() - began_s:.0f} | |", False


if __name__ == "__main__":
    main()
