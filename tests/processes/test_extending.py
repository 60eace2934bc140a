"""The examples of docs/extending.md in virtual time, from a package outside this project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import extending
from tests.support.extending import ROOT

SIMULATION = ("--backend", "simulation")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return extending.install(tmp_path_factory.mktemp("package"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return extending.project_in(tmp_path)


def test_the_scenario_holds_and_the_checker_is_in_its_report(site: Path, project: Path) -> None:
    done = extending.command(site, project, "herzschlag", "run", "rack.toml", *SIMULATION, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    (brisk,) = [finding for finding in run["findings"] if finding["checker"] == "brisk"]
    assert brisk["verdict"] == "holds" and brisk["because"].startswith("as documented (a dead master is succeeded")
    assert "host-99: declared dead after " in brisk["because"]
    directory = project / run["directory"]
    page = (directory / "report.html").read_text(encoding="utf-8")
    assert "brisk" in page and "rack-down" in page
    assert extending.command(site, project, "herzschlag", "report", str(directory)).returncode == 0


def test_without_the_allowance_the_checker_is_seen_to_fail(site: Path, project: Path) -> None:
    text = (project / "rack.toml").read_text(encoding="utf-8")
    (project / "rack.toml").write_text(text.partition("[[expect.allow]]")[0], encoding="utf-8")
    done = extending.command(site, project, "herzschlag", "run", "rack.toml", *SIMULATION, "--json", "--no-report")
    (run,) = json.loads(done.stdout)["runs"]
    assert (done.returncode, run["verdict"]) == (1, "violated")
    assert run["because"].startswith("brisk: host-98: declared dead after ")


def test_its_tests_pass_with_the_plugin(site: Path, project: Path) -> None:
    words = ("pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--herzschlag-backend", "simulation")
    done = extending.command(site, project, *words)
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr
    found = [json.loads(path.read_text())["findings"] for path in project.glob("runs/pytest/*/run.json")]
    assert [[f["verdict"] for f in findings if f["checker"] == "brisk"] for findings in found] == [["holds"], ["holds"]]


def test_what_was_done_by_hand_is_a_scenario_that_runs_again(site: Path, project: Path) -> None:
    typed = "fault rack-down hosts=host-98,host-100\nadvance 30\nhelp rack-down\nfault rack-down hosts=host-1\n"
    done = extending.command(site, project, "herzschlag", "shell", *SIMULATION, "--out", "typed", typed=typed)
    assert "active: '1 rack-down': rack-down hosts=[host-98, host-100]" in done.stdout, done.stdout + done.stderr
    assert "The rack has no power: its hosts are off" in done.stdout
    assert done.returncode == 2 and "'host-1' is not a host of this lab" in done.stderr
    (made,) = project.glob("typed/**/scenario.toml")
    assert 'fault = "rack-down"' in made.read_text(encoding="utf-8")
    again = extending.command(site, project, "herzschlag", "run", str(made), *SIMULATION, "--json", "--no-report")
    assert again.returncode == 0, again.stdout + again.stderr


def test_without_the_package_its_names_are_unknown(site: Path, project: Path) -> None:
    done = extending.command(project, project, "herzschlag", "run", "rack.toml", *SIMULATION)
    assert done.returncode == 2 and "steps[0].fault: is 'rack-down': no fault has this name" in done.stderr
    assert (
        extending.command(site, project, "herzschlag", "run", "rack.toml", *SIMULATION, "--no-report").returncode == 0
    )
    (run,) = project.glob("runs/[0-9]*/rack")
    drawn = extending.command(project, project, "herzschlag", "report", str(run))
    assert drawn.returncode != 0 and "'rack-down' is a fault of a package that is not installed here" in drawn.stderr


def test_a_type_checker_accepts_it(site: Path) -> None:
    """What users build on has types: also what `from herzschlag import …` gives only when it is first used."""
    words = ("mypy", "--strict", "--follow-imports", "silent", "--cache-dir", str(ROOT / ".mypy_cache/extras"))
    done = extending.command(site, site.parent / "source", *words, "herzschlag_extras", MYPYPATH=str(ROOT))
    assert done.returncode == 0, done.stdout + done.stderr
