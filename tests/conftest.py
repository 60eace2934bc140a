"""The configuration of all tests: reproducible random examples, and packet tests that never vanish silently."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.order import long_first

# Tests read, break and replace plain Python; those of the compiled cores start processes of their own. Set before any
# import of ours, and for every process that a test starts.
os.environ.setdefault("HERZSCHLAG_PURE", "1")

# What was measured of this machine changes the speed and number of labs: for tests nothing was. Nothing is there.
os.environ["XDG_STATE_HOME"] = str(Path(tempfile.gettempdir()) / f"herzschlag-tests-{os.getpid()}-state")

# The same examples at every run: a failure seen once is seen again. HERZSCHLAG_EXPLORE=1 looks for new ones.
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("explore" if os.environ.get("HERZSCHLAG_EXPLORE") else "repeatable")

PLANTED = "tests/planted/test_planted.py::test_a_planted_fault_is_caught["


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-transcripts",
        action="store_true",
        help="record the conversations of tests/transcripts and what the terminal shows anew, instead of comparing",
    )


@cache
def packets_missing() -> str:
    """What this machine lacks for labs on real packets, one text; empty when it lacks nothing."""
    from herzschlag.backends import asking  # noqa: PLC0415

    missing = asking.lacking()
    return f"{asking.why(missing)} ({asking.how(missing)})" if missing else ""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With workers: what takes long begins first."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1:
        return
    takes_s = {n: item.get_closest_marker("takes") for n, item in enumerate(items)}
    long = {n: float(mark.args[0]) for n, mark in takes_s.items() if mark is not None}
    items[:] = long_first(items, long, workers)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Ask the machine what it supports before the first test: workers that did so beside the first labs, each with
    dozens of programs and namespaces, made timers of theirs late. No worker gets a test before all have collected."""
    if any(item.get_closest_marker("packets") for item in session.items):
        packets_missing()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many of the agents broken on purpose were caught by a checker."""
    caught, missed = (
        sum(PLANTED in getattr(report, "nodeid", "") for report in terminalreporter.stats.get(outcome, []))
        for outcome in ("passed", "failed")
    )
    if caught + missed:
        terminalreporter.write_line(f"planted faults: {caught} of {caught + missed} caught")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Labs that tests of the lower layers start themselves take a place like those of the plugin. Tests that run pytest
    take none: what they run takes its own, and would wait for theirs. Nor do those that read what one run left to
    several: the fixture `packet_run` has its places while it plays. A test with several labs takes a place for each
    (`packets(own_places=True)`)."""
    takes_its_own = {"cluster", "pytester", "packet_run"}.intersection(getattr(item, "fixturenames", ()))
    packets = item.get_closest_marker("packets")
    if packets is None or packets.kwargs.get("own_places") or takes_its_own or packets_missing():
        return (yield)
    from herzschlag.plugin.places import Place  # noqa: PLC0415

    with Place.wait():
        return (yield)


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """A command with `--lang de`, called in this process, sets its language: no later test sees it."""
    yield
    from herzschlag.languages import ENGLISH, use  # noqa: PLC0415

    use(ENGLISH)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("packets") is None:
        return
    if getattr(item, "callspec", None) and item.callspec.params.get("herzschlag_backend", "mininet") != "mininet":  # type: ignore[attr-defined]
        pytest.skip("it is about real packets")
    if not (lacking := packets_missing()):
        return
    if os.environ.get("HERZSCHLAG_REQUIRE_PACKETS"):
        pytest.fail(f"no labs on this machine, and HERZSCHLAG_REQUIRE_PACKETS is set: {lacking}", pytrace=False)
    pytest.skip(f"no labs on this machine: {lacking}")
