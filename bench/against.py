"""This checkout beside another one, an older commit say, in one run: what a change costs or saves.

    git worktree add ../old COMMIT && make -C ../old setup
    python -m bench.against ../old [--rounds 5] [--only simulation,lab,agents,cuts]

Every figure is measured in both checkouts by turns, with the benchmarks each of them has, so that a busy moment of the
machine hits both. The medians and their ratio are printed; a figure that is more than 5 % worse is marked, and the exit
status is then 1. Ratios of single rounds vary by several percent on a machine that does other work: look at them before
blaming a change.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
WORSE_RATIO_MAX = 1.05
ROUND_S_MAX = 600


def bench(checkout: Path, name: str, *words: str) -> str:
    """Standard output of one of a checkout's benchmarks. Some end with 1 when a wish of theirs is not met."""
    command = [str(checkout / ".venv/bin/python"), "-m", f"bench.{name}", *words]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=ROUND_S_MAX, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def written(checkout: Path, name: str, *words: str) -> dict[str, dict[str, dict[str, float]]]:
    """What a benchmark writes with `--json`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        said = bench(checkout, name, *words, "--json", str(file))
        if not file.exists():
            raise SystemExit(f"bench.{name} in {checkout} wrote no figures:\n{said}")
        found: dict[str, dict[str, dict[str, float]]] = json.loads(file.read_text(encoding="utf-8"))
        return found


def simulation(checkout: Path) -> Iterator[tuple[str, float]]:
    said = bench(checkout, "simulation", "--quick", "--without-simloom", "--without-compiled")
    for hosts, rate in re.findall(r"^ +(3|8|64|1000) +([\d,]+) ", said, re.MULTILINE):
        yield f"simulation, {hosts} hosts: us of processor time a simulated second", 1e6 / float(rate.replace(",", ""))


def lab(checkout: Path) -> Iterator[tuple[str, float]]:
    for hosts in (3, 64):
        ours = written(checkout, "lab", "--hosts", str(hosts), "--rounds", "1")["median"]["ours"]
        yield f"lab up, {hosts} hosts: ms", ours["up_s"] * 1e3
        yield f"lab down, {hosts} hosts: ms", ours["down_s"] * 1e3


def agents(checkout: Path) -> Iterator[tuple[str, float]]:
    ours = written(checkout, "cluster", "--hosts", "64", "--without-stock")["ours"]
    yield "memory of an agent, 64 hosts: PSS in KB", ours["pss_kb"]["agent"]


def cuts(checkout: Path) -> Iterator[tuple[str, float]]:
    said = bench(checkout, "cut")
    pattern = r"^(\S+), as shipped: order to reply median ([\d.]+) ms .*last packet through median ([\d.]+) ms"
    for framework, reply_ms, last_ms in re.findall(pattern, said, re.MULTILINE):
        yield f"cut by {framework}, order to reply: ms", float(reply_ms)
        yield f"cut by {framework}, order to last packet: ms", float(last_ms)


MEASUREMENTS: dict[str, Callable[[Path], Iterator[tuple[str, float]]]] = {
    "simulation": simulation,
    "lab": lab,
    "agents": agents,
    "cuts": cuts,
}


def measure(old: Path, names: list[str], rounds: int) -> dict[Path, dict[str, list[float]]]:
    found: dict[Path, dict[str, list[float]]] = {old: {}, HERE: {}}
    for number in range(rounds):
        for name in names:
            for checkout in (old, HERE) if number % 2 == 0 else (HERE, old):
                for figure, value in MEASUREMENTS[name](checkout):
                    found[checkout].setdefault(figure, []).append(value)
        print(f"round {number + 1} of {rounds} is over", file=sys.stderr, flush=True)
    return found


def compare(old: dict[str, list[float]], new: dict[str, list[float]]) -> int:
    """Print the table; how many figures are worse than allowed. All figures are the better the smaller they are."""
    worse = 0
    print(f"{'':68}{'old':>9}{'new':>9}{'ratio':>7}   single rounds")
    for figure, values in old.items():
        if figure not in new:
            print(f"{figure:68} not measured in this checkout")
            continue
        before, after = statistics.median(values), statistics.median(new[figure])
        singles = " ".join(f"{b / a:.2f}" for a, b in zip(values, new[figure], strict=False) if a)
        ratio = after / before if before else 1.0
        bad = ratio > WORSE_RATIO_MAX
        worse += bad
        print(f"{figure:68}{before:>9.2f}{after:>9.2f}{ratio:>7.2f}{' !' if bad else '  '} {singles}")
    return worse


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("old", type=Path, help="another checkout, set up (make setup)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(MEASUREMENTS), help="some of: %(default)s")
    options = parser.parse_args()
    names = options.only.split(",")
    if unknown := set(names) - set(MEASUREMENTS):
        parser.error(f"--only {','.join(sorted(unknown))}: known are {', '.join(MEASUREMENTS)}")
    old = options.old.resolve()
    if not (old / ".venv/bin/python").exists():
        parser.error(f"{old} has no .venv: call `make setup` there first")
    found = measure(old, names, options.rounds)
    return 1 if compare(found[old], found[HERE]) else 0


if __name__ == "__main__":
    sys.exit(main())
