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
