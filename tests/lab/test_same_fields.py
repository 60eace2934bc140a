"""The records of both backends: the same kinds, each with the same fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.backends.names import BackendName
from herzschlag.history.kinds import REAL_PACKETS_ONLY
from herzschlag.history.records import History, read_history
from herzschlag.running.run_file import HISTORY_FILE
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import loads
from tests.support.schema import fields_by_kind

pytestmark = pytest.mark.packets

SCENARIO = """
name = "same-fields"
title = "An isolated host, a cut that stays, doubled packets, a dead agent"
settle_s = 20
[cluster]
hosts = 3
vms_per_host = 1
isolation_response = "powerOff"
[[steps]]
at_s = 1
for_s = 40
id = "alone"
fault = "isolate"
host = "host-99"
[[steps]]
at_s = 50
for_s = 5
id = "twice"
fault = "impair"
src = "host-98"
dst = "host-100"
duplicate = 1.0
[[steps]]
at_s = 56
id = "agent"
fault = "crash-agent"
host = "host-100"
[[steps]]
at_s = 70
id = "half"
fault = "network-down"
networks = "B"
manner = "silent"
"""


def played(backend: BackendName, speed: float, directory: Path) -> History:
    request = RunRequest(
        scenario=loads(SCENARIO, "same-fields"), backend=backend, speed=speed, seed=0, directory=directory
    )
    report = run(request)
    assert report.status == "finished", report.because
    return read_history(directory / HISTORY_FILE)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[History, History]:
    """On real packets, and in simulation."""
    directory = tmp_path_factory.mktemp("same-fields")
    return played("mininet", 10.0, directory / "real"), played("simulation", 1.0, directory / "simulated")


def test_both_backends_write_the_same_kinds_and_fields(both: tuple[History, History]) -> None:
    real, simulated = both
    on_packets, virtual = fields_by_kind(real), fields_by_kind(simulated)
    assert set(on_packets) - REAL_PACKETS_ONLY == set(virtual)
    assert {kind: on_packets[kind] - {"began_wall_ns"} for kind in virtual} == virtual


def test_both_backends_agree_on_who_writes_what_is_found_at_the_end(both: tuple[History, History]) -> None:
    """They also agree on the time: a disk's instants are within the history."""
    for history in both:
        (stays,) = history.where("counters", id="half")
        assert stays.get("dropped") > 0
        assert {r.node for kind in ("disk", "counters") for r in history.of_kind(kind)} == {"herzschlag"}
        assert all(0 < r.get("first_ns") <= r.get("last_ns") <= history.end_ns for r in history.of_kind("disk"))
