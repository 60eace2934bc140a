"""Campaigns on real packets: a worker never has more labs than it offers, and a killed campaign goes on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from herzschlag.backends.many import ONE_RUN
from tests.support.campaigns import complete, deliveries, running
from tests.support.waiting import until

PATIENCE_S = 120.0
RUNS = 3


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "few.toml"
    path.write_text(f'name = "few"\n[[matrix]]\nscenarios = ["slave-failure"]\nseeds = "0-{RUNS - 1}"\nspeeds = [10]\n')
    return path


def labs(place: Path) -> int:
    """Runs on real packets that are played below this directory now."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if ONE_RUN.encode() in words and any(os.fsencode(place) in word for word in words):
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(after_name[1])
        except OSError:
            continue
    # A process that a run starts has the run's command line until it executes its own program.
    return sum(parent not in parents for parent in parents.values())


@pytest.mark.packets
@pytest.mark.takes(40)
def test_a_worker_of_many_threads_has_one_lab_at_a_time(tmp_path: Path, file: Path) -> None:
    """And the client, killed in the middle, finds the rest to do when it is called again."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    out, place = tmp_path / "out", tmp_path / "worker"
    programs = (
        ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2]],
        ["distributed.cli.dask_worker", address, "--nthreads", "4", "--resources", "lab=1"],
    )
    with ExitStack() as stack:
        for number, words in enumerate(programs):
            sink = stack.enter_context((tmp_path / f"{number}.txt").open("wb"))
            folder = ["--local-directory", str(place)] if number else []
            process = subprocess.Popen(
                [sys.executable, "-m", *words, "--no-dashboard", *folder], stdout=sink, stderr=sink
            )
            stack.callback(process.wait)
            stack.callback(process.send_signal, signal.SIGTERM)
        most = 0

        def looked(least: int, command: subprocess.Popen[bytes]) -> bool:
            nonlocal most
            most = max(most, labs(place))
            return len(complete(out)) >= least or command.poll() is not None

        with running(file, out, "--scheduler", address) as command:
            until(lambda: looked(1, command), "one run is there", within_s=PATIENCE_S)
            command.kill()
        before = complete(out)
        assert 1 <= len(before) < RUNS
        with running(file, out, "--scheduler", address) as command:
            until(lambda: looked(RUNS + 1, command), "the campaign ends", within_s=PATIENCE_S)
            assert command.returncode in (0, 3), (tmp_path / "output.txt").read_text()  # 3: late timers
        assert most == 1
        assert before.items() <= complete(out).items() and len(complete(out)) == RUNS
        assert {one["worker"].partition("//")[2].partition(":")[0] for one in deliveries(out).values()} == {"127.0.0.1"}
    assert labs(place) == 0
