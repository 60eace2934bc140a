"""Interrupted runs: a run that is ended from outside says so in its directory, and no run outlives its batch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from herzschlag.running.run_file import RUN_FILE, read_report
from tests.support.waiting import until

LONG = 'name = "long-{n}"\ntitle = "a week of nothing"\nsettle_s = 600000\n[cluster]\nhosts = 8\n'
DEADLINE_S = 30.0


@pytest.fixture
def batch(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[Path]]]:
    """Two endless simulated runs at once."""
    files = [tmp_path / f"long-{n}.toml" for n in (1, 2)]
    for number, path in enumerate(files, start=1):
        path.write_text(LONG.format(n=number))
    command = [sys.executable, "-m", "herzschlag", "run", *map(str, files), "--jobs", "2", "--backend", "simulation"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "runs")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    until(lambda: len(statuses(tmp_path)) == 2, "both runs begin")
    yield process, [tmp_path]
    process.kill()
    process.communicate()


def statuses(folder: Path) -> list[str]:
    found: list[str] = []
    for path in sorted(folder.glob(f"runs/[0-9]*/*/{RUN_FILE}")):
        try:
            found.append(read_report(path.parent).status)
        except (OSError, msgspec.MsgspecError):
            found.append("unreadable")
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_batch_ends_its_runs_which_say_so(
    batch: tuple[subprocess.Popen[bytes], list[Path]], number: signal.Signals
) -> None:
    process, (folder,) = batch
    process.send_signal(number)
    assert process.wait(timeout=DEADLINE_S) == 130
    assert statuses(folder) == ["interrupted", "interrupted"]


def test_runs_end_with_a_batch_that_is_killed(batch: tuple[subprocess.Popen[bytes], list[Path]]) -> None:
    process, (folder,) = batch
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=DEADLINE_S)
    until(lambda: statuses(folder) == ["interrupted", "interrupted"], "both runs say that they were interrupted")


LOST = """
import sys, time, weakref, signal
from herzschlag.running import interrupts

class Thing:
    pass

interrupts.{way}()
thing = Thing()
if "{where}" == "weak reference":
    kept = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGTERM))
else:
    Thing.__del__ = lambda _: signal.raise_signal(signal.SIGTERM)
try:
    del thing
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("way", ["end_politely", "end_politely_once"])
@pytest.mark.parametrize("where", ["weak reference", "finalizer"])
def test_an_interrupt_that_python_cannot_pass_on_is_raised_again(way: str, where: str) -> None:
    program = LOST.format(way=way, where=where)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=DEADLINE_S, check=False)
    assert (ended.returncode, ended.stderr) == (130, b"")
