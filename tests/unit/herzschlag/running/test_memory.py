"""What a run says when the kernel ended a process for want of memory."""

from __future__ import annotations

from pathlib import Path

from herzschlag.running.memory import killed_since, killed_so_far


def test_kills_are_counted_and_only_new_ones_are_told(tmp_path: Path) -> None:
    vmstat = tmp_path / "vmstat"
    vmstat.write_text("pgfault 17\noom_kill 3\ndrop_pagecache 0\n")
    assert killed_so_far(vmstat) == 3
    assert not killed_since(3, vmstat)
    assert "ended a process for it: raise its limit" in killed_since(2, vmstat)
    assert "ended 3 processes" in killed_since(0, vmstat)


def test_a_machine_that_does_not_count_them_tells_nothing(tmp_path: Path) -> None:
    assert killed_so_far(tmp_path / "none") == 0
    assert not killed_since(0, tmp_path / "none")
