"""Every shipped scenario on both backends, compared: `make cases`.

python -P bench/cases.py [--jobs N] [--repeat N] [--out FOLDER] [--played FOLDER] [NAME ...]

It runs the simulation, then real packets, compares each pair (`herzschlag compare`), has tshark dissect every datagram
of every capture, prints one line for each scenario, and writes the results to docs/cases.json and docs/cases.md. Exit
status 1 if a verdict is not `holds`, a pair differs, or a datagram does not decode; a scenario that this machine's
kernel cannot run is skipped with the reason. It takes some ten minutes on two cores. `--repeat N` repeats it N times,
and verdicts must be the same. `--played` takes the real-packet runs that lie there, as `make gallery` leaves them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from herzschlag.compare import compare
from herzschlag.history.capture_facts import CAPTURE_FILE
from herzschlag.history.records import read_history
from herzschlag.packets.dissector import dissector
from herzschlag.running.run_file import HISTORY_FILE, RUN_FILE, read_report
from herzschlag.scenarios.from_toml import load, shipped

HERE = Path(__file__).resolve().parent


def run(names: list[str], backend: str, jobs: int, out: Path) -> tuple[dict[str, Any], float]:
    """Scenario to its report, and how long all took, seconds."""
    command = [sys.executable, "-m", "herzschlag", "run", *names, "--backend", backend]
    command += ["--jobs", str(jobs), "--out", str(out), "--json", "--no-report"]
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
    document = json.loads(done.stdout)
    return {report["scenario"]: report for report in document["runs"]}, time.monotonic() - began


def played(folder: Path) -> dict[str, Any]:
    """Scenario to the report of its newest run on real packets in this folder."""
    files = sorted(folder.rglob(RUN_FILE), key=lambda file: file.stat().st_mtime)
    reports = [json.loads(file.read_text()) | {"directory": str(file.parent)} for file in files]
    return {report["scenario"]: report for report in reports if report["backend"] == "mininet"}


def parity(left: dict[str, Any], right: dict[str, Any]) -> str:
    """The first difference of two runs, or nothing."""
    if left["verdict"] != right["verdict"]:
        return f"{left['verdict']} and {right['verdict']}: {right['because'] or left['because']}"
    histories = [read_history(Path(side["directory"]) / HISTORY_FILE) for side in (left, right)]
    return compare(*histories).because


GOOD_TAG = "1"
TROUBLE = ("herzschlag.malformed", "_ws.malformed", "_ws.lua.error")
"""Empty for a datagram that is in order."""


def dissect(directory: Path, home: Path) -> tuple[int, int]:
    """(datagrams, those that are malformed or whose tag is not the run's), by tshark with our dissector."""
    script = home / "herzschlag.lua"
    script.write_text(dissector(), encoding="utf-8")
    facts = read_report(directory).capture
    command = ["tshark", "-X", f"lua_script:{script}", "-r", str(directory / CAPTURE_FILE), "-Y", "herzschlag && !icmp"]
    command += [] if facts is None else ["-o", f"herzschlag.key:{facts.key}"]
    command += ["-T", "fields", *(word for name in ("herzschlag.tag.status", *TROUBLE) for word in ("-e", name))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "HOME": str(home)})
    rows = done.stdout.splitlines()
    return len(rows), sum(row != GOOD_TAG + "\t" * len(TROUBLE) for row in rows)


def dissect_all(directories: list[Path]) -> int:
    """How many datagrams are not in order; prints how many there are."""
    if shutil.which("tshark") is None:
        print("captures not dissected: tshark is missing: sudo apt-get install tshark")
        return 0
    with tempfile.TemporaryDirectory(prefix="herzschlag-dissect-") as home:
        counts = [dissect(directory, Path(home)) for directory in directories]
    bad = sum(count for _, count in counts)
    print(
        f"{len(counts)} captures: tshark dissected {sum(count for count, _ in counts):,} datagrams, {bad} not in order"
    )
    return bad


def once(names: list[str], options: argparse.Namespace, dissected: bool) -> tuple[dict[str, list[str]], float, int]:
    """Scenario to its verdict on each backend, how long real packets took (seconds), how many are wrong."""
    virtual, virtual_s = run(names, "simulation", 1, options.out)
    real, real_s = (played(options.played), 0.0) if options.played else run(names, "mininet", options.jobs, options.out)
    if missing := virtual.keys() - real.keys():
        raise SystemExit(f"{options.played} has no run on real packets of {', '.join(sorted(missing))}")
    wrong = skipped = 0
    for name, report in virtual.items():
        other = real[name]
        if other["status"] == "unavailable":
            skipped += 1
            told = f"simulation {report['verdict']}, real packets skipped: {other['because']}"
            wrong += report["verdict"] != "holds"
        else:
            difference = parity(report, other)
            wrong += bool(difference) or report["verdict"] != "holds"
            told = difference or f"{report['verdict']} on both, in parity"
        print(f"{name:<40} {told}", flush=True)
    if dissected:
        # Where a scenario damages packets, its capture has some that are not in order, as asked for.
        sound = [report for name, report in real.items() if not re.search(r"^corrupt\b", load(name).text, re.MULTILINE)]
        ran = [Path(report["directory"]) for report in sound if report["status"] != "unavailable"]
        wrong += bool(dissect_all([directory for directory in ran if (directory / CAPTURE_FILE).exists()]))
    print(
        f"{len(virtual)} scenarios: simulation {virtual_s:.1f} s, real packets {real_s:.0f} s, "
        f"{skipped} skipped there, {wrong} wrong",
        flush=True,
    )
    return {name: [report["verdict"], real[name]["verdict"]] for name, report in virtual.items()}, real_s, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/cases"))
    parser.add_argument("--played", type=Path, help="a folder of runs on real packets, in place of playing them")
    given = parser.parse_args()
    names = given.names or list(shipped())
    verdicts, seconds, wrong = [], [], 0
    for repetition in range(given.repeat):
        found, real_s, bad = once(names, given, dissected=repetition == 0)
        verdicts.append(found)
        seconds.append(real_s)
        wrong += bad
    if given.repeat > 1:
        changed = [name for name in verdicts[0] if any(one[name] != verdicts[0][name] for one in verdicts)]
        told = f"verdicts differ: {', '.join(changed)}" if changed else "the same verdicts every time"
        print(f"{given.repeat} repetitions, real packets {min(seconds):.0f} to {max(seconds):.0f} s each: {told}")
        wrong += len(changed)
    subprocess.run(
        [sys.executable, "-P", HERE.parent / "docs/generate/cases.py", given.out, *filter(None, [given.played])],
        check=True,
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
