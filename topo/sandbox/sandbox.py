"""A sealed sandbox: a first process in namespaces of its own, with the guarantee that nothing survives it.

This file decides the life of a sandbox as its starter sees it: started, waited for, killed. What the namespaces and
the file systems inside look like is in `launcher.py` and `root.py`; what runs inside is the caller's (a lab:
`topo/lab/lab.py`).

Everything inside ends when (a) the first process ends, by any signal, or (b) the starter ends, by any signal, or
(c) the launcher between the two ends. It is the kernel that does it, so there is nothing to clean up.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from herzschlag.topo.confinement import namespace_fix
from herzschlag.topo.environment import IMPORTED_FROM
from herzschlag.topo.errors import SandboxError, UnusableMachineError
from herzschlag.topo.processes.start import Process, start
from herzschlag.topo.sandbox.bytecode import compile_what_is_stale

_START_S_MAX = 30.0  # far above the 0.1 s a start takes, for a machine that is busy
_HIDING = ("/run", "/tmp", "/var/run", "/dev", "/proc", "/datastores", "/local", "/var/tmp", "/var/log")
"""Folders in which a sandbox or its nodes have something else than the machine."""
_Redirection = int | IO[bytes] | IO[str] | None


class Sandbox:
    """A running sandbox. As a context manager it is killed at the end of the block."""

    def __init__(self, launcher: Process, pid: int) -> None:
        self._launcher = launcher
        self.pid = pid
        """The first process, as the starter's process namespace numbers it."""
        try:
            self._first: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._first = None  # ended already

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        pass_fds: Iterable[int] = (),
        stdin: _Redirection = subprocess.DEVNULL,
        stdout: _Redirection = None,
        stderr: _Redirection = None,
        keep: Iterable[str | os.PathLike[str]] = (),
        cwd: str | os.PathLike[str] | None = None,
    ) -> Sandbox:
        """Start argv as the first process of new namespaces; returns when it has been executed.

        `keep` names paths that must stay reachable, and writable as before, although /run and /tmp are new inside and
        all else of the machine is read-only. The running Python, its packages and the working directory can be read.
        """
        handed = sorted(set(pass_fds))
        directory = str(Path(cwd or Path.cwd()).resolve())
        own = os.pidfd_open(os.getpid())  # by it the launcher sees our end
        order = {
            "starter": own,
            "argv": [os.fspath(word) for word in argv],
            "env": dict(os.environ if env is None else env),
            "pass_fds": handed,
            "keep": kept(keep, [*_own_paths(), directory]),
            "cwd": directory,
        }
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                launcher = start(
                    "herzschlag.topo.sandbox.launcher",
                    [str(theirs.fileno())],
                    pass_fds=[*handed, theirs.fileno(), own],
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                )
                os.close(own)
            compile_what_is_stale()  # while the launcher starts: inside, no bytecode can be written
            answer = _answer(ours, json.dumps(order).encode(), launcher)
        if "error" in answer or "pid" not in answer:
            launcher.kill()
            launcher.wait()
            raise _failure(answer)
        return cls(launcher, answer["pid"])

    @property
    def returncode(self) -> int | None:
        """None while it runs; then its exit status, or the negative number of the signal that ended it."""
        return self._launcher.poll()

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait until every process inside has ended; raises TimeoutError."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        try:
            code = self._launcher.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"sandbox {self.pid} still runs after {timeout_s} s") from None
        if self._first is not None:  # when the launcher was killed, the kernel may still be ending the first process
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._first], [], [], left)[0]:
                raise TimeoutError(f"sandbox {self.pid} still runs after {timeout_s} s")
            os.close(self._first)
            self._first = None
        return code

    def signal(self, number: int) -> None:
        """Signal the first process; one without a handler for it ignores all but SIGKILL, as every pid 1 does."""
        if self._first is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first, number)

    def kill(self) -> int:
        """End everything inside, now. Harmless when it has ended already."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


def kept(writable: Iterable[str | os.PathLike[str]], seen: Iterable[str | os.PathLike[str]]) -> list[tuple[str, bool]]:
    """Each path once that the sandbox must be given by itself, and whether it may be written to there.

    The machine's folders can be seen without it, but for those that the sandbox's own hide, and none can be written to.
    One that lies in another one of the list is left out, unless it is the writable one of the two.
    """
    wanted: dict[str, bool] = {}
    paths = {**dict.fromkeys(_resolved(seen), False), **dict.fromkeys(_resolved(writable), True)}
    for path, may_write in sorted(paths.items()):
        hidden = any(path.startswith(f"{folder}/") for folder in _HIDING)
        around = [other for other in wanted if path.startswith(f"{other}/")]
        there = any(wanted[other] or not may_write for other in around)
        if (hidden or may_write) and not there and not path.startswith("/proc/"):
            wanted[path] = may_write
    return list(wanted.items())


def _resolved(paths: Iterable[str | os.PathLike[str]]) -> set[str]:
    return {str(Path(path).resolve()) for path in paths}


def _own_paths() -> list[str]:
    """What the running Python needs to start again with the same packages."""
    own = [sys.prefix, sys.base_prefix, os.path.dirname(sys.executable), *(entry for entry in sys.path if entry)]  # noqa: PTH120
    own.append(IMPORTED_FROM)  # an editable installation is not an entry of sys.path
    return [*own, sys.pycache_prefix] if sys.pycache_prefix else own


def _answer(channel: socket.socket, order: bytes, launcher: Process) -> dict[str, Any]:
    """Give the order and read until the first process has been executed (which closes the channel) or failed."""
    channel.settimeout(_START_S_MAX)
    data = b""
    try:
        channel.sendall(len(order).to_bytes(8, "big") + order)
        while chunk := channel.recv(65536):
            data += chunk
    except TimeoutError:
        launcher.kill()
        raise SandboxError(
            f"the sandbox did not start within {_START_S_MAX:.0f} s: is the machine overloaded?"
        ) from None
    except (BrokenPipeError, ConnectionResetError):
        pass  # the launcher ended early: its exit tells why
    answer: dict[str, Any] = {}
    for part in data.replace(b"}{", b"}\n{").splitlines():
        answer.update(json.loads(part))
    if not answer:
        answer["error"] = f"the launcher ended with status {launcher.wait()}: see its standard error"
    return answer


def _failure(answer: dict[str, Any]) -> Exception:
    if answer.get("step") == "namespaces":
        return UnusableMachineError(f"the right to make namespaces ({answer.get('error')})", fix=namespace_fix())
    if answer.get("errno") == errno.ENOSYS:
        return UnusableMachineError(f"a newer kernel ({answer['error']})", fix="use Linux 5.12 or newer")
    return SandboxError(f"cannot start a sandbox: {answer.get('step', 'launcher')}: {answer.get('error')}")
