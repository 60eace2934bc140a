"""One run of a batch: what its process is told becomes what it runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from herzschlag.exit_status import INTERRUPTED, VIOLATED
from herzschlag.running import interrupts, one
from herzschlag.running.run_file import RunReport
from herzschlag.running.runner import RunRequest


def words(tmp_path: Path) -> list[str]:
    return one.OneRun(
        scenario="slave-failure",
        source="as named.toml",
        backend="simulation",
        speed=2.5,
        seed=7,
        into=str(tmp_path / "run"),
        capture="off",
        capture_limit_mb=3,
    ).words()


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without handlers and without a thread that waits for the lifeline."""
    for name in ("end_politely_once", "end_with"):
        monkeypatch.setattr(interrupts, name, lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["one", *words(tmp_path)])


def test_the_run_is_the_one_that_was_asked_for(quiet: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[RunRequest] = []

    def run(request: RunRequest, _watcher: object) -> RunReport:
        asked.append(request)
        return RunReport(
            status="finished",
            scenario=request.scenario.name,
            backend=request.backend,
            speed=request.speed,
            seed=request.seed,
            verdict="violated",
            because="",
            directory=str(request.directory),
        )

    monkeypatch.setattr(one, "run", run)
    assert one.main() == VIOLATED
    (request,) = asked
    assert (request.scenario.name, request.scenario.source) == ("slave-failure", "as named.toml")
    assert (request.backend, request.speed, request.seed) == ("simulation", 2.5, 7)
    assert (request.directory, request.capture, request.capture_limit_mb) == (tmp_path / "run", "off", 3)


def test_an_interrupt_is_told_by_the_status(quiet: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_request: RunRequest, _watcher: object) -> RunReport:
        raise KeyboardInterrupt

    monkeypatch.setattr(one, "run", run)
    assert one.main() == INTERRUPTED
