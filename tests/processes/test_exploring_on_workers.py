"""`herzschlag explore --scheduler`: a real Dask scheduler and workers, on loopback."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.waiting import until

PATIENCE_S = 120.0
WORDS = ["explore", "--hosts", "3", "--faults", "1-2", "--no-confirm"]


@contextmanager
def dask(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and its workers: its address, and their processes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    worker = ["distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
    with ExitStack() as stack:
        started = []
        for number, words in enumerate([scheduler, *[worker] * workers]):
            sink = stack.enter_context((folder / f"{number}.txt").open("wb"))
            process = subprocess.Popen([sys.executable, "-m", *words, "--no-dashboard"], stdout=sink, stderr=sink)
            stack.callback(process.wait)
            stack.callback(process.kill)
            started.append(process)
        yield address, started


def told(folder: Path, number: int, text: str) -> bool:
    return text in (folder / f"{number}.txt").read_text()


def test_workers_of_a_scheduler_search_also_when_one_of_them_dies(tmp_path: Path) -> None:
    with dask(tmp_path, 2) as (address, (_, first, _)):
        for number in (1, 2):
            until(lambda n=number: told(tmp_path, n, "Registered to"), "a worker is there", within_s=PATIENCE_S)  # type: ignore[misc]
        command = [sys.executable, "-P", "-m", "herzschlag", *WORDS, "--time", "25s", "--scheduler", address]
        with (tmp_path / "output.txt").open("wb") as sink:
            search = subprocess.Popen(command, cwd=tmp_path, stdout=sink, stderr=sink)
        until(lambda: " schedules" in (tmp_path / "output.txt").read_text(), "they search", within_s=PATIENCE_S)
        os.kill(first.pid, signal.SIGKILL)
        assert search.wait(PATIENCE_S) == 0, (tmp_path / "output.txt").read_text()
    plays = [int(found) for found in re.findall(r"(\d+) schedules", (tmp_path / "output.txt").read_text())]
    assert plays[-1] > plays[0] > 0, "the other one goes on"
    assert (tmp_path / "explored/seen.json").exists()


def test_a_scheduler_without_workers_is_told(tmp_path: Path) -> None:
    with dask(tmp_path, 0) as (address, _):
        until(lambda: told(tmp_path, 0, "Scheduler at"), "the scheduler is there", within_s=PATIENCE_S)
        command = [sys.executable, "-P", "-m", "herzschlag", *WORDS, "--time", "5s", "--scheduler", address]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "the scheduler has no worker" in done.stderr


def test_jobs_are_for_this_machine(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "herzschlag", *WORDS, "--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 2
    assert "with --scheduler, start the workers there" in done.stderr
