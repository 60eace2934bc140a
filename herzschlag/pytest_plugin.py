"""The pytest plugin: network-fault tests of an HA cluster, as easily as any other test.

    @pytest.mark.herzschlag(hosts=4)
    def test_partition(cluster):
        cut = cluster.split(["host-98", "host-99"], ["host-100", "host-101"])
        cluster.wait_for(lambda: len(cluster.masters()) == 2, within_s=30)
        cluster.heal(cut)
        cluster.wait_for(lambda: len(cluster.masters()) == 1, within_s=10)

Decides fixtures, marker and options, and that every checker has its say after every test. Leaves clusters to
`cluster.py`; imports nothing of it until a test asks for one, because pytest loads this file in every project.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from herzschlag.cluster import Cluster
    from herzschlag.pytest_labs import LabKeeper

MARKER = (
    "herzschlag(hosts=3, vms_per_host=0, speed=10, seed=0, ...): the cluster a test wants; besides speed and seed, "
    "any key of a scenario's [cluster] table"
)
_KEEPER = pytest.StashKey["LabKeeper"]()


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


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    known = ("mininet", "simulation")
    for name in _backends(config):
        if name not in known:
            raise pytest.UsageError(f"--herzschlag-backend {name!r}: known are {', '.join(known)}")
    if config.getoption("--herzschlag-pause") and config.getoption("numprocesses", None):
        raise pytest.UsageError("--herzschlag-pause needs the terminal, which workers of -n do not have: leave -n out")


def pytest_report_header(config: pytest.Config) -> str:
    from herzschlag.pytest_slots import LABS, places  # noqa: PLC0415

    try:
        return f"herzschlag: cluster on {', '.join(_backends(config))}; at most {places()} labs at once ({LABS})"
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "herzschlag_backend" in metafunc.fixturenames:
        # Of a module, so that pytest runs all its tests on one backend before the next: labs are then used again.
        metafunc.parametrize("herzschlag_backend", _backends(metafunc.config), scope="module")


@pytest.fixture(scope="session")
def _herzschlag_keeper(pytestconfig: pytest.Config) -> Iterator[LabKeeper]:
    from herzschlag.pytest_labs import LabKeeper  # noqa: PLC0415

    keeper = LabKeeper(pytestconfig)
    pytestconfig.stash[_KEEPER] = keeper
    yield keeper
    keeper.close()


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest, herzschlag_backend: str, _herzschlag_keeper: LabKeeper
) -> Iterator[Cluster]:
    """A running, ready cluster on the backend(s) of `--herzschlag-backend`; judged by every checker after the test."""
    yield from _herzschlag_keeper.lend(request.node, herzschlag_backend)  # type: ignore[arg-type]  # checked when configured


@pytest.fixture
def simulation(request: pytest.FixtureRequest, _herzschlag_keeper: LabKeeper) -> Iterator[Cluster]:
    """The same, in virtual time."""
    yield from _herzschlag_keeper.lend(request.node, "simulation", "-simulation")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """Checkers speak as part of the test, so that a violation fails it and is no error of its tear-down."""
    if not _uses_cluster(item):
        return (yield)
    from herzschlag.pytest_labs import judge_all  # noqa: PLC0415

    try:
        result = yield
        judge_all(item, None)
    except (pytest.skip.Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        judge_all(item, error)
        _pause(item)
        raise
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if (keeper := item.config.stash.get(_KEEPER, None)) is not None:
        keeper.next = nextitem


def _pause(item: pytest.Item) -> None:
    if item.config.getoption("--herzschlag-pause"):
        from herzschlag.pytest_pause import pause  # noqa: PLC0415

        pause(item)


def _uses_cluster(item: pytest.Item) -> bool:
    return not {"cluster", "simulation"}.isdisjoint(getattr(item, "fixturenames", ()))


def _backends(config: pytest.Config) -> list[str]:
    return [name.strip() for name in str(config.getoption("--herzschlag-backend")).split(",") if name.strip()]
