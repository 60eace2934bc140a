"""Texts of a new system: its file, a scenario, and a test for pytest; together they hold as they are.

This module decides what the files are called and how their texts get the system's name. It leaves writing them to the
command.
"""

from __future__ import annotations

from importlib import resources

from herzschlag.systems.finding import known, loads
from herzschlag.wrong_input import InputError

_SYSTEM, _SCENARIO = "my-system", "my-scenario"
_TEST = '''\
"""What @NAME@ must do when the network fails. Real packets and real time: pytest @FILE@"""

import pytest

pytestmark = pytest.mark.herzschlag(system="@NAME@.toml", speed=1, datastores=[])


def test_a_leader_that_is_cut_off_is_replaced_and_followed_when_it_is_back(cluster):
    cut = cluster.isolate("host-98")
    cluster.wait_for(lambda: "host-99" in cluster.masters(), within_s=2)
    cluster.heal(cut)
    cluster.wait_for(lambda: cluster.masters() == ["host-98"], within_s=2)


def test_a_leader_without_power_is_replaced(cluster):
    cluster.power_off("host-98")
    cluster.wait_for(lambda: cluster.masters() == ["host-99"], within_s=2)
'''


def texts(name: str, scenario: str) -> dict[str, str]:
    """Names of the files, the system's own first, then the scenario's, then the test's, to their texts. Raises
    InputError for a name that no system may have, or that one has already."""
    if name in known():
        raise InputError("", f"{name!r} is a system already: choose another name")
    folder, test = resources.files("herzschlag.systems") / "starter", f"test_{name.replace('-', '_')}.py"
    system = (folder / "system.toml").read_text(encoding="utf-8").replace(_SYSTEM, name)
    loads(system)
    played = (folder / "scenario.toml").read_text(encoding="utf-8").replace(_SYSTEM, name)
    return {
        f"{name}.toml": system,
        f"{scenario}.toml": played.replace(f'"{_SCENARIO}"', f'"{scenario}"', 1),
        test: _TEST.replace("@NAME@", name).replace("@FILE@", test),
    }
