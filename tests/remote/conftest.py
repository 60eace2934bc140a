"""A machine with an OpenSSH server of its own, for the tests of `herzschlag remote`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.far_machine import FarMachine
from tests.support.far_program import PROGRAM


@pytest.fixture(scope="module")
def module_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarMachine]:
    with FarMachine(tmp_path_factory.mktemp("far")) as machine:
        yield machine


@pytest.fixture
def machine(module_machine: FarMachine, tmp_path: Path) -> FarMachine:
    """The machine as it should be, and a program in its checkout."""
    if module_machine._sshd is None:
        module_machine.start_server()
    module_machine.know_server()
    return module_machine


@pytest.fixture
def options(tmp_path: Path) -> tuple[str | Path, ...]:
    """A checkout on the remote machine with our small program, results in a folder of this test."""
    program = tmp_path / "checkout/.venv/bin/herzschlag"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM, encoding="utf-8")
    program.chmod(0o755)
    return ("--checkout", tmp_path / "checkout", "--far-folder", tmp_path / "far")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder
