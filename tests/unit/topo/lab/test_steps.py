"""Steps: done in order, and prepared where what they show can still be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.topo.kernel import syscalls
from herzschlag.topo.lab.steps import do, prepared


def test_what_is_shown_is_opened_before_the_steps_are_sent_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a node the path means another folder, or none."""
    monkeypatch.setattr(syscalls, "clone_mount", {"/run/herzschlag/dead/apd": 7}.__getitem__)
    remount = ["mount", "none", "/datastores/nfs-1", None, 1, None]
    steps = prepared([["show", "/run/herzschlag/dead/apd", "/datastores/nfs-1"], remount])
    assert steps == [["attach", 7, "/datastores/nfs-1"], remount]


def test_steps_are_done_in_order(tmp_path: Path) -> None:
    do([["make_folder", str(tmp_path / "a/b")], ["write", str(tmp_path / "a/b/c"), "1"]])
    assert (tmp_path / "a/b/c").read_text() == "1"


def test_a_refused_value_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"writing '1': .*") as caught:
        do([["write", str(tmp_path / "no/file"), "1"]])
    assert caught.value.filename == str(tmp_path / "no/file")
