"""A campaign on real packets that is killed twice, and what it comes to: is anything lost, or played twice?

python -m bench.campaign --runs 200 --jobs 2
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from herzschlag.campaign.folder import Folder
from herzschlag.campaign.matrix import load_campaign
from herzschlag.campaign.statistics import outliers, unsteady

SCENARIOS = ("normal", "slave-failure", "master-failure", "isolation", "partition")
KILLED_AT = (1 / 3, 2 / 3)
POLL_S = 0.2
PATIENCE_S = 7200.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="a multiple of the five situations")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--speed", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="herzschlag-campaign-") as folder:
        measure(Path(folder), options.runs, options.jobs, options.speed)


def measure(folder: Path, runs: int, jobs: int, speed: float) -> None:
    file, out = folder / "many.toml", folder / "out"
    seeds = max(1, runs // len(SCENARIOS))
    file.write_text(
        f'name = "check"\n[[matrix]]\nscenarios = {list(SCENARIOS)}\nseeds = "0-{seeds - 1}"\nspeeds = [{speed}]\n'
    )
    campaign = load_campaign(file)
    number = len(campaign.cells)
    command = [sys.executable, "-m", "herzschlag", "campaign", str(file), "--out", str(out), "--jobs", str(jobs)]
    command.append("--no-report")
    written: dict[str, int] = {}
    began = time.monotonic()
    for share in (*KILLED_AT, 1.0):
        with (folder / "output.txt").open("ab") as sink:
            process = subprocess.Popen(command, stdout=sink, stderr=sink)
        try:
            wanted = int(number * share)
            while process.poll() is None and (share == 1 or len(there(out)) < wanted):
                assert time.monotonic() - began < PATIENCE_S, f"{len(there(out))} of {number} after {PATIENCE_S:g} s"
                time.sleep(POLL_S)
        finally:
            if share < 1:
                process.kill()
            process.wait()
        now = there(out)
        again = [name for name, stamp in written.items() if now.get(name) != stamp]
        print(f"  {len(now)} of {number} complete, {len(again)} of the earlier ones written again")
        written = now
    took_s = time.monotonic() - began
    found = list(Folder(out, campaign).there())
    verdicts = Counter(run.entry.file.verdict for run in found)
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    print(f"  {number} runs on {jobs} workers at speed {speed:g}, killed {len(KILLED_AT)} times: {told}")
    print(f"  {took_s:.0f} s, {number / took_s * 3600:,.0f} runs an hour with what the kills cost")
    print(f"  {len(unsteady(found))} do not repeat, {len(outliers(found))} outliers")
    for because in dict.fromkeys(run.entry.file.because for run in found if run.entry.file.verdict != "holds"):
        print(f"  {because[:300]}")
    if len(found) != number or not all(run.complete for run in found):
        sys.exit("the campaign is not complete")


def there(out: Path) -> dict[str, int]:
    """Complete runs, each with when it was written."""
    found = {}
    for path in out.glob("[!.]*/run.json"):
        with contextlib.suppress(OSError):
            found[path.parent.name] = path.stat().st_mtime_ns
    return found


if __name__ == "__main__":
    main()
