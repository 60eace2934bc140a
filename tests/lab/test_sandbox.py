"""The sandbox's promise: nothing of a lab survives it, however it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from herzschlag.topo.errors import SandboxError
from herzschlag.topo.sandbox.sandbox import Sandbox
from tests.support.ordinary_user import run_as_ordinary_user
from tests.support.sandboxed import BODIES, CHECKOUT, DEADLINE_S, delivered, run_body, start_inside, switched_lab
from tests.support.waiting import until

pytestmark = pytest.mark.packets


def alive(pids: list[int]) -> list[int]:
    """The processes that still run; a zombie that waits for another process to take its status does not."""
    running = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                running.append(pid)
    return running


def members(first: int) -> list[int]:
    """All processes in the network of a sandbox's first process or below it in its process namespaces."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {first}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def body_stay() -> None:
    with switched_lab(3) as lab:
        for host in lab.spec.moids:
            lab.popen(host, ["sleep", "1000"])
        sys.stdout.write("up\n")
        sys.stdout.flush()
        signal.pause()


def body_two_networks() -> None:
    with switched_lab(3) as lab:
        for network in lab.spec.networks:
            assert delivered(lab, "host-98", "host-100", network) == 20


BODIES |= {"stay": body_stay, "two networks": body_two_networks}


def traces() -> tuple[list[str], list[str], list[str]]:
    """What a lab could leave on the machine: mounts, interfaces, files in the temporary folders."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    interfaces = sorted(entry.name for entry in Path("/sys/class/net").iterdir())
    files = [str(path) for folder in ("/run", "/var/run/openvswitch") for path in sorted(Path(folder).glob("*"))]
    return mounts, interfaces, [name for name in files if "herzschlag" in name or "db.sock" in name]


@pytest.mark.parametrize("victim", ["starter", "launcher", "first process", "ovs-vswitchd"])
def test_nothing_is_left_after_kill_9(victim: str, tmp_path: Path) -> None:
    """Whatever dies, however early or late: no process, mount, interface or file remains."""
    before = traces()
    output = tmp_path / "output"
    code = (
        "import pathlib; from tests.support.sandboxed import start_inside\n"
        f"sandbox = start_inside({__file__!r}, 'stay', pathlib.Path({str(output)!r}))\n"
        "print(sandbox.pid, flush=True); sandbox.wait()"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    try:
        first = int(starter.stdout.readline())
        until(lambda: "up\n" in output.read_text(), "the lab is up")
        launcher = int(Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()[1])
        everybody = [launcher, *members(first)]
        assert len(everybody) > 10
        switch = [pid for pid in everybody if Path(f"/proc/{pid}/comm").read_text().strip() == "ovs-vswitchd"]
        target = {"starter": starter.pid, "launcher": launcher, "first process": first, "ovs-vswitchd": switch[0]}
        os.kill(target[victim], signal.SIGKILL)
        if victim == "ovs-vswitchd":
            os.kill(starter.pid, signal.SIGKILL)  # the switch alone ends nothing; its lab must still vanish whole
        until(lambda: not alive(everybody), "all are gone")
    finally:
        starter.kill()
        starter.wait()
        starter.stdout.close()
    until(lambda: traces() == before, "mounts, interfaces and files are as before")


@pytest.mark.parametrize("delay_ms", [0, 5, 20, 40, 60, 90, 150, 250])
def test_a_starter_killed_at_any_moment_of_the_start_leaves_nothing(delay_ms: int, tmp_path: Path) -> None:
    """The tie between starter and sandbox has no gap while it is being made."""
    marker = f"herzschlag-test-{os.getpid()}-{delay_ms}"
    code = (
        "import os, subprocess, sys; from herzschlag.topo.sandbox.sandbox import Sandbox\n"
        "print('go', flush=True)\n"
        f"Sandbox.start(['sleep', '1000'], env={{'MARK': {marker!r}, **os.environ}}).wait()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "MARK": marker},
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == "go\n"
    threading_delay = time.monotonic() + delay_ms / 1000
    while time.monotonic() < threading_delay:
        pass
    starter.kill()
    starter.wait()
    starter.stdout.close()
    until(lambda: not _marked(marker), "all marked processes are gone")


def _marked(marker: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if f"MARK={marker}".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return alive(found)


def test_a_sandbox_ends_as_its_first_process_ends(tmp_path: Path) -> None:
    def run(script: str, **options: Any) -> int:
        return Sandbox.start(["sh", "-c", script], **options).wait(DEADLINE_S)

    assert run("exit 7") == 7
    (tmp_path / "kept").write_text("old")
    assert run(f"cat {tmp_path}/kept && echo new > {tmp_path}/kept", keep=[tmp_path], stdout=subprocess.DEVNULL) == 0
    assert (tmp_path / "kept").read_text() == "new\n"
    assert run('test $$ = 1 && test -z "$(ls /run)" && touch /run/x /tmp/y /dev/shm/z') == 0
    assert not Path("/run/x").exists() and not Path("/tmp/y").exists()
    with Sandbox.start(["sleep", "1000"]) as sandbox:
        assert sandbox.returncode is None
        with pytest.raises(TimeoutError):
            sandbox.wait(0.05)
    assert sandbox.returncode == -signal.SIGKILL
    assert sandbox.kill() == -signal.SIGKILL
    with pytest.raises(SandboxError, match="execute /no/such/program"):
        Sandbox.start(["/no/such/program"])


def test_the_end_of_a_pipe_into_the_sandbox_is_seen() -> None:
    """The launcher must not hold what was handed to the first process."""
    read_end, write_end = os.pipe()
    with Sandbox.start(
        ["bash", "-c", f"echo hello >&{write_end}; exec {write_end}>&-; sleep 1000"], pass_fds=[write_end]
    ):
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            assert pipe.read() == "hello\n"


def test_four_labs_at_once_do_not_meet(tmp_path: Path) -> None:
    """They have the same names, addresses and ports, side by side."""
    outputs = [tmp_path / f"output-{index}" for index in range(4)]
    sandboxes = [start_inside(__file__, "two networks", output) for output in outputs]
    for sandbox, output in zip(sandboxes, outputs, strict=True):
        assert sandbox.wait(120) == 0, output.read_text()


def test_an_ordinary_user_has_a_lab_where_tun_is_open_to_all(tmp_path: Path) -> None:
    """Without root: a user namespace, and a /dev/net/tun that every user may open."""
    output = tmp_path / "output"
    assert run_as_ordinary_user(__file__, "two networks", output) == 0, output.read_text()


if __name__ == "__main__":
    run_body()
