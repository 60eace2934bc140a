"""How bad lines must be before a healthy cluster fails over falsely: docs/bad-lines.md, from runs in virtual time.

    bench/lines.py [--runs 50]

Each cell of the tables is the share of runs, one for each seed, in which within two minutes of lines of that quality a
host lost its role, was taken for dead or isolated, or a VM was touched, though no host had failed. Seeds are fixed, so
the page is the same on every machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import multiprocessing.pool
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout

from herzschlag.backends.opening import open_session
from herzschlag.faults import Impair
from herzschlag.history.records import History
from herzschlag.running.conductor import Conductor
from herzschlag.scenarios.model import Cluster, Scenario, Step
from herzschlag.scenarios.plan import make_plan

PAGE = Path(__file__).resolve().parents[1] / "docs/bad-lines.md"
BAD_S = 120.0
STEP = "bad lines"
TABLES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "Loss, packet by packet": ("loss", [{"loss": share / 100} for share in (10, 20, 30, 40, 50, 60, 70, 80, 90)]),
    "Half of all packets lost, in bursts": (
        "burst_packets",
        [{"loss": 0.5, "burst_packets": float(length)} for length in (2, 3, 4, 6, 8, 12, 20)],
    ),
    "Delays from 0 to twice their mean": (
        "delay_ms",
        [{"delay_ms": float(ms), "jitter_ms": float(ms)} for ms in (250, 500, 750, 1000, 1500, 2000)],
    ),
}
Cell = tuple[tuple[str, ...], dict[str, Any], int]


def scenario_of(networks: tuple[str, ...], quality: dict[str, Any]) -> Scenario:
    cluster = Cluster(networks=networks, vms_per_host=1, isolation_response="powerOff")
    steps = (Step(at_s=2, fault=Impair(**quality), id=STEP),)
    return Scenario(name="lines", title="bad lines", cluster=cluster, steps=steps, settle_s=BAD_S)


def failed_over(history: History) -> bool:
    """Whether a healthy host was given up, or a VM touched, since the lines are bad."""
    (begin,) = history.where("fault", id=STEP, phase="begin")
    since = [record for record in history if record.at_ns > begin.at_ns]
    return any(
        record.kind in ("role", "restart")
        or (record.kind == "host-state" and record.get("to") in ("hostDown", "networkIsolated", "networkPartitioned"))
        or (record.kind == "isolation" and record.get("phase") in ("declared", "response"))
        for record in since
    )


def run(cell: Cell) -> bool:
    networks, quality, seed = cell
    scenario = scenario_of(networks, quality)
    plan = make_plan(scenario, seed=seed)
    with open_session("simulation", plan) as session:
        conductor = Conductor(session, scenario, plan)
        conductor.play()
        return failed_over(conductor.history())


def table(pool: multiprocessing.pool.Pool, name: str, runs: int) -> list[str]:
    varied, qualities = TABLES[name]
    shares = []
    for networks in (("A",), ("A", "B")):
        cells = [(networks, quality, seed) for quality in qualities for seed in range(runs)]
        failed = pool.map(run, cells, chunksize=10)
        shares.append([sum(failed[at * runs : (at + 1) * runs]) / runs for at in range(len(qualities))])
    head = ["", f"## {name}", "", f"| `{varied}` | one network | two networks |", "|---:|---:|---:|"]
    return head + [
        f"| {quality[varied]:g} | {one:.0%} | {two:.0%} |" for quality, one, two in zip(qualities, *shares, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    runs = parser.parse_args().runs
    lines = [
        "# Bad lines: when a healthy cluster fails over falsely",
        "",
        "`make lines` writes this page. Three hosts, heartbeats each second, every line of every network equally bad",
        f"for {BAD_S:.0f} s. A cell is the share of {runs} runs in virtual time (seeds 0 to {runs - 1}) in which a",
        "role changed, a host was taken for dead, isolated or partitioned, or a VM restarted, though none had failed.",
        "Real packets meet the same fates with the same seed where the relay makes bad lines (decision",
        "[0023](decisions/0023-a-relay-for-bad-lines.md)). No real-packet points are on this page yet.",
    ]
    with multiprocessing.Pool() as pool:
        for name in TABLES:
            lines += table(pool, name, runs)
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
