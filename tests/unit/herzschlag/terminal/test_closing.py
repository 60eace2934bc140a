"""The last lines: how many hold, on what, and where everything is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.checkers.verdict import Detail, Finding
from herzschlag.running.run_file import RunReport
from herzschlag.terminal.closing import closing, of_runs
from tests.support.terminal import console

HOLDS = RunReport(scenario="normal", backend="mininet", speed=10, verdict="holds")


def said(*reports: RunReport, skipped: int = 0, quiet: bool = True) -> list[str]:
    return [line.text.plain for line in closing(console(None), reports, took_s=41.2, skipped=skipped, quiet=quiet)]


@pytest.mark.parametrize(
    ("verdicts", "skipped", "text"),
    [
        (["holds"], 0, "holds"),
        (["violated"], 0, "violated"),
        (["holds"] * 5, 0, "5 of 5 hold"),
        (["holds", "violated", "unknown"], 0, "1 of 3 hold, 1 violated, 1 unknown"),
        (["holds"], 4, "1 of 5 hold, 4 not started"),
    ],
)
def test_how_many_hold(verdicts: list[str], skipped: int, text: str) -> None:
    reports = [msgspec.convert({"scenario": "s", "backend": "mininet", "verdict": v}, RunReport) for v in verdicts]
    assert said(*reports, skipped=skipped) == [f"  {text}   real packets, 41 s"]


def test_what_was_not_started_holds_nothing() -> None:
    never = RunReport(scenario="normal", backend="mininet", status="unavailable", started=False)
    assert said(never) == ["  not started   real packets, 41 s"]
    assert said(never, skipped=4) == ["  0 of 5 hold, 5 not started   real packets, 41 s"]


def test_the_latest_timer_of_all_is_told_in_real_time() -> None:
    details = tuple(
        Detail(name="host-98", verdict="holds", because="", measured_s=late_s, allowed_s=0.5) for late_s in (0.1, 0.21)
    )
    late = Finding(checker="lateness", verdict="holds", because="", details=details)
    assert said(msgspec.structs.replace(HOLDS, findings=(late,))) == [
        "  holds   real packets, latest timer 21 of 50 ms, 41 s"
    ]


def test_one_run_leads_to_its_report_and_several_to_their_summary(tmp_path: Path) -> None:
    reports = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.html").touch()
        reports.append(msgspec.structs.replace(HOLDS, directory=str(tmp_path / name)))
    assert said(reports[0], quiet=False)[1:] == [f"  look     file://{tmp_path}/a/report.html"]
    (tmp_path / "summary.html").touch()
    assert said(*reports, quiet=False)[1:] == [
        f"  look     file://{tmp_path}/summary.html",
        "  break it herzschlag live",
    ]


def test_without_a_drawn_report_the_run_itself_is_named(tmp_path: Path) -> None:
    report = msgspec.structs.replace(HOLDS, directory=str(tmp_path / "a"))
    assert said(report, quiet=False)[1:] == [f"  kept in  file://{tmp_path}/a"]


def test_the_first_line_says_what_is_about_to_run() -> None:
    assert of_runs(5, "mininet", [10, 10], 2) == "5 scenarios: real packets, speed 10, 2 at a time"
    assert of_runs(1, "mininet", [1, 10], 2) == "1 scenario: real packets, speed 1 to 10"
    assert of_runs(2, "simulation", [10], 1) == "2 scenarios: virtual time"
