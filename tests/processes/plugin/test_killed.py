"""Homes of labs whose process was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from herzschlag.plugin.homes import PREFIX, Home

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="labs on real packets need Linux")

PROGRAM = """
import signal, sys, time
from pathlib import Path
from herzschlag.plugin.homes import Home
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins with it ignored
home = Home.make(Path(sys.argv[1]))
(home.path / "capture.pcapng").write_bytes(bytes(1000))
print(home.path, flush=True)
time.sleep(600)
"""


def homes(base: Path) -> list[Path]:
    return sorted(base.glob(f"{PREFIX}*"))


def another_process(base: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(base)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_home_of_a_process_that_was_killed_is_removed_by_the_next(tmp_path: Path, number: signal.Signals) -> None:
    """The lock is the kernel's: nothing has to be written by a process that ends, and no number compared."""
    process, left = another_process(tmp_path / "base")
    process.send_signal(number)
    process.communicate(timeout=60)
    assert homes(tmp_path / "base") == [left]
    home = Home.make(tmp_path / "base")
    assert homes(tmp_path / "base") == [home.path]
    home.remove()
    assert homes(tmp_path / "base") == []


def test_the_home_of_a_living_process_stays(tmp_path: Path) -> None:
    process, living = another_process(tmp_path / "base")
    try:
        Home.make(tmp_path / "base").remove()
        assert (living / "capture.pcapng").is_file()
    finally:
        process.kill()
        process.communicate(timeout=60)
