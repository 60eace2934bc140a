"""The daemon of docs/your-system.md, from a package outside this project: its split brain is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import extending
from tests.support.extending import YOUR_SYSTEM

ADAPTER_LINES_MAX = 20

pytestmark = pytest.mark.packets


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return extending.install(tmp_path_factory.mktemp("package"), YOUR_SYSTEM)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return extending.project_in(tmp_path, YOUR_SYSTEM, ("cut-off.toml", "nightly.toml", "test_mybeat.py"))


def test_the_adapter_is_short() -> None:
    assert len(extending.files(YOUR_SYSTEM)["mybeat/system.toml"].splitlines()) <= ADAPTER_LINES_MAX


@pytest.mark.takes(39)
def test_run_finds_the_bug_and_finds_it_mended(site: Path, project: Path) -> None:
    done = extending.command(site, project, "herzschlag", "run", "cut-off.toml", "--json", "--no-report")
    as_it_is, mended = json.loads(done.stdout)["runs"]
    assert (done.returncode, as_it_is["verdict"], mended["verdict"]) == (1, "violated", "holds"), done.stdout
    assert "host-98 and host-99 led" in as_it_is["because"]


@pytest.mark.takes(77)
def test_a_campaign_finds_it(site: Path, project: Path) -> None:
    done = extending.command(site, project, "herzschlag", "campaign", "nightly.toml", "--jobs", "1", "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    verdicts = {(run["scenario"], run["verdict"]) for run in json.loads(done.stdout)["runs"]}
    assert verdicts == {("cut-off@as-it-is", "violated"), ("cut-off@mended", "holds")}


@pytest.mark.packets(own_places=True)
def test_its_tests_pass_with_the_plugin(site: Path, project: Path) -> None:
    done = extending.command(site, project, "pytest", "-q", "-p", "no:cacheprovider", "-W", "error")
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
