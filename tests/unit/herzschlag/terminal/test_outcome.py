"""The outcome of one run: what is said of a run that failed, broke off, or was never ready."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.checkers.verdict import Detail, Finding
from herzschlag.running.run_file import RunReport
from herzschlag.terminal.outcome import outcome
from tests.support import terminal

UNKNOWN = RunReport(
    scenario="mine", title="Mine", backend="mininet", speed=10, repeat="herzschlag run mine.toml --speed 10"
)


def texts(report: RunReport) -> list[str]:
    return [line.text.plain for line in outcome(report, None)]


def unknown(checker: str, because: str, *details: Detail) -> Finding:
    return Finding(checker=checker, verdict="unknown", because=because, details=details)


def test_a_failure_of_ours_is_not_told_a_second_time() -> None:
    """Standard error has said it; every check lacks its records then."""
    failed = msgspec.structs.replace(
        UNKNOWN, status="failed", findings=tuple(unknown(c, "no record") for c in ("timeline", "belief"))
    )
    assert texts(failed) == [
        "  ? mine             UNKNOWN: Herzschlag itself failed, which says nothing of the cluster"
    ]


def test_a_dead_part_is_the_cause_of_everything_in_doubt() -> None:
    found = (
        unknown("timeline", "in doubt because of machinery"),
        unknown("machinery", "controller: died: it was killed"),
    )
    assert texts(msgspec.structs.replace(UNKNOWN, findings=found)) == [
        "  ? mine             UNKNOWN: a part of Herzschlag did not live to the end",
        "      controller: died: it was killed: nothing is proved",
        "      in doubt  timeline",
        "      again     herzschlag run mine.toml --speed 10",
    ]


def test_missing_evidence_is_told_check_by_check() -> None:
    found = (unknown("timeline", "new master: the moment it counts from never came"),)
    assert "      timeline: new master: the moment it counts from never came" in texts(
        msgspec.structs.replace(UNKNOWN, findings=found)
    )


@pytest.mark.parametrize(
    ("late_s", "tried"), [(0.6, "herzschlag run mine.toml --speed 5"), (3.0, "a machine with less to do")]
)
def test_a_slow_machine_gets_the_speed_that_it_keeps(late_s: float, tried: str) -> None:
    detail = Detail(name="host-98 agent", verdict="unknown", because="late", measured_s=late_s, allowed_s=0.5)
    found = (unknown("lateness", "host-98 agent: late", detail),)
    assert tried in texts(msgspec.structs.replace(UNKNOWN, findings=found))[-1]


def test_a_rule_is_named_and_an_expectation_has_its_place(tmp_path: Path) -> None:
    (report,) = terminal.violated(lambda name: tmp_path / name)
    rule = Finding(
        checker="one-master",
        verdict="violated",
        because="",
        details=(Detail(name="host-98", verdict="violated", because="no host led at T+30.00"),),
    )
    told = texts(msgspec.structs.replace(report, findings=(*report.findings, rule)))
    assert "      one-master: host-98: no host led at T+30.00" in told
    assert "      declared dead: expected T+10 ± 0.15, happened T+18.00  wrong.toml:15" in told
