"""What a schedule of exploration costs: 4 hosts, some 190 protocol seconds, 1 to 4 faults, every checker.

    python -m bench.schedules                     this checkout: plain Python, and compiled (`make compiled`)
    python -m bench.schedules --old ../old        and another checkout: git worktree add ../old COMMIT

Each way is a process of its own, all by turns, with this checkout's Python and libraries. Processor time, so that a
busy machine disturbs little; medians over the schedules of each round, then over the rounds. Only schedules that all
know are counted. The histories and findings of plain and compiled must be the same, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from herzschlag.compiled.folder import folder, unfit
from herzschlag.exploration.drawing import RandomChooser, draw
from herzschlag.scenarios.to_toml import as_toml

ROOT = Path(__file__).resolve().parents[1]
KINDS = (
    *("power-off", "isolate", "freeze", "crash-agent", "split", "cut-pair", "one-way", "network-down"),
    *("gateway-silent", "crash-vcenter", "block"),
)
"""Faults that e407a75 knows as well."""
READY_TO_END_S = 172.0
"""A cluster is ready after 19 s."""
LAST_CHANGE_S_MAX = 130.0


class Way(NamedTuple):
    name: str
    checkout: Path
    how: tuple[str, ...] = ()


def drawn(number: int, seed: int) -> list[str]:
    """Schedules as TOML, all equally long."""
    chooser = RandomChooser(random.Random(seed))
    found: list[str] = []
    while len(found) < number:
        scenario = draw(chooser, hosts=(4, 4), faults=(1, 4), kinds=KINDS)
        last_s = max((step.end_s or step.at_s for step in scenario.steps), default=LAST_CHANGE_S_MAX + 1)
        if last_s <= LAST_CHANGE_S_MAX:
            found.append(as_toml(msgspec.structs.replace(scenario, settle_s=READY_TO_END_S - last_s)))
    return found


def played(way: Way, file: Path) -> list[dict[str, Any] | None]:
    done = subprocess.run(
        [sys.executable, "-P", str(ROOT / "bench/_plays.py"), str(file), *way.how],
        cwd=way.checkout,
        env=os.environ | {"PYTHONPATH": str(way.checkout), "HERZSCHLAG_PURE": "0" if way.how else "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{way.name}: {done.stderr}")
    found: list[dict[str, Any] | None] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--old", type=Path, help="another checkout")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--schedules", type=int, default=24)
    parser.add_argument("--seed", type=int, default=14)
    given = parser.parse_args()
    ways = [Way(f"{given.old.name} (the old one)", given.old.resolve())] if given.old else []
    ways.append(Way("this one, plain Python", ROOT))
    where = folder()
    if where is None or unfit(where):
        print(f"Compiled: not measured ({'not built' if where is None else unfit(where)}: make compiled)")
    else:
        ways.append(Way("this one, compiled", ROOT, ("compiled",)))
    rounds: dict[str, list[list[dict[str, Any] | None]]] = {way.name: [] for way in ways}
    with tempfile.TemporaryDirectory(prefix="herzschlag-bench-") as made_in:
        file = Path(made_in) / "schedules.json"
        file.write_text(json.dumps(drawn(given.schedules, given.seed)), encoding="utf-8")
        for number in range(given.rounds):
            for way in ways if number % 2 == 0 else reversed(ways):
                rounds[way.name].append(played(way, file))
    report(rounds)


def report(rounds: dict[str, list[list[dict[str, Any] | None]]]) -> None:
    first = {name: found[0] for name, found in rounds.items()}
    common = [n for n in range(len(next(iter(first.values())))) if all(found[n] for found in first.values())]
    print(f"{len(common)} schedules: median ms of processor time (lowest and highest round)")
    print(f"{'':28}{'in all':>8}{'rounds':>14}{'play':>8}{'check':>7}{'ratio':>7}")
    base = 0.0
    for name, found in rounds.items():
        plays, checks = ([median_ms(one, common, key) for one in found] for key in ("play_s", "check_s"))
        whole = [a + b for a, b in zip(plays, checks, strict=True)]
        total = statistics.median(whole)
        base = base or total
        between = f"{min(whole):.1f} - {max(whole):.1f}"
        play, check = statistics.median(plays), statistics.median(checks)
        print(f"{name:28}{total:>8.1f}{between:>14}{play:>8.1f}{check:>7.1f}{base / total:>7.2f}")
    ours = [[one["digest"] for one in found if one] for name, found in first.items() if name.startswith("this one")]
    assert all(digests == ours[0] for digests in ours), "compiled cores wrote another history than plain Python"
    if len(ours) > 1:
        print("Histories and findings of plain Python and compiled: the same")


def median_ms(found: list[dict[str, Any] | None], common: list[int], key: str) -> float:
    return 1e3 * statistics.median(float(one[key]) for n in common if (one := found[n]))


if __name__ == "__main__":
    main()
