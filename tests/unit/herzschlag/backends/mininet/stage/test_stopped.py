"""Processes that stand still are found, but for those that a fault wants to."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from herzschlag.backends.mininet.stage.stopped import stopped
from tests.support.waiting import until


def test_a_process_that_was_stopped_is_found_until_it_goes_on(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        (tmp_path / str(child.pid)).symlink_to(f"/proc/{child.pid}")
        try:
            assert stopped([], tmp_path) == []
            os.kill(child.pid, signal.SIGSTOP)
            until(lambda: stopped([], tmp_path) == ["sleep"], "it stands still")
            assert stopped([f"/proc/{child.pid}"], tmp_path) == [], "a fault wants that"
            os.kill(child.pid, signal.SIGCONT)
            until(lambda: stopped([], tmp_path) == [], "it goes on")
        finally:
            child.kill()


def test_a_process_that_ended_meanwhile_is_none(tmp_path: Path) -> None:
    (tmp_path / "1234").mkdir()
    (tmp_path / "self").mkdir()
    assert stopped([], tmp_path) == []
