"""Writes a scenario as a TOML file, for faults that were done by hand or found by a search.

This module decides what is written: the keys that `from_toml.py` reads, where they differ from the defaults. Reading
the text back gives the same scenario.
"""

from __future__ import annotations

from typing import Any

import msgspec
import tomli_w

from herzschlag.scenarios.model import Cluster, Scenario


def as_toml(scenario: Scenario) -> str:
    document: dict[str, Any] = {
        "name": scenario.name,
        "title": scenario.title,
        "about": scenario.about,
        "settle_s": scenario.settle_s,
        "patience_s": scenario.patience_s,
        "ready_s": scenario.ready_s,
        "speed": scenario.speed,
        "cluster": _changed(scenario.cluster, Cluster()),
        "steps": [_step(step) for step in scenario.steps],
        "expect": _told_table({k: v for k, v in msgspec.to_builtins(scenario.expect).items() if v}),
    }
    plain = Scenario(name="", title="")
    for key in ("about", "settle_s", "patience_s", "ready_s", "speed"):
        if document[key] == getattr(plain, key):
            del document[key]
    return tomli_w.dumps({key: value for key, value in document.items() if value not in ({}, [])})


def _step(step: Any) -> dict[str, Any]:
    """The step as a table: the fault's own keys are written beside those of the step."""
    fields = msgspec.to_builtins(step)
    fault = fields.pop("fault")
    return _told_table({"at_s": fields.pop("at_s"), **fault, **fields})


def _changed(value: Any, default: Any) -> dict[str, Any]:
    told, plain = msgspec.to_builtins(value), msgspec.to_builtins(default)
    return _told_table({key: item for key, item in told.items() if item != plain[key]})


def _told_table(table: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: what is None is left out, and so are empty tables; an empty list may mean something."""
    return {key: _told(item) for key, item in table.items() if item is not None and item != {}}


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return _told_table(value)
    if isinstance(value, list | tuple):
        return [_told(item) for item in value]
    return value
