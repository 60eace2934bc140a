"""Sleeping through quiet stretches is stepping through them: the same records, states and findings, byte for byte."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import msgspec
import pytest

from herzschlag.backends.simulation import SimulationSession, quiet
from herzschlag.backends.simulation.leaves import Leaves
from herzschlag.checkers import check_all
from herzschlag.exploration.drawing import RandomChooser, draw
from herzschlag.running.conductor import Conductor, NotReady
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import make_plan

SCHEDULES = 20
"""Of each seed."""


def drawn(seed: int) -> list[Scenario]:
    chooser = RandomChooser(random.Random(seed))
    return [draw(chooser) for _ in range(SCHEDULES)]


def told(value: Any) -> str:
    """A leaf as text; of an object or a function its class alone, as no two runs share one."""
    return type(value).__name__ if " at 0x" in repr(value) else repr(value)


def state(session: SimulationSession) -> dict[str, list[str]]:
    """Every core's state, the datastores, what faults swallowed and when heartbeats arrived."""
    cluster = session.cluster
    cores = {
        f"{name} {number}": process.core
        for name, host in cluster.hosts.items()
        for number, process in enumerate(host.processes())
    }
    if cluster.vcenter.process is not None:
        cores["vcenter"] = cluster.vcenter.process.core
    found = {name: [told(value) for value in Leaves({name: core}).values] for name, core in cores.items()}
    for datastore in cluster.plan.topology.datastores:
        paths = cluster.datastores.paths(datastore.name)
        found[datastore.name] = [repr((path, cluster.datastores.content(datastore.name, path))) for path in paths]
    found["drops"] = [f"{fault} {drops.packets}" for fault, drops in cluster.disturbances.drops.items()]
    found["beats"] = sorted(map(repr, cluster.network.heartbeats()))
    found["queue"] = [f"{cluster.now_ns}"]
    return found


def played(scenario: Scenario, *, on: bool) -> tuple[bytes, dict[str, list[str]], int]:
    """Records and findings; the states after every fault and at the end; how long was slept."""
    plan = make_plan(scenario, speed=1.0, seed=0, directory=None)
    session = SimulationSession(plan)
    session.cluster.quiet.on = on
    conductor = Conductor(session, scenario, plan, None)
    with contextlib.suppress(NotReady):
        conductor.play()
    history = conductor.history()
    lines = [(r.at_ns, r.node, r.kind, r.fields) for r in history]
    text = msgspec.json.encode([lines, check_all(history, scenario)])
    return text, state(session), session.cluster.quiet.slept_ns


@pytest.mark.parametrize("seed", range(10))
def test_schedules_that_sleep_are_those_that_are_stepped(seed: int) -> None:
    slept_ns = 0
    for number, scenario in enumerate(drawn(seed)):
        text, end, ns = played(scenario, on=True)
        stepped, stepped_end, none = played(scenario, on=False)
        assert text == stepped, f"seed {seed}, schedule {number}: {[step.fault for step in scenario.steps]}"
        assert end == stepped_end, f"seed {seed}, schedule {number}: {[step.fault for step in scenario.steps]}"
        assert none == 0
        slept_ns += ns
    assert slept_ns > SCHEDULES * 60 * 10**9, "most of the time of most schedules is quiet"


def test_a_wrong_number_of_messages_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above can fail: here every wake adds one period too many."""
    go_on = quiet.Quiet._go_on
    monkeypatch.setattr(quiet.Quiet, "_go_on", lambda self, sleep, times: go_on(self, sleep, times + 1))
    text, end, _ = played(drawn(0)[0], on=True)
    stepped, stepped_end, _ = played(drawn(0)[0], on=False)
    assert (text, end) != (stepped, stepped_end)
