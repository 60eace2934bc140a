"""Sessions where real packets are not available: said first and last, and green only when that is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from herzschlag.backends.base import BackendUnavailable, Missing
from herzschlag.plugin import labs, packets
from herzschlag.plugin.constants import REQUIRE
from tests.support.inner_pytest import on_stand_ins

CODE = """
def test_one(cluster): pass
def test_two(cluster): pass
def test_three(simulation): pass
def test_of_something_else(): pass
"""
LACKS = "Open vSwitch (no such program): apt-get install openvswitch-switch"


@pytest.fixture(autouse=True)
def nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    start = labs.Cluster.start  # type: ignore[attr-defined]  # not a public name there

    def refuse(*values: Any, **named: Any) -> Any:
        if named["backend"] == "mininet":
            raise BackendUnavailable(Missing("Open vSwitch", "apt-get install openvswitch-switch"))
        return start(*values, **named)

    monkeypatch.delenv(REQUIRE, raising=False)
    monkeypatch.setattr(packets, "lacking", lambda: LACKS)
    monkeypatch.setattr("herzschlag.cluster.Cluster.start", refuse)


def session(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    pytester.makepyfile(test_users=CODE)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *words)


def test_a_session_that_skips_says_so_first_and_last_without_an_option(pytester: pytest.Pytester) -> None:
    result = session(pytester)
    result.assert_outcomes(passed=2, skipped=2)
    result.stdout.fnmatch_lines(
        [
            f"herzschlag: no real packets here: {LACKS}; 2 tests will be skipped (--herzschlag-require-packets *",
            "herzschlag: 2 tests skipped without real packets: mininet: Open vSwitch is missing: apt-get install *",
        ]
    )


@pytest.mark.parametrize("how", ["option", "variable"])
def test_where_they_are_required_such_a_session_is_not_green(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "variable":
        monkeypatch.setenv(REQUIRE, "1")
    result = session(pytester, *(["--herzschlag-require-packets"] if how == "option" else []))
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines([f"herzschlag: no real packets here: {LACKS}; 2 tests will fail"])
    result.stdout.fnmatch_lines(
        ["real packets are required * and are not available: mininet: Open vSwitch is missing*"]
    )
    assert "During handling" not in result.stdout.str()


def test_a_session_that_wants_none_asks_and_says_nothing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> str:
        raise AssertionError("it costs a second")

    monkeypatch.setattr(packets, "lacking", asked)
    result = session(pytester, "--herzschlag-backend", "simulation", "--herzschlag-require-packets")
    result.assert_outcomes(passed=4)
    assert "real packets" not in result.stdout.str()


def test_a_session_with_workers_says_the_same_once(pytester: pytest.Pytester) -> None:
    """Its own process collects nothing, so it has it from the first worker."""
    result = on_stand_ins(pytester, CODE, "-n", "2")
    result.assert_outcomes(passed=4)
    assert sum(line.startswith(("herzschlag: real packets ", "herzschlag: no real ")) for line in result.outlines) == 1
