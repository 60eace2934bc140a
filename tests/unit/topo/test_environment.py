"""Where programs are looked for."""

from __future__ import annotations

from pathlib import Path

from herzschlag.topo.environment import program


def test_a_path_may_leave_the_version_open(tmp_path: Path) -> None:
    wanted = f"{tmp_path}/*/bin/postgres"
    assert program(wanted) is None
    for version in ("15", "17"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        (folder / "postgres").touch(mode=0o755)
        assert program(wanted) == str(folder / "postgres")
    assert program("sh") is not None


def test_a_module_of_python_need_not_be_executable(tmp_path: Path) -> None:
    (tmp_path / "client.py").touch(mode=0o644)
    (tmp_path / "client").touch(mode=0o644)
    assert program(f"{tmp_path}/client.py") == f"{tmp_path}/client.py"
    assert program(f"{tmp_path}/client") is None
