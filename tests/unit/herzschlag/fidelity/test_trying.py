"""The runs of one load: how many, in which order, and what is made of their reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from herzschlag.fidelity import trying
from herzschlag.fidelity.loads import Load
from herzschlag.running.run_file import RunReport
from herzschlag.running.runner import RunRequest
from herzschlag.scenarios.from_toml import SITUATIONS, load

FIVE = [load(name) for name in SITUATIONS]
WISH = trying.Expected(tuple(FIVE), dict.fromkeys(SITUATIONS, "holds"))


def plays(monkeypatch: pytest.MonkeyPatch, **verdicts: str) -> list[RunRequest]:
    """Runs that end at once with these verdicts, by the scenario's name; the others hold."""
    asked: list[RunRequest] = []

    def batch(requests: Sequence[RunRequest], jobs: int, watching: trying.Counting) -> list[RunReport]:
        asked.extend(requests)
        reports = []
        for index, request in enumerate(requests):
            request.directory.mkdir(parents=True)
            name = request.scenario.name
            told = verdicts.get(name.replace("-", "_"), "holds")
            report = RunReport(scenario=name, verdict=told, because="it was late" if told != "holds" else "")  # type: ignore[arg-type]
            watching.ended(index, report)
            reports.append(report)
        return reports

    monkeypatch.setattr(trying, "run_batch", batch)
    return asked


@pytest.mark.parametrize(("labs", "times"), [(1, 2), (2, 2), (4, 3), (6, 4), (64, 39)])
def test_each_lab_is_used_three_times_and_each_scenario_played_twice(labs: int, times: int) -> None:
    assert trying.rounds(labs, 5) == times


def test_runs_that_end_as_expected_leave_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked, told = plays(monkeypatch), list[int]()
    found = trying.attempt(Load(10.0, 4), WISH, tmp_path, told.append)
    assert found.held and found.runs == len(asked) == 15 and found.runs_an_hour > 0
    assert told == list(range(1, 16))
    assert list(tmp_path.iterdir()) == []
    assert {(one.backend, one.speed) for one in asked} == {("mininet", 10.0)}
    assert len({(one.scenario.name, one.seed) for one in asked}) == 15


def test_a_verdict_that_changed_is_named_and_its_run_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plays(monkeypatch, isolation="unknown")
    found = trying.attempt(Load(12.0, 2), WISH, tmp_path, lambda _: None)
    assert not found.held
    assert found.changed == ("isolation unknown: it was late",) * 2
    assert sorted(one.name for one in tmp_path.glob("speed-12-labs-2/*")) == ["isolation-0", "isolation-1"]


def test_a_second_attempt_is_kept_apart_from_the_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = plays(monkeypatch, isolation="unknown")
    for _ in range(2):
        trying.attempt(Load(12.0, 2), WISH, tmp_path, lambda _: None)
    assert len({one.directory for one in asked}) == 20
    assert sorted(one.name for one in tmp_path.iterdir()) == ["speed-12-labs-2", "speed-12-labs-2-2"]


def test_a_machine_on_which_no_lab_comes_up_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lost = [RunReport(scenario="normal", status="unavailable", started=False, because="no namespaces")]
    monkeypatch.setattr(trying, "run_batch", lambda *_: lost)
    with pytest.raises(trying.Unplayable, match="no namespaces"):
        trying.attempt(Load(10.0, 2), WISH, tmp_path, lambda _: None)
