"""How many small faults in the agents' cores are noticed, by the shipped scenarios and by exploration: `make mutants`.

python -m bench.mutants [--number 160] [--seed 0] [--jobs N] [--explore 10] [--minutes 5]

Each mutant is tried in a process of its own (`trying.py`), all in virtual time; unit tests are not asked. It writes
docs/mutants.md: the figures, and each mutant that was not noticed, with the reason where it changes nothing that can be
seen (`equivalent.toml`). With --minutes it begins no mutant after that, the page says how many are left, and the next
call goes on, as long as no source changes. Cosmic Ray makes the mutants: setup/mutants.lock.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from msgspec import toml

from bench.evidence.parts import Parts, ended
from bench.mutants import page
from bench.mutants.drawing import ROOT, draw
from bench.mutants.mutant import Mutant
from bench.mutants.trying import Asked, Told

PAGE = ROOT / "docs/mutants.md"
KEPT = ROOT / "build/mutants.jsonl"
WHOLE = "the cores as they are"
EQUIVALENT = Path(__file__).parent / "equivalent.toml"
ENDS_S = 60.0
"""Real time beside exploration, for a pass of all scenarios on a busy machine; what takes longer does not end."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--number", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--explore", type=float, default=10.0, help="seconds of a processor for each")
    parser.add_argument("--minutes", type=float, default=24 * 60.0)
    given = parser.parse_args()
    until_s = time.monotonic() + given.minutes * 60
    parts = Parts(KEPT, f"seed {given.seed}, {given.explore:g} s of a processor each for exploration", Told)
    if WHOLE not in parts.found:
        whole = _try(None, given.explore, given.seed)
        if whole.scenario or whole.explored:
            print(f"the whole cores are not well: {whole.scenario or whole.explored}", file=sys.stderr)
            return 1
        parts.add(WHOLE, whole)
    mutants = draw(given.number, given.seed)
    left = [mutant for mutant in mutants if mutant.name not in parts.found]
    with ThreadPoolExecutor(given.jobs) as pool:
        for mutant, told in ended(pool, given.jobs, lambda m: _try(m, given.explore, given.seed), left, until_s):
            parts.add(mutant.name, told)
            seen = f"{'scenario' if told.scenario else '-':8}  {'explored' if told.explored else '-':8}"
            print(f"{seen}  {mutant.file}:{mutant.line}  {mutant.before}  ->  {mutant.after}", flush=True)
    tried = [page.Tried(mutant, parts.found[mutant.name]) for mutant in mutants if mutant.name in parts.found]
    known = toml.decode(EQUIVALENT.read_bytes(), type=page.Equivalents)
    here = f"{parts.when()}, {platform.machine()}, Python {platform.python_version()}"
    drawn = page.Drawn(len(mutants), given.seed)
    text = page.page(tried, drawn, known, f"{here}, {given.explore:g} s of a processor each for exploration")
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
