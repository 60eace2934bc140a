"""The package of docs/extending.md on real packets: its scenario, and its tests beside the plugin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import extending

pytestmark = pytest.mark.packets


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return extending.install(tmp_path_factory.mktemp("package"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return extending.project_in(tmp_path)


def test_its_scenario_holds(site: Path, project: Path) -> None:
    done = extending.command(site, project, "herzschlag", "run", "rack.toml", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    (brisk,) = [finding for finding in run["findings"] if finding["checker"] == "brisk"]
    assert brisk["because"].startswith("as documented (a dead master is succeeded")


@pytest.mark.packets(own_places=True)
def test_its_tests_pass(site: Path, project: Path) -> None:
    words = ("pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--herzschlag-backend", "mininet")
    done = extending.command(site, project, *words)
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr
