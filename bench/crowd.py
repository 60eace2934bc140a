"""A thousand hosts in virtual time: simulated seconds per second of one core, and what it takes until they settled.

    python -m bench.crowd [--hosts 1000] [--rounds 3] [--old ../old]

Plain Python and compiled (`make compiled`), and another checkout beside them where one is given (git worktree add
../old COMMIT), by turns, each in a process of its own, with this checkout's Python and libraries. Processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from herzschlag.compiled.folder import folder, unfit

ROOT = Path(__file__).resolve().parents[1]
LENGTH_S = 5
WANTED = 4
"""Times as fast as at commit e407a75."""
PLAYED = """
import gc, json, sys, time
if sys.argv[2] == "compiled":
    from herzschlag.compiled import serving
    assert serving.use(), serving.why_not()
from bench.simulation import warmed_up
began = time.process_time()
cluster = warmed_up(int(sys.argv[1]))
warm_s, found = time.process_time() - began, []
for _ in range(5):
    gc.collect()
    began = time.process_time()
    cluster.run_for(int(sys.argv[3]) * 1_000_000_000)
    found.append(int(sys.argv[3]) / (time.process_time() - began))
print(json.dumps([sorted(found)[2], warm_s]))
"""
"""What every checkout since e407a75 can play: its own benchmark's cluster."""


def played(checkout: Path, how: str, hosts: int) -> tuple[float, float]:
    """Simulated seconds a second, and seconds until the cluster had settled."""
    told = subprocess.run(
        [sys.executable, "-P", "-c", PLAYED, str(hosts), how, str(LENGTH_S)],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout), "HERZSCHLAG_PURE": "0" if how == "compiled" else "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode != 0:
        raise SystemExit(f"{checkout}, {how}: {told.stderr}")
    speed, warm_s = json.loads(told.stdout)
    return speed, warm_s


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--old", type=Path, help="another checkout")
    given = parser.parse_args()
    ways = {f"{given.old.name} (the old one)": (given.old.resolve(), "plain")} if given.old else {}
    ways["this one, plain Python"] = (ROOT, "plain")
    where = folder()
    if where is None or unfit(where):
        print(f"Compiled: not measured ({'not built' if where is None else unfit(where)}: make compiled)")
    else:
        ways["this one, compiled"] = (ROOT, "compiled")
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, (checkout, how) in ways.items():
            found[name].append(played(checkout, how, given.hosts))
    print(f"{given.hosts} hosts: simulated seconds per second of one core; medians of {given.rounds}")
    print(f"{'':28}{'at rest':>9}{'lowest and highest':>20}{'ratio':>7}{'until settled, s':>18}")
    base = 0.0
    for name, rounds in found.items():
        speeds = [speed for speed, _ in rounds]
        median = statistics.median(speeds)
        base = base or median
        between = f"{min(speeds):.1f} - {max(speeds):.1f}"
        warm_s = statistics.median(seconds for _, seconds in rounds)
        print(f"{name:28}{median:>9.1f}{between:>20}{median / base:>7.2f}{warm_s:>18.1f}")
    if given.old:
        print(f"wanted: {WANTED} times the old one, which is to be commit e407a75")


if __name__ == "__main__":
    main()
