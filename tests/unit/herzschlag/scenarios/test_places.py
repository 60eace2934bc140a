"""Where an expectation is written: the line that a failure names."""

from __future__ import annotations

import pytest

from herzschlag.scenarios.from_toml import load_family, loads, shipped
from herzschlag.scenarios.places import line_of

TEXT = '''name = "mine"
title = "Mine"
about = """
[[expect.never]]
name = "no restart"
"""

[[steps]]
at_s = 1
fault = "power-off"
host = "host-98"

[[expect.instant]]
name = "declared dead"
published_s = 10
record = { kind = "host-state" }
source = "own"

[[expect.never]]  # the first
name = "no election"
record = { kind = "election" }

[[ expect.never ]]
name = "no restart"
record = { kind = "restart" }
'''


@pytest.mark.parametrize(
    ("key", "name", "line"),
    [
        ("expect.instant[0]", "declared dead", 13),
        ("expect.never[0]", "no election", 19),
        ("expect.never[1]", "no restart", 23),
        ("expect.never[7]", "no restart", 24),
        ("expect.never[0]", "nothing of this name", None),
        ("", "no restart", None),
    ],
)
def test_the_line_of_an_expectation(key: str, name: str, line: int | None) -> None:
    loads(TEXT, "mine.toml")  # it is TOML, and a scenario
    assert line_of(TEXT, key, name) == line


def test_every_expectation_of_every_shipped_scenario_is_found_by_its_name() -> None:
    for scenario in (member for name in shipped() for member in load_family(name)):
        lines = scenario.text.split("\n")
        for key, item in scenario.expect.all():
            name = getattr(item, "name", "")
            if not name:
                continue  # what a checker is allowed
            number = line_of(scenario.text, key, name)
            assert number is not None, (scenario.name, key)
            assert lines[number - 1].startswith(f"[[{key.partition('[')[0]}]]") or name in lines[number - 1]
