"""Processes that stand still are found, but for those that a fault wants to."""

from __future__ import annotations

from pathlib import Path

from herzschlag.backends.mininet.stage.stopped import stopped


def process(folder: Path, pid: int, name: str, state: str, network: str, *, parent: int = 1) -> None:
    """What proc(5) shows of a process."""
    (folder / str(pid) / "ns").mkdir(parents=True)
    (folder / str(pid) / "stat").write_text(f"{pid} ({name}) {state} {parent} 2 3\n")
    (folder / str(pid) / "ns/net").symlink_to(network)


def test_processes_that_stand_still_are_named(tmp_path: Path) -> None:
    process(tmp_path, 2, "host-99-fdm", "S", "net:[1]")
    process(tmp_path, 3, "host-98-fdm", "T", "net:[2]")
    process(tmp_path, 4, "a name (with) brackets", "t", "net:[1]")
    (tmp_path / "self").mkdir()
    assert stopped([1], [], tmp_path) == ["a name (with) brackets", "host-98-fdm"]


def test_those_of_a_frozen_node_are_meant_to(tmp_path: Path) -> None:
    process(tmp_path, 2, "sleep", "T", "net:[2]")
    process(tmp_path, 3, "host-98-fdm", "T", "net:[2]")
    process(tmp_path, 4, "zygote", "T", "net:[1]")
    assert stopped([1], [str(tmp_path / "2")], tmp_path) == ["zygote"]


def test_a_process_that_ended_meanwhile_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "1234").mkdir()
    assert stopped([1], [], tmp_path) == []


def test_what_a_user_runs_in_a_node_may_stand_still(tmp_path: Path) -> None:
    process(tmp_path, 10, "zygote", "S", "net:[1]")
    process(tmp_path, 11, "host-98-hv", "S", "net:[2]", parent=10)
    process(tmp_path, 12, "vm-98-1", "T", "net:[2]", parent=11)
    process(tmp_path, 13, "vi", "T", "net:[2]", parent=9)
    assert stopped([10], [], tmp_path) == ["vm-98-1"]
