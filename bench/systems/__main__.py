"""Every scenario of other people's systems, as root and as an ordinary user: docs/systems-check.md.

    python -m bench.systems [--minutes N] [--system NAME ...] [--who root] [--jobs N]   plays what is not kept yet
    python -m bench.systems --page                                                     the page alone

All of it takes hours, in real time; with --minutes it begins no run after that, and the next call goes on. Runs are
kept in docs/systems-check.json. A run for which the machine was late proves nothing: it is kept as such, and the next
call plays another. Exit status 1 if a run of now is violated, or left something behind.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from bench.evidence.parts import ended
from bench.systems import cells, kept, page
from bench.systems.play import played
from herzschlag.backends.mininet.needs import programs
from herzschlag.systems.finding import shipped, system_named
from tests.support import ordinary_user

REPEAT = 3


def versions(system: str) -> dict[str, str]:
    """Debian's version of each package of the system."""
    found = {}
    for package in system_named(system).packages.values():
        done = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            found[package] = done.stdout
    return found


def playable(systems: list[str]) -> list[str]:
    """Those whose programs are on this machine; the others are named."""
    there = []
    for name in systems:
        if lacking := [one.what for one in programs(system_named(name))]:
            print(f"{name} is left out: {', '.join(lacking)} not on this machine: make systems", file=sys.stderr)
        else:
            there.append(name)
    return there


def who_can(wanted: Collection[cells.Who]) -> list[cells.Who]:
    """Of these those who can here; the others are named."""
    reasons = {
        "root": "this is not root" if os.geteuid() != 0 else "",
        "user": ordinary_user.impossible() if os.geteuid() == 0 else "",
    }
    for name in wanted:
        if reasons[name]:
            print(f"runs by {name} are left out: {reasons[name]}", file=sys.stderr)
    return [name for name in wanted if not reasons[name]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=REPEAT, help="runs of each scenario by each of the two")
    parser.add_argument("--system", nargs="*", choices=shipped(), default=[*shipped()])
    parser.add_argument("--who", nargs="*", choices=cells.WHO, default=[*cells.WHO], help="who plays them")
    parser.add_argument("--jobs", type=int, default=2, help="labs beside each other")
    parser.add_argument("--minutes", type=float, default=24 * 60.0)
    parser.add_argument("--page", action="store_true")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    everything = cells.cases()
    wrong = 0
    if not given.page:
        until_s = time.monotonic() + given.minutes * 60
        there = playable(given.system)
        mine = [one for one in everything if one.system in there]
        tries = cells.wanted(mine, kept.read().runs, given.repeat, who_can(given.who))
        print(f"{len(tries)} runs are not kept yet", flush=True)
        with ThreadPoolExecutor(given.jobs) as pool:
            for one, run in ended(pool, given.jobs, played, tries, until_s):
                kept.add(run, versions(one.case.system), everything)
                wrong += run.wrong
                told = run.left_out or run.because or run.verdict
                print(f"{run.scenario:<45} {run.who} {run.number}: {told} {' '.join(run.left)}", flush=True)
    page.write(kept.still(kept.read(), everything), kept.still(kept.elsewhere(), everything), everything)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
