"""A mutant takes the place of its module, in the process that asks for it alone."""

from __future__ import annotations

import importlib
import sys

import pytest

from bench.mutants.trying import _Instead


def test_the_module_has_the_other_source(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "herzschlag.agents.states"
    original = importlib.import_module(name)
    monkeypatch.setattr(sys, "meta_path", [_Instead(name, "RUNNING = 'not at all'"), *sys.meta_path])
    monkeypatch.delitem(sys.modules, name)
    try:
        changed = importlib.import_module(name)
        assert changed.RUNNING == "not at all" and original.RUNNING != "not at all"
    finally:
        sys.modules[name] = original
        sys.modules["herzschlag.agents"].states = original  # type: ignore[attr-defined]
