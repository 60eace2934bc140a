"""When a process is served compiled modules: never a test, and never half of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import herzschlag.backends.simulation.queue  # noqa: F401 (one that is compiled: this process has imported it)
from herzschlag.compiled import serving
from herzschlag.compiled.serving import PURE, CompiledFinder


def test_tests_have_plain_python() -> None:
    assert not serving.use()
    assert serving.served() == "plain Python"
    assert serving.why_not() == f"{PURE} is set"


def test_a_process_that_imported_one_already_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PURE, "0")
    before = list(sys.meta_path)
    assert not serving.use()
    assert serving.why_not().endswith("was imported before they were asked for")
    assert sys.meta_path == before


def test_the_reason_is_that_of_the_time_when_it_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later everything is imported, which is not why the plain files serve."""
    assert not serving.use()
    monkeypatch.setenv(PURE, "0")
    assert serving.why_not() == f"{PURE} is set"


def test_only_the_compiled_ones_are_found(tmp_path: Path) -> None:
    finder = CompiledFinder(tmp_path, {"herzschlag.agents.ha.agent": "agent.so"})
    found = finder.find_spec("herzschlag.agents.ha.agent", None)
    assert found is not None
    assert found.origin == f"{tmp_path}/agent.so"
    assert finder.find_spec("herzschlag.agents.settings", None) is None
