"""Absurd numbers in every numeric key of a scenario: each is refused with its key, or does no harm.

Not drawn at random: every key with every number. A key that is new here is found by its type, and must be added to the
scenario below.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
import tomli_w

from herzschlag.faults import kinds
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios import expectations as e
from herzschlag.scenarios import options
from herzschlag.scenarios.from_toml import ScenarioError, loads
from herzschlag.scenarios.model import Cluster, Scenario, Step, VmEntry
from herzschlag.scenarios.plan import make_plan
from herzschlag.topo.spec import HostSpec

ABSURD = (
    *(math.nan, math.inf, -math.inf, 1e308, -1e308, 1e-320, -0.0),
    *(2**63, 2**63 - 1, -(2**63), 10**30, -1, 1e17),
)
WHOLE: dict[str, Any] = {
    "name": "absurd",
    "title": "Every number that can be written",
    "settle_s": 5.0,
    "speed": 10.0,
    "patience_s": 0.0,
    "ready_s": 120.0,
    "cluster": {
        "hosts": [{"moid": "host-98", "memory_mb": 65536, "cpu_mhz": 20000}, "host-99"],
        "mtu": 1500,
        "vms_per_host": 0,
        "vms": [
            {
                "name": "vm",
                "host": "host-98",
                "count": 1,
                "memory_mb": 1024,
                "cpu_mhz": 500,
                "guest_shutdown_s": 10.0,
                "power_on_s": 0.0,
            }
        ],
    },
    "steps": [{"at_s": 1.0, "for_s": 3.0, "id": "cut", "fault": "isolate", "host": "host-99"}],
    "expect": {
        "instant": [
            {
                "name": "i",
                "record": {"kind": "role"},
                "published_s": 3.0,
                "source": "-",
                "room_s": 0.0,
                "nth": 1,
                "after": "cut",
            },
            {"name": "own", "record": {"kind": "role"}, "expected_s": 3.0},
        ],
        "never": [{"name": "n", "record": {"kind": "restart"}, "after_s": 0.0, "until_s": 0.0}],
        "order": [{"name": "o", "records": [{"kind": "role"}], "after_s": 0.0, "until_s": 0.0}],
        "state": [{"name": "s", "at": "end", "at_s": 0.0, "roles": {"host-98": "master"}}],
        "count": [
            {
                "name": "c",
                "record": {"kind": "role"},
                "exactly": 1,
                "at_least": 1,
                "at_most": 2,
                "after_s": 0.0,
                "until_s": 0.0,
            }
        ],
    },
}
FIELDS: dict[str, Any] = {
    "host": "host-99",
    "hosts": ["host-99"],
    "vm": "vm-1",
    "src": "host-98",
    "dst": "host-99",
    "a": "host-98",
    "b": "host-99",
    "network": "A",
    "datastore": "vmfs-1",
}
"""Of faults, besides their numbers."""
TABLES = {
    Scenario: WHOLE,
    Cluster: WHOLE["cluster"],
    HostSpec: WHOLE["cluster"]["hosts"][0],
    VmEntry: WHOLE["cluster"]["vms"][0],
    Step: WHOLE["steps"][0],
    e.Instant: WHOLE["expect"]["instant"][0] | WHOLE["expect"]["instant"][1],
    e.Never: WHOLE["expect"]["never"][0],
    e.Order: WHOLE["expect"]["order"][0],
    e.State: WHOLE["expect"]["state"][0],
    e.Count: WHOLE["expect"]["count"][0],
}
Place = tuple[str | int, ...]


def numbers_of(kind: type) -> list[str]:
    """The numeric keys of a table."""
    hints = get_type_hints(kind)
    arms = {name: get_args(hint) if isinstance(hint, UnionType) else (hint,) for name, hint in hints.items()}
    return [name for name, of in arms.items() if {int, float} & {*of}]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*at, key))
    elif isinstance(value, int | float):
        yield at


def with_number(at: Place, number: float | list[float]) -> dict[str, Any]:
    changed: Any = copy.deepcopy(WHOLE)
    inner = changed
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = number
    return changed  # type: ignore[no-any-return]


def with_step(kind: str, name: str, number: float) -> dict[str, Any]:
    changed = copy.deepcopy(WHOLE)
    fields = msgspec.structs.fields(kinds()[kind])
    step: dict[str, Any] = {field.name: FIELDS[field.name] for field in fields if field.name in FIELDS}
    step |= {field.name: 1.0 for field in fields if field.required and field.name in numbers_of(kinds()[kind])}
    changed["steps"] = [{"at_s": 1.0, "for_s": 3.0, "id": "cut", "fault": kind, **step, name: number}]
    return changed


def does_no_harm(scenario: dict[str, Any], directory: Path) -> None:
    try:
        read = loads(tomli_w.dumps(scenario), "absurd.toml")
    except ScenarioError as error:
        assert str(error).startswith("absurd.toml") and "\n" not in str(error)
        return
    report = run(RunRequest(scenario=read, backend="simulation", speed=1.0, seed=0, directory=directory))
    assert report.status == "finished", report.because
    assert [f.because for f in report.findings if "the checker itself failed" in f.because] == []
    real = make_plan(read, speed=read.speed).timers.at_speed(read.speed)
    assert all(isinstance(value, int) for value in msgspec.structs.astuple(real) if isinstance(value, int | float))


def test_no_numeric_key_is_forgotten() -> None:
    for kind, table in TABLES.items():
        assert {*numbers_of(kind)} <= {*table}, f"numbers of {kind.__name__} that this file does not try"


@pytest.mark.parametrize("at", list(places(WHOLE)), ids=lambda at: ".".join(map(str, at)))
def test_an_absurd_number_is_refused_or_does_no_harm(tmp_path: Path, at: Place) -> None:
    for index, number in enumerate(ABSURD):
        does_no_harm(with_number(at, number), tmp_path / str(index))


@pytest.mark.parametrize("end", [0, 1])
def test_an_absurd_range_is_refused_or_does_no_harm(tmp_path: Path, end: int) -> None:
    for index, number in enumerate(ABSURD):
        published = [number, 3.0] if end == 0 else [0.0, number]
        changed = with_number(("expect", "instant", 0, "published_s"), published)
        does_no_harm(changed, tmp_path / str(index))


OF_FAULTS = [(kind, name) for kind, fault in sorted(kinds().items()) for name in numbers_of(fault)]


@pytest.mark.parametrize(("kind", "name"), OF_FAULTS)
def test_an_absurd_number_of_a_fault_is_refused_or_does_no_harm(tmp_path: Path, kind: str, name: str) -> None:
    for index, number in enumerate(ABSURD):
        does_no_harm(with_step(kind, name, number), tmp_path / str(index))


@pytest.mark.parametrize("name", options.names())
def test_an_absurd_option_is_refused_or_does_no_harm(tmp_path: Path, name: str) -> None:
    for index, number in enumerate(ABSURD):
        changed = copy.deepcopy(WHOLE)
        changed["cluster"]["options"] = {name: number}
        does_no_harm(changed, tmp_path / str(index))
