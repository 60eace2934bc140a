"""When labs are forked."""

from __future__ import annotations

from importlib import import_module

import pytest

from herzschlag.backends import many


def test_one_lab_is_not_worth_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    monkeypatch.setattr(many, "expect_many", lambda *given: asked.append(given))
    many.expect_labs(0)
    many.expect_labs(1)
    assert asked == []
    many.expect_labs(2)
    ((modules, shaping),) = asked
    assert set(many.PROCESSES) <= set(modules)
    assert shaping == ("HERZSCHLAG_CONTROLLER",)


@pytest.mark.parametrize("name", [name for name in many.PROCESSES if "mininet" not in name])
def test_every_process_has_a_place_to_begin(name: str) -> None:
    found = import_module(name)
    entry = import_module(f"{name}.__main__") if hasattr(found, "__path__") else found
    assert callable(entry.main)
