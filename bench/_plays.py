"""Plays schedules and prints what each took: the half of bench/schedules.py that runs in a checkout, also an older one.

    PYTHONPATH=CHECKOUT python -P bench/_plays.py SCHEDULES.json [compiled]

Standard output: a JSON list, for each schedule its seconds of processor time (simulating and judging), the instant of
its end and a hash of its history and findings; null where this checkout does not know one of the faults.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

NOW = ("scenarios.from_toml", "scenarios.plan", "backends.opening", "running.conductor")
BEFORE = ("scenario_file", "plan", "backends.base", "conductor")
"""The modules of `loads`, `make_plan`, `open_session` and `Conductor`; and what they were called at commit e407a75."""


def parts() -> list[Any]:
    for homes in (NOW, BEFORE):
        try:
            return [import_module(f"herzschlag.{home}") for home in homes]
        except ModuleNotFoundError:
            continue
    raise SystemExit("neither this checkout's modules nor those of e407a75 are there")


def main() -> None:
    file, *how = sys.argv[1:]
    if how and not import_module("herzschlag.compiled.serving").use():
        raise SystemExit(import_module("herzschlag.compiled.serving").why_not())
    reading, planning, opening, conducting = parts()
    check_all = import_module("herzschlag.checkers").check_all
    told: list[dict[str, Any] | None] = []
    for text in json.loads(Path(file).read_text(encoding="utf-8")):
        try:
            scenario = reading.loads(text, "schedule")
        except reading.ScenarioError:
            told.append(None)
            continue
        began_s = time.process_time()
        plan = planning.make_plan(scenario, speed=1.0, seed=0)
        with opening.open_session("simulation", plan) as session:
            conductor = conducting.Conductor(session, scenario, plan)
            conductor.play()
        history = conductor.history()
        played_s = time.process_time()
        findings = check_all(history, scenario)
        ended_s = time.process_time()
        lines = msgspec.json.encode([[(r.at_ns, r.node, r.kind, r.fields) for r in history], findings])
        told.append(
            {
                "play_s": played_s - began_s,
                "check_s": ended_s - played_s,
                "end_s": history.end_ns / 1e9,
                "digest": hashlib.sha256(lines).hexdigest(),
            }
        )
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
