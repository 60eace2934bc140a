"""How many schedules, and how long, until exploration finds each planted fault of tests/planted, from nothing.

python -m bench.explore                          every fault, at most two minutes of a processor each
python -m bench.explore --minutes 5              begins no fault after that; the next call goes on
python -m bench.explore "deaf guest" --again     this one anew
python -m bench.explore --only-page              the page, from what is kept; nothing is searched

`--limit` bounds the search for each fault, `--shrink` the time in which what was found is made shorter, both in seconds
of a processor. What came of each is kept in docs/exploring.json as it ends; the table of that goes to standard output
and, with `--page`, into docs/exploring.md. `python -m bench.planted_packets` plays what was found on real packets.

Each fault gets a process of its own, because what a broken core has done to its module lasts as long as the process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench import explored
from bench.evidence import runs
from bench.evidence.pages import put
from bench.evidence.parts import ended
from bench.explored import Told
from herzschlag.exploration import coverage
from herzschlag.exploration.drawing import KINDS
from herzschlag.exploration.exploring import EXAMPLES, KINDS_AT_ONCE
from herzschlag.exploration.playing import play
from herzschlag.exploration.searching import SHRINK_S, Order, Violation, search
from herzschlag.scenarios.to_toml import as_toml
from tests.planted import FAULTS
from tests.planted.plant import in_place

NAMES = tuple(fault.name for fault in FAULTS)
WHOLE = "nothing planted"
PAGE = Path(__file__).resolve().parents[1] / "docs/exploring.md"
PART = "python -m bench.explore --page"


class Asked(NamedTuple):
    """A planted fault, and how long it may take to find."""

    number: int
    """In `FAULTS`, which a process reads itself: patches do not travel. Below 0: nothing is planted."""
    limit_s: float
    """Of a processor."""
    shrink_s: float
    seed: int


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="FAULT", help="planted faults to find; default: all")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds of a processor for each fault")
    parser.add_argument("--shrink", type=float, default=SHRINK_S, help="seconds for making each find shorter; 0: none")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="begin no fault after that")
    parser.add_argument("--again", action="store_true", help="also what was found before")
    parser.add_argument("--page", action="store_true", help="write the table into docs/exploring.md")
    parser.add_argument("--only-page", action="store_true", help="write it from what is kept, and search nothing")
    given = parser.parse_args()
    if strangers := [name for name in given.names if name not in NAMES]:
        raise SystemExit(f"{strangers[0]!r} is not a planted fault: {', '.join(NAMES)}")
    if not given.only_page:
        _search(given)
    kept = explored.read()
    text = explored.table(kept)
    print(f"\n{text}")
    left = len(explored.wanted(NAMES, kept, given.limit, shorter=bool(given.shrink), again=False))
    if left:
        print(f"{left} faults are left: the next call goes on", file=sys.stderr)
    if given.page or given.only_page:
        put(PAGE, PART, text)


def _search(given: argparse.Namespace) -> None:
    until_s = time.monotonic() + given.minutes * 60
    names = given.names or NAMES
    left = explored.wanted(names, explored.read(), given.limit, shorter=bool(given.shrink), again=given.again)
    asked = [Asked(NAMES.index(name), given.limit, given.shrink, given.seed) for name in left]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.jobs, mp_context=context, max_tasks_per_child=1) as pool:
        if not given.names and (given.again or not explored.read().whole_plays):
            told = pool.submit(explore, Asked(-1, given.limit, 0.0, given.seed)).result()
            explored.whole(told)
        for _, told in ended(pool, given.jobs, explore, asked, until_s):
            explored.add(told, NAMES)
            print(explored.row(told), flush=True)


def first_violation(
    until_s: float, generator: random.Random, known: frozenset[str] = frozenset()
) -> tuple[Violation | None, int, Order | None]:
    """Explore until a schedule breaks a rule in a way that is not known, or until this process time. Returns it, how
    many were played, and the batch in which it was."""
    plays, counts = 0, dict[str, int]()
    while (left_s := until_s - time.process_time()) > 0:
        kinds = tuple(coverage.least_seen(counts, tuple(KINDS), KINDS_AT_ONCE, generator))
        number = generator.randrange(1 << 32)
        order = Order(number=number, examples=EXAMPLES, kinds=kinds, known=known, for_s=left_s, shrink_s=0.0)
        batch = search(order, play, time.process_time)
        plays += batch.plays
        counts |= batch.features
        if batch.violations:
            return batch.violations[0], plays, order
    return None, plays, None


def explore(asked: Asked) -> Told:
    """In a process of its own. What the same schedule shows without the planted fault, too, was not found."""
    until_s, began_s = time.process_time() + asked.limit_s, time.process_time()
    name, generator = NAMES[asked.number] if asked.number >= 0 else WHOLE, random.Random(asked.seed)
    planted = FAULTS[asked.number] if asked.number >= 0 else None
    told = Told(name, "", 0, 0.0, asked.limit_s, runs.today(), asked.seed)
    known: frozenset[str] = frozenset()
    while True:
        with in_place(planted) if planted else nullcontext():
            found, plays, order = first_violation(until_s, generator, known)
        took_s = round(time.process_time() - began_s, 2)
        told = msgspec.structs.replace(told, plays=told.plays + plays, took_s=took_s)
        if found is None or order is None:
            return told
        if planted is None or not _whole_too(found):
            break
        known |= {found.signature}
    if asked.shrink_s and planted is not None:
        with in_place(planted):
            longer = msgspec.structs.replace(order, for_s=SHRINK_S, shrink_s=asked.shrink_s)
            shorter = [
                one for one in search(longer, play, time.process_time).violations if one.signature == found.signature
            ]
        found = next((one for one in shorter if not _whole_too(one)), found)
    said = found.signature.partition(":")[0].removesuffix(" violated")
    checker, _, verdict = said.partition(" ")
    return msgspec.structs.replace(
        told,
        checker=f"{checker} ({verdict})" if verdict else checker,
        faults_left=len(found.scenario.steps) if asked.shrink_s else None,
        scenario=as_toml(found.scenario),
    )


def _whole_too(found: Violation) -> bool:
    """Whether agents that are whole break the same rule in this schedule."""
    checker = found.signature.partition(" ")[0]
    played = play(found.scenario)
    return any(one.checker == checker for one in played.bad()) or bool(played.trouble)


if __name__ == "__main__":
    main()
