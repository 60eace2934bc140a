"""Time to the first verdict: from `pytest` on a one-test file until it says passed, on real packets, lab included.

    python -m bench.first_verdict [--rounds 5] [--speed 10] [--json FILE]

Beside it, in the same rounds and by turns: bare pytest on a test that asks for nothing, with our plugin and without;
the same one-test file in the simulation; the lab alone, from nothing until everything in it is started; and the lab
until its cluster is ready (a master elected, all connected, and that for three heartbeats), which at speed 10 is 1.8 s
by the protocol alone. The test is the least there is: `cluster` is handed over, and every checker judges it afterwards.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from herzschlag.cluster import Cluster, Setup

BARE = "def test_it(): pass\n"
ONE = """
import pytest

@pytest.mark.herzschlag(speed={speed:g})
def test_it(cluster):
    assert cluster.master == "host-99"
"""
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def passed(folder: Path, *words: str) -> float:
    """Seconds that pytest takes, from its start to its end; its one test must pass."""
    began = time.monotonic()
    done = subprocess.run([*PYTEST, *words], cwd=folder, capture_output=True, text=True, check=False)
    took_s = time.monotonic() - began
    if done.returncode != 0 or "1 passed" not in done.stdout:
        raise SystemExit(f"{' '.join(words)} did not pass:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return took_s


def lab(speed: float) -> dict[str, float]:
    """The lab without pytest: until everything is started, until it is ready, and its end."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        cluster = Cluster.start(Setup(), speed=speed, directory=Path(folder), ready=False)
        started = time.monotonic()
        cluster.wait_ready()
        ready = time.monotonic()
        cluster.close()
        ended = time.monotonic()
    return {"the lab alone": started - began, "the lab until ready": ready - began, "its end": ended - ready}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    given = parser.parse_args()
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="herzschlag-bench-") as name:
        folder = Path(name)
        (folder / "test_bare.py").write_text(BARE)
        (folder / "test_one.py").write_text(ONE.format(speed=given.speed))
        for _ in range(given.rounds):
            round_s = {
                "first verdict on real packets": passed(folder, "test_one.py"),
                **lab(given.speed),
                "first verdict in the simulation": passed(folder, "test_one.py", "--herzschlag-backend", "simulation"),
                "bare pytest, plugin installed": passed(folder, "test_bare.py"),
                "bare pytest, without the plugin": passed(folder, "test_bare.py", "-p", "no:herzschlag"),
            }
            for what, took_s in round_s.items():
                found.setdefault(what, []).append(took_s)
    lines = [f"One test, 3 hosts, speed {given.speed:g}; medians of {given.rounds} (lowest, highest)", ""]
    lines += [
        f"{what:34}{statistics.median(took):>8.2f} s   ({min(took):.2f}, {max(took):.2f})"
        for what, took in found.items()
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    if given.json is not None:
        given.json.write_text(json.dumps({"speed": given.speed, "rounds": found}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
