"""The same systems for an ordinary user, in a user namespace that has one user."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.ordinary_user import run_python
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


@pytest.mark.parametrize("system", [pytest.param(name, marks=needs(name)) for name in SCENARIOS])
def test_a_scenario_holds_for_an_ordinary_user(system: str, tmp_path: Path) -> None:
    output = tmp_path / "said"
    code = f"""
import tempfile
from pathlib import Path
from tests.support.systems import played
report = played({SCENARIOS[system]!r}, Path(tempfile.mkdtemp()) / "run")
print(report.verdict, report.because)
raise SystemExit(report.verdict != "holds")
"""
    assert run_python(code, output) == 0, output.read_text()
