"""The same systems by root and by an ordinary user, in a user namespace that has one user: nothing of them is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.systems.cells import WHO, Try, Who, case
from bench.systems.play import played
from herzschlag.scenarios.from_toml import load
from herzschlag.systems.finding import system_named
from tests.support import ordinary_user
from tests.support.systems import needs

SCENARIOS = {
    "keepalived": "keepalived-split",
    "etcd": "etcd-rejoin@pre-vote",
    "redis-sentinel": "redis-pair-cut",
    "corosync": "corosync-member-lost@isolation",
    "pacemaker": "pacemaker-half-cut@split",
    "frr-bfd": "frr-bfd-one-way@one-network",
    "patroni": "patroni-split@primary-with-one",
    "serf": "serf-half-cut@pair-cut",
    "ucarp": "ucarp-two-masters@one-way",
}

pytestmark = pytest.mark.packets


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("system", [pytest.param(name, marks=needs(name)) for name in SCENARIOS])
def test_a_scenario_holds_and_leaves_the_machine_as_it_was(system: str, who: Who) -> None:
    """Other work may change files meanwhile; none that has to do with the system."""
    if who == "user" and (reason := ordinary_user.impossible()):
        pytest.skip(reason)
    run = played(Try(case(load(SCENARIOS[system])), who, 0))
    assert (run.verdict, run.left) == ("holds", ()), run.because or run.left_out
    names = {system, *(Path(name).name for pair in system_named(system).packages.items() for name in pair)}
    assert [what for what in run.changed if any(name in what for name in names)] == []
