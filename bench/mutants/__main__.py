"""How many small faults in the agents' cores are noticed, by the shipped scenarios and by exploration: `make mutants`.

python -m bench.mutants [--number 160] [--seed 0] [--jobs N] [--explore 10]

Each mutant is tried in a process of its own (`trying.py`), all in virtual time; unit tests are not asked. It writes
docs/mutants.md: the figures, and each mutant that was not noticed, with the reason where it changes nothing that can be
seen (`equivalent.toml`). Cosmic Ray makes the mutants: setup/mutants.lock.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import toml

from bench.mutants import page
from bench.mutants.drawing import ROOT, draw
from bench.mutants.mutant import Mutant
from bench.mutants.trying import Asked, Told

PAGE = ROOT / "docs/mutants.md"
EQUIVALENT = Path(__file__).parent / "equivalent.toml"
ENDS_S = 60.0
"""Real time beside exploration, for a pass of all scenarios on a busy machine; what takes longer does not end."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--number", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--explore", type=float, default=10.0, help="seconds of a processor for each")
    given = parser.parse_args()
    whole = _try(None, given.explore, given.seed)
    if whole.scenario or whole.explored:
        print(f"the whole cores are not well: {whole.scenario or whole.explored}", file=sys.stderr)
        return 1
    tried: list[page.Tried] = []
    with ThreadPoolExecutor(given.jobs) as pool:
        mutants = draw(given.number, given.seed)
        for mutant, told in zip(mutants, pool.map(lambda m: _try(m, given.explore, given.seed), mutants), strict=True):
            tried.append(page.Tried(mutant, told))
            seen = f"{'scenario' if told.scenario else '-':8}  {'explored' if told.explored else '-':8}"
            print(
                f"{len(tried):4}  {seen}  {mutant.file}:{mutant.line}  {mutant.before}  ->  {mutant.after}", flush=True
            )
    known = toml.decode(EQUIVALENT.read_bytes(), type=page.Equivalents)
    here = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}"
    text = page.page(tried, known, f"{here}, {given.explore:g} s of a processor each for exploration")
    PAGE.write_text(text, encoding="utf-8")
    print(text.splitlines()[2])
    return 0


def _try(mutant: Mutant | None, explore_s: float, seed: int) -> Told:
    """None: the cores as they are."""
    module, source = (mutant.module, mutant.source) if mutant else ("", "")
    asked = msgspec.json.encode(Asked(module, source, explore_s, seed))
    command = [sys.executable, "-m", "bench.mutants.trying"]
    try:
        done = subprocess.run(
            command, input=asked, cwd=ROOT, capture_output=True, check=False, timeout=ENDS_S + 20 * explore_s
        )
    except subprocess.TimeoutExpired:
        return Told(scenario="it does not end")
    if done.returncode or not done.stdout:
        return Told(scenario=f"its process ended with status {done.returncode}")
    return msgspec.json.decode(done.stdout, type=Told)


if __name__ == "__main__":
    sys.exit(main())
