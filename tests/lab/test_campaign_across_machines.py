"""A campaign on a Dask scheduler with workers in network namespaces of their own, as on other machines: one is killed,
one is cut off from the scheduler. Runs in virtual time: it is about where they are played."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.campaigns import campaign_file, complete, deliveries, running, undisturbed
from tests.support.sandboxed import inside, run_body
from tests.support.waiting import until

pytestmark = pytest.mark.packets
PATIENCE_S = 60.0
RUNS = 24
CHECKED = 2
"""Runs played once more, alone, to compare."""
PORT = 8786
SCHEDULER = f"tcp://10.77.0.1:{PORT}"
PROMPT = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "11s",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "4s",
}
"""How soon a peer that says nothing is given up; Dask's own default is half a minute, and five."""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def program(log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*words], stdin=subprocess.PIPE, stdout=sink, stderr=subprocess.STDOUT, env={**os.environ, **PROMPT}
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def machine(number: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a network namespace of its own, and the link `w<number>` to the scheduler. All ends with it."""
    dask = [sys.executable, "-m", "distributed.cli.dask_worker", SCHEDULER]
    options = [
        "--nthreads",
        "1",
        "--resources",
        "lab=1",
        "--no-dashboard",
        "--local-directory",
        str(folder / f"w{number}"),
    ]
    words = [
        "unshare",
        "--net",
        "--pid",
        "--mount-proc",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        'read go; exec "$@"',
        "sh",
        *dask,
        *options,
    ]
    with program(folder / f"w{number}.txt", *words) as process:
        first = until(lambda: child_of(process.pid), "the namespace is there")
        ip("link", "add", f"w{number}", "type", "veth", "peer", "name", "eth0", "netns", str(first))
        ip("link", "set", f"w{number}", "master", "bridge", "up")
        for words in (["link", "set", "lo", "up"], ["addr", "add", f"10.77.0.{number + 1}/24", "dev", "eth0"]):
            subprocess.run(["nsenter", "--net", "--target", str(first), "ip", *words], check=True)
        subprocess.run(["nsenter", "--net", "--target", str(first), "ip", "link", "set", "eth0", "up"], check=True)
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
        yield process


def child_of(pid: int) -> int:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(listed[0]) if listed else 0


@inside
@pytest.mark.takes(25)
def test_runs_of_a_killed_and_of_a_cut_off_worker_are_played_by_others() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file, out = campaign_file(folder, RUNS, settle_s=1800), folder / "out"
        ip("link", "set", "lo", "up")
        ip("link", "add", "bridge", "type", "bridge")
        ip("addr", "add", "10.77.0.1/24", "dev", "bridge")
        ip("link", "set", "bridge", "up")
        scheduler = [
            sys.executable,
            "-m",
            "distributed.cli.dask_scheduler",
            "--host",
            "10.77.0.1",
            "--port",
            str(PORT),
            "--no-dashboard",
        ]
        stack.enter_context(program(folder / "scheduler.txt", *scheduler))
        first = stack.enter_context(machine(1, folder))
        stack.enter_context(machine(2, folder))
        command = stack.enter_context(running(file, out, "--scheduler", SCHEDULER, **PROMPT))

        def told() -> str:
            texts = [path.read_text(errors="replace")[-6000:] for path in sorted(folder.glob("*.txt"))]
            return "\n".join([*texts, repr(sorted(complete(out)))])

        def played_by(number: int) -> int:
            return sum(f"10.77.0.{number + 1}:" in one["worker"] for one in deliveries(out).values())

        until(lambda: played_by(1) and played_by(2), "both play", within_s=PATIENCE_S, state=told)
        first.kill()
        stack.enter_context(machine(3, folder))
        until(lambda: played_by(3), "a machine that joins plays as well", within_s=PATIENCE_S, state=told)
        assert len(complete(out)) < RUNS - 1, "too late to show anything"
        ip("link", "set", "w2", "down")
        until(lambda: command.poll() is not None, "the campaign ends", within_s=PATIENCE_S, state=told)
        assert command.returncode == 0, told()
        assert len(complete(out)) == RUNS
        found = {name: one["history_sha256"] for name, one in deliveries(out).items()}
        assert undisturbed(file, folder / "alone", CHECKED).items() <= found.items()


if __name__ == "__main__":
    run_body()
