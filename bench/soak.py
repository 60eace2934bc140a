"""Endurance: runs in a row, labs killed at random moments, a large lab under faults; what is left: `make soak`.

python -P bench/soak.py [--seconds 7200] [--jobs N] [--seed N] [--runs 1000] [--kills 200] [--hosts 64]

Bounded by time: two hours are enough for all of it on two processors; with less, the parts become shorter in
proportion, and the page says what was not reached. The large lab lasts half of the time and needs a fifth of a
processor, so it starts first and the runs go on beside it; kills come last. It writes a part of docs/reliability.md and
a JSON file beside it, also when Ctrl-C ends it. Exit status 1 if a verdict is neither right nor unknown, or if anything
of ours is left.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the checkout, for bench and tests.support

from bench.evidence.pages import put  # noqa: E402
from tests.support.soak import endurance, kills, machine, page, runs  # noqa: E402

PAGE = ROOT / "docs/reliability.md"
RESULT = PAGE.with_suffix(".json")
PART = "make soak"
WHOLE_S = 7200.0
"""The time in which all parts are whole."""
LARGE_SHARE, RUNS_SHARE = 0.5, 0.85
"""Of the time: the large lab's, from the start; when the runs end at the latest, and kills begin."""
LOOK_EVERY = 10
"""Kills between two looks at the machine."""


class Soak:
    """All of it, with what was found so far."""

    def __init__(self, given: argparse.Namespace, home: Path) -> None:
        self.given, self.home = given, home
        self.began = time.monotonic()
        here = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} processors, "
        here += f"kernel {platform.release().partition('-')[0]}"
        command = f"make soak SECONDS={given.seconds:g} JOBS={given.jobs}"
        self.found = page.Found(command=command, machine=here, budget_s=given.seconds)
        self.before = machine.names()
        self.large: endurance.Large | None = None

    def play(self) -> None:
        given, found = self.given, self.found
        share = min(1.0, given.seconds / WHOLE_S)
        self.look("before")
        if given.hosts:
            seconds = given.seconds * LARGE_SHARE
            self.large = endurance.Large(self.home, hosts=given.hosts, seconds=seconds, seed=given.seed)
        runs_until = self.began + given.seconds * RUNS_SHARE
        found.runs = runs.Runs(given.runs)
        batch = max(2 * given.jobs, round(runs.BATCH * share))
        runs.play(
            found.runs,
            self.tell_runs,
            seed=given.seed,
            jobs=given.jobs,
            home=self.home,
            deadline_s=runs_until,
            batch=batch,
        )
        self.kill(max(1, round(given.kills * share)) if given.kills else 0)
        if self.large is not None:
            found.large = self.large.wait(self.began + given.seconds)
            self.large = None
            self.look("the large lab has ended")
        found.complete = True

    def kill(self, count: int) -> None:
        found = self.found.kills = kills.Killed(self.given.kills)
        began = time.monotonic()
        deadline = self.began + self.given.seconds
        todo = kills.kills(count, self.given.seed)
        with ThreadPoolExecutor(self.given.jobs) as pool:
            while todo and time.monotonic() < deadline:
                now, todo = todo[:LOOK_EVERY], todo[LOOK_EVERY:]
                for ended in as_completed([pool.submit(kills.kill, one, self.home) for one in now]):
                    kills.add(found, ended.result())
                found.seconds = round(time.monotonic() - began, 1)
                self.look(f"{found.played} of {count} labs killed, {len(found.wrong)} wrong, {len(found.left)} left")

    def tell_runs(self, found: runs.Runs) -> None:
        told = f"{found.played} of {found.wanted} runs: {found.held} hold, {found.unknown} unknown, "
        self.look(f"{told}{len(found.wrong)} wrong, {len(found.left)} left")

    def look(self, what: str) -> None:
        now = machine.figures(self.began)
        self.found.looks.append(now)
        beside = ", the large lab beside" if self.large is not None and self.large.runs else ""
        print(
            f"{now.at_s:7.0f} s  {what}{beside}; {now.descriptors} descriptors, {now.memory_available:,} MB available, "
            f"{now.net_namespaces} network namespaces, {now.mounts} mounts",
            flush=True,
        )

    def end(self) -> None:
        """Everything of ours has ended, by itself or because we were interrupted: what is left?"""
        if self.large is not None:
            self.large.interrupt()
            self.found.large = self.large.end()
        self.look("after")
        self.found.left, others = machine.new(self.before, machine.names())
        self.found.others = len(others)
        for what in others:
            print(f"came meanwhile, not of ours: {what}")


def write(found: page.Found) -> None:
    put(PAGE, PART, f"{page.text(found)}\n")
    RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=WHOLE_S)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--hosts", type=int, default=64, help="of the large lab; 0: none")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell begins with it ignored
    home = Path(tempfile.mkdtemp(prefix="herzschlag-soak-"))
    soak = Soak(given, home)
    try:
        soak.play()
    except KeyboardInterrupt:
        print("interrupted; everything so far is written", flush=True)
    finally:
        soak.end()
        write(soak.found)
    wrong = soak.found.wrong
    for what in wrong:
        print(f"WRONG  {what}")
    if not wrong:
        shutil.rmtree(home)
    print(f"{len(wrong)} wrong or left over{f'; kept in {home}' if wrong else ''}; {PAGE} and {RESULT} are written")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
