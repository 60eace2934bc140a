"""The packets of a run in virtual time, which keeps none: it is played again, and watched.

This module decides that the packets count only if the records are the same as before: then they are those of the run,
because virtual time repeats exactly. A run of another version, or one that was played by hand, does not repeat.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from herzschlag.backends.simulation.session import SimulationSession
from herzschlag.history.records import History
from herzschlag.history.sent import Passing
from herzschlag.report.reading import Run
from herzschlag.report.traffic import Datagram, Traffic
from herzschlag.running.conductor import Conductor, NotReady
from herzschlag.running.run_file import RunReport
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import make_plan

DIFFERS = "This run was played by hand, or by another version: its packets are not known"


def watched(scenario: Scenario, *, speed: float = 1.0, seed: int = 0) -> tuple[History, Traffic]:
    """Play the scenario in virtual time; its records, and every packet. Raises what `make_plan` raises."""
    seen: list[Passing] = []
    plan = make_plan(scenario, speed=speed, seed=seed)
    with SimulationSession(plan) as session:
        session.cluster.network.watcher = lambda packets, _: seen.extend(packets)
        conductor = Conductor(session, scenario, plan)
        with suppress(NotReady):  # what happened until then can be drawn
            conductor.play()
    return conductor.history(), Traffic(datagrams=tuple(Datagram(*one) for one in seen))


def with_packets(run: Run) -> Run:
    """The run with the packets of virtual time, if it was played there and repeats."""
    if run.file.backend != "simulation":
        return run
    history, traffic = watched(run.scenario, speed=run.file.speed, seed=run.file.seed)
    same = _as_written(history) == _as_written(run.history)
    return msgspec.structs.replace(run, traffic=traffic if same else Traffic(missing=DIFFERS))


def _as_written(history: History) -> bytes:
    return msgspec.json.encode(list(history))


def played(scenario: Scenario, *, seed: int = 0) -> Run:
    """The scenario in virtual time, as a run that leaves no directory."""
    history, traffic = watched(scenario, seed=seed)
    return Run(
        directory=Path(),
        file=RunReport(scenario=scenario.name, backend="simulation", seed=seed),
        history=history,
        scenario=scenario,
        lab=scenario.cluster.topology(),
        traffic=traffic,
    )
