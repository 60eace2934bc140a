"""Scenarios written as files, which must read back as the same scenario."""

import msgspec
import pytest

from herzschlag.scenarios.from_toml import load_family, loads, shipped
from herzschlag.scenarios.to_toml import as_toml


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_scenario_survives_the_way_to_text_and_back(name: str) -> None:
    for scenario in load_family(name):
        again = loads(as_toml(scenario), "again.toml")
        plain = {"source": "", "text": ""}
        assert msgspec.structs.replace(again, **plain) == msgspec.structs.replace(scenario, **plain)
