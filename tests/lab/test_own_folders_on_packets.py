"""The plugin on real packets in a project that has folders `agents`, `topo` and `controller` of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import own_project

pytestmark = pytest.mark.packets(own_places=True)


@pytest.mark.takes(40)
def test_a_project_with_folders_of_our_names_keeps_them(tmp_path: Path) -> None:
    """The processes of a lab are started by module name, with the user's folder first on their path."""
    folder = tmp_path / own_project.ODD_NAME
    tests = own_project.write(folder)
    done = own_project.pytest_there(folder, "--herzschlag-backend", "mininet,simulation")
    assert done.returncode == 0 and f"{2 * tests} passed" in done.stdout, done.stdout + done.stderr
