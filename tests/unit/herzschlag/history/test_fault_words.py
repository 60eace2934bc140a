"""How faults read."""

from __future__ import annotations

import msgspec
import pytest

from herzschlag.history.fault_words import clause
from herzschlag.scenarios.from_toml import load_family, shipped


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"fault": "power-off", "host": "host-98"}, "host-98 has no power"),
        ({"fault": "power-off", "host": ["host-98", "host-99"]}, "host-98 and host-99 have no power"),
        ({"fault": "isolate", "host": "host-98", "networks": "A"}, "host-98 is cut off from everyone on network A"),
        ({"fault": "isolate", "host": "host-98", "keep": ["gateway"]}, "host-98 is cut off from everyone but gateway"),
        ({"fault": "storage", "host": "all", "access": "pdl", "datastore": "vmfs-1"}, "every host: vmfs-1 lost"),
        ({"fault": "impair", "src": "host-98", "loss": 0.2}, "bad lines from host-98 to everyone: 20 % lost"),
    ],
)
def test_a_fault_reads_as_a_state(value: dict[str, object], said: str) -> None:
    assert clause(value) == said


def test_what_has_no_words_reads_as_it_was_described() -> None:
    assert clause({"fault": "of-another-package", "x": 1}, "of-another-package x=1") == "of-another-package x=1"
    assert clause({"fault": "isolate"}, "isolate") == "isolate"
    assert clause(None, "power-off host=host-98") == "power-off host=host-98"


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_fault_has_words(name: str) -> None:
    for scenario in load_family(name):
        for step in scenario.plain_steps():
            assert clause(msgspec.to_builtins(step.fault))
            assert "=" not in clause(msgspec.to_builtins(step.fault)).replace(" = ", "")
