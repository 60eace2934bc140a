"""Every kind of process of a lab, stopped for a while at every moment: `make stops`, and the table it makes.

python -P bench/stops.py [--jobs N] [--seconds S ...]

Each run is slave-failure at speed 10 on real packets, in which one process gets SIGSTOP, and later SIGCONT. It prints a
line for each, and writes the table of docs/reliability.md. Then the same with an expectation that is false. Exit status
1 if a verdict is `violated`, with the false expectation `holds`, or if there was no such process to be stopped.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, for bench and tests.support

from bench.evidence.pages import put
from tests.support.stops import MOMENTS, SECONDS, VICTIMS, Ended, Stop, play

PAGE = Path(__file__).resolve().parents[1] / "docs/reliability.md"
PART = "make stops"
FALSE_SECONDS = (2.0,)
"""Of the stops beside a false expectation: long enough to matter at speed 10, and short enough that the run goes on."""


def table(ended: list[Ended], seconds: tuple[float, ...]) -> str:
    """A row for each kind of process, a column for each moment, a verdict for each length."""
    false = [one for one in ended if one.stop.false]
    ended = [one for one in ended if not one.stop.false]
    found = {one.stop: one for one in ended}
    told = "/".join(f"{s:g}" for s in seconds)
    here = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, kernel {platform.release().partition('-')[0]}"
    lines = [
        f"{len(ended)} runs, {sum(e.verdict == 'violated' for e in ended)} violated, "
        f"{sum(e.verdict == 'holds' for e in ended)} hold, {sum(e.verdict == 'unknown' for e in ended)} unknown; "
        f"stops of {told} s, in this order. {here}.",
        "",
        f"| Stopped | {' | '.join(MOMENTS)} |",
        f"|---|{'---|' * len(MOMENTS)}",
    ]
    for victim in VICTIMS:
        cells = [
            " / ".join(found[Stop(victim, moment, s)].verdict for s in seconds if Stop(victim, moment, s) in found)
            for moment in MOMENTS
        ]
        lines.append(f"| {victim} | {' | '.join(cells)} |")
    if false:
        lines += [
            "",
            f"The same with an expectation that is false (no VM of the dead host is restarted): {len(false)} runs, "
            f"{sum(e.verdict == 'holds' for e in false)} hold, {sum(e.verdict == 'violated' for e in false)} violated, "
            f"{sum(e.verdict == 'unknown' for e in false)} unknown.",
        ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, nargs="+", default=list(SECONDS))
    arguments = parser.parse_args()
    seconds = tuple(arguments.seconds)
    stops = [
        *(Stop(*one) for one in product(VICTIMS, MOMENTS, seconds)),
        *(Stop(*one, false=True) for one in product(VICTIMS, MOMENTS, FALSE_SECONDS)),
    ]
    home = Path(tempfile.mkdtemp(prefix="herzschlag-stops-"))
    ended: list[Ended] = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for one in pool.map(lambda stop: play(stop, home), stops):
            ended.append(one)
            mark = "WRONG" if one.wrong else ""
            stop = one.stop
            print(
                f"{stop.victim:<14} {stop.moment:<9} {stop.seconds:>5g} s  {'false' if stop.false else '':<5} "
                f"{one.verdict:<9} {mark} {one.because[:90]}"
            )
            sys.stdout.flush()
    wrong = [one for one in ended if one.wrong]
    if not wrong:
        shutil.rmtree(home)
    put(PAGE, PART, f"{table(ended, seconds)}\n")
    print(f"{len(wrong)} of {len(ended)} wrong" + (f"; their runs are in {home}" if wrong else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
