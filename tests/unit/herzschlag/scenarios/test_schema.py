"""The JSON schema: what it underlines in an editor is wrong, and what it accepts is not obviously so."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import fastjsonschema
import msgspec
import pytest

from herzschlag import faults
from herzschlag.scenarios.from_toml import ScenarioError, loads, loads_family, shipped
from herzschlag.scenarios.model import Cluster
from herzschlag.scenarios.schema import schema
from herzschlag.scenarios.starter import starter

Validate = Callable[[Any], Any]


@pytest.fixture(scope="module")
def validate() -> Validate:
    """Compiled by a library that knows nothing of this project."""
    made: Validate = fastjsonschema.compile(schema(with_extensions=False))
    return made


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_is_accepted(validate: Validate, name: str) -> None:
    validate(tomllib.loads(shipped()[name]))


def test_what_init_writes_is_accepted(validate: Validate) -> None:
    validate(tomllib.loads(starter("x")))


GOOD = """
name = "x"
title = "x"
[cluster]
hosts = ["host-98", { moid = "host-99" }]
options = { "das.maxvmrestartcount" = 3, das.isolationaddress0 = "gateway@B", fdm.nodeGoodness.host-98 = 3 }
[[steps]]
at_s = 1
fault = "isolate"
host = "host-98"
networks = ["A"]
[[expect.instant]]
name = "n"
expected_s = [1, 2.5]
record = { kind = ["role", "vm"], to = ["master", "on"] }
after = { kind = "ready" }
[[expect.allow]]
checker = "one-writer"
because = "x"
"""

WRONG = [
    ('title = "x"', ""),
    ('title = "x"', "title = 3"),
    ('title = "x"', 'title = "x"\ntitel = "x"'),
    ('title = "x"', 'title = "x"\nspeed = "fast"'),
    ('hosts = ["host-98"', 'profile = "vsphere-9"\nhosts = ["host-98"'),
    ('hosts = ["host-98"', "hosts = [98"),
    ("moid", "mold"),
    ('"isolate"', '"isolat"'),
    ('fault = "isolate"', ""),
    ("at_s = 1", ""),
    ("at_s = 1", 'at_s = 1\nmanner = "rough"'),
    ('host = "host-98"\n', ""),
    ('networks = ["A"]', 'vm = "x"'),
    ("[1, 2.5]", "[1, 2, 3]"),
    ("[1, 2.5]", '"soon"'),
    ("expected_s = [1, 2.5]", ""),
    ("expected_s = [1, 2.5]", "expected_s = 1\npublished_s = 1"),
    ('"role"', '"rool"'),
    ("to = [", "too = ["),
    ("one-writer", "one-reader"),
]


def test_a_scenario_with_everything_is_accepted(validate: Validate) -> None:
    validate(tomllib.loads(GOOD))
    loads_family(GOOD.replace('["role", "vm"]', '"role"').replace('["master", "on"]', '"master"'), "x.toml")


@pytest.mark.parametrize(("old", "new"), WRONG, ids=[f"{old.strip()} -> {new.strip()}" for old, new in WRONG])
def test_what_is_wrong_is_refused_as_the_program_refuses_it(validate: Validate, old: str, new: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    with pytest.raises(fastjsonschema.JsonSchemaException):
        validate(tomllib.loads(text))
    with pytest.raises(ScenarioError):
        loads(text, "x.toml")


def test_every_key_and_fault_of_the_code_is_in_it() -> None:
    made = schema(with_extensions=False)
    assert set(made["definitions"]["Cluster"]["properties"]) == set(Cluster.__struct_fields__)
    for name, kind in faults.KINDS.items():
        keys = made["definitions"][f"step-{name}"]["properties"]
        assert set(keys) == {"fault", "at_s", "for_s", "id", *(f.encode_name for f in msgspec.structs.fields(kind))}
    assert made["definitions"]["Cluster"]["properties"]["mtu"]["default"] == 1500
    assert "MOIDs" in made["definitions"]["Cluster"]["properties"]["hosts"]["description"]
    assert made["properties"]["settle_s"]["description"].startswith("How long the run goes on")
    assert "null" not in str(made)


def test_a_fault_of_another_package_is_in_the_schema_that_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    class RackDown(faults.Fault, frozen=True, tag="rack-down"):
        """A rack has no power."""

        hosts: tuple[str, ...]

    known = {**faults.KINDS, "rack-down": RackDown}
    monkeypatch.setattr("herzschlag.scenarios.schema.kinds", lambda: known)
    monkeypatch.setattr("herzschlag.scenarios.schema.field_docs", lambda struct: {})
    step = schema()["definitions"]["step-rack-down"]
    assert step["required"] == ["at_s", "fault", "hosts"]
    assert step["properties"]["fault"]["const"] == "rack-down"
