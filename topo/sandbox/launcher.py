"""The launcher: the process between a command and its sandbox. Only `sandbox.py` starts it.

    python -m herzschlag.topo.sandbox.launcher FD

    starter ──fork, exec──> launcher ──unshare, fork──> first process: pid 1 of the new namespaces
                               │                             │
        watches the starter by pidfd: when it ends,   PDEATHSIG: when the launcher ends, by any signal, the kernel
        by any signal, kills the first process        kills the first process, and with it all in its namespace

This file decides what a sealed sandbox is: new network, mount, process, IPC and host-name namespaces (and a user
namespace for everybody but root with its usual rights), private mounts, and a root of its own on a tmpfs into which the
machine's folders are bound, with fresh /proc, /run, /tmp, /dev/shm and Open vSwitch folders. What our own processes
write inside lies on that tmpfs or in the paths that the starter keeps, so when the first process dies nothing is left
to clean up. The bound folders are read-only, which `root.py` sees to (docs/security.md).

A parent-death signal alone would not do for the starter: it fires when the *thread* that forked ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from herzschlag.topo.kernel import syscalls
from herzschlag.topo.processes import image
from herzschlag.topo.sandbox.root import make_root
from herzschlag.topo.sandbox.socket_release import CHANNEL, Handed

_CAP_NET_ADMIN, _CAP_SYS_ADMIN = 12, 21  # capabilities(7), linux/capability.h
_RIGHTS = 1 << _CAP_NET_ADMIN | 1 << _CAP_SYS_ADMIN


def main() -> int:
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    with os.fdopen(descriptor, "r+b", buffering=0) as channel:
        size = int.from_bytes(_exactly(channel, 8), "big")
        order = json.loads(_exactly(channel, size))
        starter = order["starter"]
        os.set_inheritable(starter, False)
        try:
            handed = Handed()
            child, _keep_open = _start(order, channel.fileno(), handed)
        except OSError as error:
            channel.write(json.dumps({"step": "namespaces", "errno": error.errno, "error": str(error)}).encode())
            return 1
        channel.write(json.dumps({"pid": child}).encode() + b"\n")
    _let_go(order["pass_fds"])
    code = _watch(child, starter, handed)
    handed.close_in_parallel()
    if code < 0:
        _end_by(-code)
    return code


def _exactly(channel: Any, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = channel.read(size - len(data))
        if not chunk:
            raise SystemExit(1)  # the starter ended while giving its order
        data += chunk
    return data


def _start(order: dict[str, Any], report: int, handed: Handed) -> tuple[int, int]:
    """Unshare and fork the first process. Returns its pid and the descriptor whose closing tells it that we ended."""
    _leave_namespaces()
    alive, keep_open = os.pipe()
    child = syscalls.fork_into(syscalls.CLONE_NEWPID)
    if child == 0:
        os.close(keep_open)
        channel = handed.theirs.detach()
        os.set_inheritable(channel, True)
        order["env"][CHANNEL] = str(channel)
        _first_process(order, report, alive)
    os.close(alive)
    handed.theirs.close()
    return child, keep_open


def _leave_namespaces() -> None:
    """Into new namespaces. Who may not make and furnish them as root of the machine gets them in a user namespace: an
    ordinary user, and root without CAP_SYS_ADMIN or CAP_NET_ADMIN, as in a container."""
    flags = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0 and rules(Path("/proc/self/status").read_text()):
        with contextlib.suppress(PermissionError):
            syscalls.unshare(flags)
            return
    syscalls.unshare(flags | syscalls.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def rules(status: str) -> bool:
    """Whether a process with this /proc/PID/status may make namespaces and set up networks in them."""
    line = next((line for line in status.splitlines() if line.startswith("CapEff:")), "CapEff: 0")
    return int(line.split()[1], 16) & _RIGHTS == _RIGHTS


def _first_process(order: dict[str, Any], report: int, alive: int) -> None:
    """Everything between fork and exec of the first process; ends in exec or in _exit, never returns."""
    step = "tie to the launcher"
    try:
        syscalls.die_with_parent(signal.SIGKILL)
        if select.select([alive], [], [], 0)[0]:
            os._exit(1)  # the launcher ended before the tie was made
        step = "file systems"
        make_root(order["keep"])
        step = "loopback"
        syscalls.interface_up("lo")
        step = f"working directory {order['cwd']}"
        os.chdir(order["cwd"])
        step = f"execute {order['argv'][0]}"
        argv: list[str] = order["argv"]
        if argv[:2] == [sys.executable, "-m"] and image.is_ready(argv[2]):
            kept = [*order["pass_fds"], int(order["env"][CHANNEL])]
            image.become(argv[2], argv[3:], order["env"], {number: number for number in kept})
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)  # Python ignores them; a program expects the default
        os.execvpe(order["argv"][0], order["argv"], order["env"])
    except OSError as error:
        os.write(report, json.dumps({"step": step, "errno": error.errno, "error": str(error)}).encode())
    except BaseException:
        os.write(report, json.dumps({"step": step, "errno": None, "error": traceback.format_exc()}).encode())
    os._exit(1)


def _let_go(pass_fds: list[int]) -> None:
    """Close what was meant for the first process, so that the readers of its pipes see when it ends."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    for number in pass_fds:
        os.close(number)


def _watch(child: int, starter: int, handed: Handed) -> int:
    """Wait for the first process; kill it when the starter ends. Returns as the first process ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process, which ends in its own time
    first = os.pidfd_open(child)
    poll = select.poll()
    for descriptor in (first, starter, handed.number):
        poll.register(descriptor, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if handed.number in ready and not handed.take():
            poll.unregister(handed.number)
        if starter in ready:
            os.kill(child, signal.SIGKILL)
        if ready & {starter, first}:
            break
    _, status = os.waitpid(child, 0)  # returns when the kernel has ended every process of its namespace
    return os.waitstatus_to_exitcode(status)


def _end_by(number: int) -> None:
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    sys.exit(main())
