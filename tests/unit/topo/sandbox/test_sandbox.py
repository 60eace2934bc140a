"""What a sandbox is given by itself: what its own folders would hide, and what may be written to."""

from __future__ import annotations

import errno
from pathlib import Path

from herzschlag.topo.errors import UnusableMachineError
from herzschlag.topo.sandbox.sandbox import _failure, kept


def test_what_is_seen_is_given_only_where_it_is_hidden() -> None:
    assert kept([], ["/tmp/checkout", "/tmp/checkout/.venv", "/opt/python"]) == [("/tmp/checkout", False)]


def test_what_is_written_to_is_given_wherever_it_is() -> None:
    """All of the machine that is not given is read-only."""
    assert kept(["/opt/runs/log"], ["/opt"]) == [("/opt/runs/log", True)]
    assert kept(["/tmp/checkout/runs"], ["/tmp/checkout"]) == [("/tmp/checkout", False), ("/tmp/checkout/runs", True)]
    assert kept(["/tmp/a", "/tmp/a/b"], ["/tmp/a/c", "/tmp/a"]) == [("/tmp/a", True)]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "link").symlink_to("runs")
    assert kept([tmp_path / "link"], []) == [(str(tmp_path.resolve() / "runs"), True)]


def test_a_kernel_that_lacks_a_system_call_is_named_with_the_way_out() -> None:
    error = _failure({"step": "file systems", "errno": errno.ENOSYS, "error": "mount_setattr(/tmp/etc): not there"})
    assert isinstance(error, UnusableMachineError)
    assert "mount_setattr" in error.what and error.fix == "use Linux 5.12 or newer"
