"""Processes of a lab without an owner."""

from __future__ import annotations

from pathlib import Path

from herzschlag.doctor import leftovers


def test_an_ownerless_process_of_a_lab_is_named_and_an_owned_one_is_not(tmp_path: Path) -> None:
    def plant(number: int, parent: int, *words: str) -> None:
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cmdline").write_bytes("\0".join([*words, ""]).encode())
        (tmp_path / str(number) / "stat").write_text(f"{number} (a ) name) S {parent} 1 1\n", encoding="utf-8")

    plant(11, 1, "python", "-m", "herzschlag.topo.sandbox.launcher", "5")
    plant(12, 11, "python", "-m", "herzschlag.backends.mininet.stage")
    plant(13, 1, "python", "-m", "http.server")
    plant(14, 1, "sleep", "-m")
    (tmp_path / "15").mkdir()  # ended while we looked
    (tmp_path / "self").mkdir()
    assert leftovers.left_behind(tmp_path) == [(11, "herzschlag.topo.sandbox.launcher")]
