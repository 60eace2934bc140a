"""Makes the nodes' holder processes and changes things inside their namespaces.

    python -m herzschlag.topo.lab.spawner

Entering namespaces needs a process with a single thread, and making process namespaces needs a fork; the process that
runs a lab may have threads and much memory. So this small one does both, told by `Spawner` over a pipe, a JSON
document a line. Which nodes there are and what is to be done in them is left to `herzschlag.topo.lab.lab`.

A node is one holder process: pid 1 of process, mount and host-name namespaces of its own, in a network namespace of
its own that may be older than the holder (a node that was powered off keeps its interfaces). The holder sleeps, and
the kernel reaps orphans for it because it ignores SIGCHLD. Killing it kills everything in the node.

Steps, the vocabulary of both sides, are done in order in the node's namespaces:

    ["mount", source, target, type, flags, data]   ["unmount", target]       ["make_folder", path]
    ["write", path, text]                          ["signal_all", number]    ["run", argv, standard input]
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from herzschlag.topo.environment import environment
from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel import syscalls

Step = list[Any]
_NAMESPACES = {"net": syscalls.CLONE_NEWNET, "mnt": syscalls.CLONE_NEWNS, "pid": syscalls.CLONE_NEWPID}
_RUN_S_MAX = 20.0
_THERE = b"\0"  # said by who is at his place and waits to be let go
_SYSCTLS = {
    "/proc/sys/net/ipv6/conf/all/disable_ipv6": "1",  # no router solicitations or neighbour probes on the wire
    "/proc/sys/net/ipv6/conf/default/disable_ipv6": "1",
    "/proc/sys/net/ipv4/conf/all/rp_filter": "0",  # a reply may come over the other network
    "/proc/sys/net/ipv4/conf/default/rp_filter": "0",
    "/proc/sys/net/ipv4/conf/all/accept_redirects": "0",  # everyone is on the link: a redirect can only be forged
    "/proc/sys/net/ipv4/conf/default/accept_redirects": "0",
    "/proc/sys/net/ipv4/ping_group_range": "0 0",  # pings without raw sockets; everybody inside has group 0
    "/proc/sys/net/ipv4/icmp_ratelimit": "0",  # every ping gets its answer, however many ask
}


class Spawner:
    """The other end of the pipe, for `lab.py`. One request at a time: the caller keeps order between threads."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "herzschlag.topo.lab.spawner"],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in a terminal is not for the nodes
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def spawn(self, holders: Sequence[Mapping[str, Any]]) -> list[int]:
        """Start holders: each {"name", "netns": path or None for a new one, "steps"}. Returns their pids."""
        pids: list[int] = self._ask({"spawn": list(holders)})["pids"]
        return pids

    def enter(self, namespaces: Sequence[str], steps: Mapping[int, Sequence[Step]]) -> int:
        """Do steps inside namespaces ("net", "mnt", "pid") of running processes, given by pid: in all of them at once.
        Returns the instant before the first step, monotonic ns."""
        places = [{"pid": pid, "namespaces": list(namespaces), "steps": list(own)} for pid, own in steps.items()]
        began_ns: int = self._ask({"enter": places})["began_ns"]
        return began_ns

    def enter_network(self, netns: str, steps: Sequence[Step]) -> None:
        """Do steps in a network namespace, given as a path; works for a node that is powered off."""
        self._ask({"enter": [{"netns": netns, "namespaces": [], "steps": list(steps)}]})

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise LabError(f"the process that makes nodes ended with status {self._process.wait()}: the lab is lost")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise LabError(f"inside a node: {answer['error']}")
        return answer


def main() -> int:
    own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            if "spawn" in request:
                answer: dict[str, Any] = {"pids": _spawn(request["spawn"], own_processes)}
            else:
                answer = {"began_ns": _enter(request["enter"])}
        except (OSError, LabError) as error:
            answer = {"error": str(error)}
        _reap()
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()
    return 0


def _reap() -> None:
    """Take leave of holders that were killed meanwhile."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _spawn(holders: list[dict[str, Any]], own_processes: int) -> list[int]:
    """Fork all first, then hear from each: making namespaces is the kernel's work and can go on side by side."""
    started = []
    try:
        for holder in holders:
            syscalls.setns(own_processes, syscalls.CLONE_NEWPID)
            syscalls.unshare(syscalls.CLONE_NEWPID)
            started.append((holder["name"], *_fork(partial(_become_holder, holder))))
    finally:
        syscalls.setns(own_processes, syscalls.CLONE_NEWPID)
    failures = [f"{name}: {text.decode()}" for name, _, report in started if (text := _hear(report))]
    if failures:
        for _, pid, _ in started:
            os.kill(pid, signal.SIGKILL)
        raise LabError("; ".join(failures))
    return [pid for _, pid, _ in started]


def _become_holder(holder: dict[str, Any], _report: int) -> None:
    os.setsid()
    if holder["netns"] is None:
        syscalls.unshare(syscalls.CLONE_NEWNET)
        _settle_network()
    else:
        _join(holder["netns"], syscalls.CLONE_NEWNET)
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS)
    socket.sethostname(holder["name"])
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
    _do(holder["steps"])
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sleep = shutil.which("sleep") or "/bin/sleep"
    os.execv(sleep, [f"{holder['name']}:", "infinity"])


def _settle_network() -> None:
    """Before there is an interface, so that none ever sends an unasked packet."""
    for path, value in _SYSCTLS.items():
        with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6 has nothing to switch off
            _write(path, value)
    syscalls.interface_up("lo")


def _enter(places: list[dict[str, Any]]) -> int:
    """Everybody goes to his place first; when all are there they are let go at once. Returns when, monotonic ns."""
    gate, opener = os.pipe()
    started = [_fork(partial(_change, place, gate, opener)) for place in places]
    os.close(gate)
    arrived = [os.read(report, len(_THERE)) for _, report in started]
    began_ns = time.monotonic_ns()
    os.close(opener)
    said = [first + _hear(report) for first, (_, report) in zip(arrived, started, strict=True)]
    for pid, _ in started:
        os.waitpid(pid, 0)
    if failures := [text.decode() for one in said if (text := one.removeprefix(_THERE))]:
        raise LabError("; ".join(failures))
    return began_ns


def _change(place: dict[str, Any], gate: int, opener: int, report: int) -> None:
    os.close(opener)
    if "netns" in place:
        _join(place["netns"], syscalls.CLONE_NEWNET)
    opened = [(os.open(f"/proc/{place['pid']}/ns/{name}", os.O_RDONLY), name) for name in place["namespaces"]]
    for descriptor, name in opened:
        syscalls.setns(descriptor, _NAMESPACES[name])
    os.write(report, _THERE)
    os.read(gate, 1)  # ends when the other end is closed
    if "pid" in place["namespaces"]:  # a process namespace is entered by a child only
        pid, inner = _fork(lambda _: _do(place["steps"]))
        text = _hear(inner)
        os.waitpid(pid, 0)
        if text:
            raise LabError(text.decode())
    else:
        _do(place["steps"])


def _fork(task: Callable[[int], None]) -> tuple[int, int]:
    """Run a task in a child. Returns its pid and a pipe: what the task writes to its end, which it is given, then the
    error's text; closed at the task's end or exec."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write_end)
        return pid, read_end
    try:
        task(write_end)
        os._exit(0)
    except (OSError, LabError) as error:
        os.write(write_end, str(error).encode())
    except BaseException:
        os.write(write_end, traceback.format_exc().encode())
    os._exit(1)


def _hear(report: int) -> bytes:
    with os.fdopen(report, "rb") as pipe:
        return pipe.read()


def _join(path: str, kind: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    syscalls.setns(descriptor, kind)
    os.close(descriptor)


def _do(steps: list[Step]) -> None:
    for name, *arguments in steps:
        _STEPS[name](*arguments)


def _signal_all(number: int) -> None:
    """Everything in this process namespace but its pid 1 and this very process, in one go: none can fork meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, number)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text)
    except OSError as error:  # the kernel's refusal of a value does not name the file by itself
        raise OSError(error.errno, f"writing {text!r}: {os.strerror(error.errno or 0)}", path) from None


def _run(argv: list[str], text: str | None) -> None:
    try:
        result = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=_RUN_S_MAX, check=False)
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(argv)}: not done after {_RUN_S_MAX:.0f} s") from None
    if result.returncode != 0:
        raise LabError(f"{' '.join(argv)}: status {result.returncode}: {result.stderr.strip()}")


_STEPS: dict[str, Callable[..., object]] = {
    "mount": syscalls.mount,
    "unmount": syscalls.unmount,
    "make_folder": lambda path: Path(path).mkdir(parents=True, exist_ok=True),
    "write": _write,
    "signal_all": _signal_all,
    "run": _run,
}


if __name__ == "__main__":
    sys.exit(main())
