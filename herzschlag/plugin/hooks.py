"""The pytest plugin: fixtures, marker and options for network-fault tests of an HA cluster.

    @pytest.mark.herzschlag(hosts=4)
    def test_partition(cluster):
        cut = cluster.split(["host-98", "host-99"], ["host-100", "host-101"])
        cluster.wait_for(lambda: len(cluster.masters()) == 2, within_s=30)
        cluster.heal(cut)
        cluster.wait_for(lambda: len(cluster.masters()) == 1, within_s=10)

This module decides fixtures, marker and options, and that every checker judges every test. It leaves clusters to
`labs.py`, and it imports nothing of the project until a test asks for a cluster, because pytest loads this file in
every project on every system. How to write such tests: docs/testing.md.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from herzschlag.backends.names import BACKENDS
from herzschlag.plugin.constants import AGAIN, PROPERTY, REQUIRE, REQUIRE_OPTION, SPEED_OPTION, WITHOUT

if TYPE_CHECKING:
    from herzschlag.cluster import Cluster
    from herzschlag.plugin.labs import LabKeeper

MARKER = (
    "herzschlag(hosts=3, vms_per_host=0, profile='vsphere-5.1', options={}, speed=10, seed=0, ...): the cluster a test "
    "wants; besides speed, seed and alone, any key of a scenario's [cluster] table"
)
_KEEPER = pytest.StashKey["LabKeeper"]()
_SPEED = pytest.StashKey[str]()
"""What the header says of the speed."""
_ASKED = pytest.StashKey[bool]()
"""Whether the machine was asked for packets, in a session with workers."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("herzschlag", "high-availability heartbeats")
    group.addoption(
        "--herzschlag-backend",
        metavar="NAMES",
        default="mininet",
        help="where `cluster` runs: mininet (real packets), simulation, or both, separated by a comma",
    )
    group.addoption(
        "--herzschlag-pause",
        action="store_true",
        help="stop on failure with the lab alive and its shell open",
    )
    group.addoption(
        "--herzschlag-runs",
        metavar="DIR",
        default="runs/pytest",
        help="where run directories of tests go (default: %(default)s)",
    )
    group.addoption(
        SPEED_OPTION,
        metavar="NUMBER|auto",
        help="highest speed of clusters on real packets; auto: what this machine keeps up with, measured",
    )
    group.addoption(
        REQUIRE_OPTION,
        action="store_true",
        help=f"a test that cannot have real packets here fails, in place of being skipped; so does {REQUIRE}=1",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    for name in _backends(config):
        if name not in BACKENDS:
            raise pytest.UsageError(f"--herzschlag-backend {name!r}: known are {', '.join(BACKENDS)}")
    if not _backends(config):
        raise pytest.UsageError(f"--herzschlag-backend names none: known are {', '.join(BACKENDS)}")
    if config.getoption("--herzschlag-pause") and config.getoption("numprocesses", None):
        raise pytest.UsageError("--herzschlag-pause needs the terminal, which workers of -n do not have: leave -n out")
    if config.getoption(SPEED_OPTION) is not None:
        from herzschlag.plugin.speed import settle  # noqa: PLC0415

        config.stash[_SPEED] = settle(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    if (keeper := config.stash.get(_KEEPER, None)) is not None:
        keeper.close()


def pytest_report_header(config: pytest.Config) -> list[str]:
    from herzschlag.plugin.places import LABS, places  # noqa: PLC0415

    try:
        labs = places()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    where = ", ".join(_backends(config))
    header = f"herzschlag: cluster on {where}; at most {labs.number} labs at once: {labs.because} ({LABS} changes it)"
    return [header, *([config.stash[_SPEED]] if _SPEED in config.stash else [])]


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> list[str]:
    """Whether real packets are available here, in sessions that want some. In others nothing is asked or imported."""
    return _said_of_packets(config, sum(_on_packets(item) for item in items))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: Sequence[str]) -> None:
    """The same with workers: all collect the same tests, and the first to be ready is asked for their names."""
    config: pytest.Config = node.config
    if not config.stash.get(_ASKED, False):
        config.stash[_ASKED] = True
        reporter = config.pluginmanager.getplugin("terminalreporter")
        for line in _said_of_packets(config, sum("mininet" in name.rpartition("[")[2] for name in ids)):
            reporter.write_line(line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "herzschlag_backend" in metafunc.fixturenames:
        # Of a module, so that pytest runs all its tests on one backend before the next: labs are then used again.
        metafunc.parametrize("herzschlag_backend", _backends(metafunc.config), scope="module")


@pytest.fixture
def cluster(request: pytest.FixtureRequest, herzschlag_backend: str) -> Iterator[Cluster]:
    """A running, ready cluster on the backend(s) of `--herzschlag-backend`; judged by every checker after the test."""
    yield from _keeper(request.config).lend(request.node, herzschlag_backend)  # type: ignore[arg-type]  # checked when configured


@pytest.fixture
def simulation(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The same, in virtual time."""
    yield from _keeper(request.config).lend(request.node, "simulation", "-simulation")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Around all of a test, so that waiting for a place counts neither as its duration nor towards its time limit."""
    if not _uses_cluster(item) and _KEEPER not in item.config.stash:
        return (yield)
    keeper = _keeper(item.config)
    keeper.begin(item, nextitem)
    try:
        return (yield)
    finally:
        keeper.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    __tracebackhide__ = True
    try:
        return (yield)
    except BaseException as error:
        _hide_our_frames(item, error)
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Checkers run as part of the test, so that a violation fails it and is not an error of its tear-down."""
    __tracebackhide__ = True
    try:
        result = yield
    except (pytest.skip.Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        _hide_our_frames(item, error)
        _judge(item, error)
        _pause(item)
        raise
    try:
        _judge(item, None)
    except pytest.fail.Exception:
        _pause(item)
        raise
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add to a test's report what it says of its lab, so that it reaches the terminal under xdist as well."""
    reports = [one for found in terminalreporter.stats.values() for one in found]
    told = [(one.nodeid, *said) for one in reports for said in getattr(one, "user_properties", ())]
    labs = {nodeid: value for nodeid, name, value in told if name == PROPERTY}
    without = {nodeid: value for nodeid, name, value in told if name == WITHOUT}
    if without:
        from herzschlag.plugin.packets import said_of_skipped  # noqa: PLC0415

        for line in said_of_skipped([*without.values()]):
            terminalreporter.write_line(line)
    if labs:
        again = sum(value == AGAIN for value in labs.values())
        terminalreporter.write_line(
            f"herzschlag: {len(labs)} tests on real packets, {len(labs) - again} labs brought up, {again} used again"
        )


def _keeper(config: pytest.Config) -> LabKeeper:
    if _KEEPER not in config.stash:
        from herzschlag.plugin.labs import LabKeeper  # noqa: PLC0415

        config.stash[_KEEPER] = LabKeeper(config)
    return config.stash[_KEEPER]


def _judge(item: pytest.Item, error: BaseException | None) -> None:
    if _KEEPER in item.config.stash:
        from herzschlag.plugin.labs import judge_all  # noqa: PLC0415

        judge_all(item, error)


def _hide_our_frames(item: pytest.Item, error: BaseException) -> None:
    """In an answer to the user: other errors are ours, and their frames are wanted."""
    errors = sys.modules.get("herzschlag.errors")
    if errors is not None and isinstance(error, errors.HerzschlagError) and not item.config.getoption("fulltrace"):
        from herzschlag.plugin.failing import hide_our_frames  # noqa: PLC0415

        hide_our_frames(error)


def _on_packets(item: pytest.Item) -> bool:
    return hasattr(item, "callspec") and item.callspec.params.get("herzschlag_backend") == "mininet"


def _said_of_packets(config: pytest.Config, tests: int) -> list[str]:
    if not tests:
        return []
    from herzschlag.plugin.packets import said  # noqa: PLC0415

    return [line for line in [said(config, tests)] if line]


def _pause(item: pytest.Item) -> None:
    if _KEEPER in item.config.stash and item.config.getoption("--herzschlag-pause"):
        from herzschlag.plugin.pause import pause  # noqa: PLC0415

        pause(item)


def _uses_cluster(item: pytest.Item) -> bool:
    return not {"cluster", "simulation"}.isdisjoint(getattr(item, "fixturenames", ()))


def _backends(config: pytest.Config) -> list[str]:
    return [name.strip() for name in str(config.getoption("--herzschlag-backend")).split(",") if name.strip()]
