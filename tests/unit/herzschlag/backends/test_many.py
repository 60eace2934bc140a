"""When labs are forked."""

from __future__ import annotations

from importlib import import_module

import pytest

from herzschlag.backends import many


def test_one_lab_is_not_worth_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(many, "expect_many", asked.append)
    many.expect_labs(0)
    many.expect_labs(1)
    assert asked == []
    many.expect_labs(2)
    assert asked == [many.PROCESSES]


@pytest.mark.parametrize("name", [name for name in many.PROCESSES if "mininet" not in name])
def test_every_process_has_a_place_to_begin(name: str) -> None:
    assert callable(import_module(name).main)
