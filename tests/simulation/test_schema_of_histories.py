"""The histories of simulations against the schema: every kind, with every field."""

from __future__ import annotations

from herzschlag.faults import Impair
from herzschlag.history.kinds import KINDS, REAL_PACKETS_ONLY
from herzschlag.history.records import SECOND, Record
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import play
from tests.support.cluster import begin, started
from tests.support.schema import fields_by_kind

SCENARIOS = ("case-24@vmcp-aggressive", "case-11@ports-down", "case-32@watchdog", "lossy-bursts", "vm-hang", "normal")
NOT_IN_A_SIMULATION = REAL_PACKETS_ONLY | {"machinery"}
"""No part of a simulation can die."""
DOUBLED = Impair(src="host-99", dst="host-100", duplicate=1.0)
CAPTURED = {"began_wall_ns"}
"""Fields of a run whose packets are captured."""


def test_every_kind_and_field_is_written_and_as_the_schema_says() -> None:
    records: list[Record] = [item for name in SCENARIOS for item in play(load(name))]
    cluster = started(hosts=3, vms_per_host=1, until_s=30)
    begin(cluster, "twice", DOUBLED)
    cluster.hosts["host-98"].power_off_in_next_write(10)
    cluster.run_until(60 * SECOND)
    written = fields_by_kind([*records, *cluster.records])
    assert set(written) == set(KINDS) - NOT_IN_A_SIMULATION
    missing = {kind: set(KINDS[kind].fields) - fields - CAPTURED for kind, fields in written.items()}
    assert {kind: fields for kind, fields in missing.items() if fields} == {}
