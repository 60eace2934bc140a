"""The comparison of a machine with itself."""

from __future__ import annotations

from pathlib import Path

from tests.support import whole_machine


def test_what_came_went_and_changed_is_told(tmp_path: Path) -> None:
    tops = [(str(tmp_path), 2)]
    for name in ("stays", "goes", "changes"):
        (tmp_path / name).write_text(name)
    (tmp_path / "folder/deeper").mkdir(parents=True)
    before = whole_machine.look(tops)
    (tmp_path / "goes").unlink()
    (tmp_path / "changes").write_text("ch-nges")  # as long as it was
    (tmp_path / "folder/came").touch()
    (tmp_path / "folder/deeper/unseen").touch()
    after = whole_machine.look(tops)
    assert whole_machine.changed(before, after) == [
        f"came: {tmp_path}/folder/came",
        f"went: {tmp_path}/goes",
        f"changed: {tmp_path}/changes",
    ]


def test_settings_of_the_kernel_are_compared_and_those_that_are_restless_are_not() -> None:
    before = whole_machine.settings()
    assert "/proc/sys/vm/swappiness" in before and "mounts" in before
    assert not any("/random/" in name or "/pty/" in name or "ns_last_pid" in name for name in before)
    told = whole_machine.changed(before, before | {"/proc/sys/vm/swappiness": "other"})
    assert told == ["changed: /proc/sys/vm/swappiness"]


def test_of_many_changes_the_first_are_told_and_how_many_there_are() -> None:
    told = whole_machine.changed({}, {f"/x/{number:03}": "" for number in range(30)})
    assert len(told) == whole_machine.TOLD_MAX + 1 and told[-1] == "and 10 more"
