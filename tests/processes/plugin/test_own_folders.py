"""The plugin in a project with folders `agents`, `topo` and `controller` of its own, in a folder with an odd name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import own_project


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_a_project_with_folders_of_our_names_keeps_them(tmp_path: Path, mode: str) -> None:
    folder = tmp_path / own_project.ODD_NAME
    tests = own_project.write(folder)
    done = own_project.pytest_there(folder, "--herzschlag-backend", "simulation", "--import-mode", mode)
    assert done.returncode == 0 and f"{tests} passed" in done.stdout, done.stdout + done.stderr
    assert len(list(folder.glob("runs/pytest/*/run.json"))) == tests


def test_a_run_in_such_a_project_works_and_so_does_what_it_says_to_repeat_it(tmp_path: Path) -> None:
    folder = tmp_path / own_project.ODD_NAME
    own_project.write(folder)
    words = ("isolation", "--backend", "simulation")
    done = own_project.python(folder, "herzschlag", "run", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(folder.glob("runs/*/isolation/report.html"))


def test_a_failure_there_names_a_command_that_repeats_it(tmp_path: Path) -> None:
    folder = tmp_path / own_project.ODD_NAME
    own_project.write(folder)
    (folder / "agents" / "test_agents.py").write_text(
        "def test_it(cluster): cluster.wait_for(lambda: False, within_s=1)"
    )
    done = own_project.pytest_there(folder, "--herzschlag-backend", "simulation", "agents")
    assert done.returncode == 1 and "1 failed" in done.stdout, done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert "again:    python -m pytest 'agents/test_agents.py::test_it[simulation]'" in done.stdout
