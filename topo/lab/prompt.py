"""Mininet's prompt in a running lab, a line at a time, started by `Prompt`.

    python -m herzschlag.topo.lab.prompt FD

    command (has the terminal) ──nsenter──> this process, in the sandbox: a Mininet over the nodes that are there
              │   a line, and who holds which node now  │
              │ ──────────────────────────────────────> │  takes the terminal, runs the line, keeps shells and jobs
              │ <────────────────────────────────────── │
              │   done, and whether Mininet complained  │

This file decides how a process gets into a lab and the terminal to it: it has a process group of its own, which is the
terminal's foreground while a line runs, so that Ctrl-C reaches what runs and neither the command nor the lab. It lives
in the sandbox's process namespace and ends with it. Which lines come is the caller's; what they mean is Mininet's.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from herzschlag.topo.environment import environment
from herzschlag.topo.errors import LabError, TopoError
from herzschlag.topo.spec import TopologySpec

COMMANDS = (
    *("dpctl", "dump", "intfs", "links", "net", "nodes", "noecho", "pingall", "pingallfull"),
    *("pingpair", "pingpairfull", "ports", "px", "py", "sh"),
)
"""Mininet's own that are run here as they are; any node's name is one as well."""
START_S_MAX = 30.0
INTERRUPT_S_MAX = 5.0
"""How long an interrupted program has to end before its shell is ended with it."""
_LINE_BYTES_MAX = 1_000_000


class Answer(NamedTuple):
    because: str
    """What went wrong; empty: nothing that Mininet complained of."""


class Prompt:
    """The outer end. One line at a time."""

    def __init__(self, sandbox_pid: int, spec: TopologySpec, datapath: str, *, terminal: bool) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        with theirs:
            self._process = subprocess.Popen(
                [*_way_in(sandbox_pid), sys.executable, "-m", "herzschlag.topo.lab.prompt", str(theirs.fileno())],
                env=environment(),
                pass_fds=(theirs.fileno(),),
                stdin=None if terminal else subprocess.DEVNULL,
                process_group=0,  # the nsenter on the way must not hear Ctrl-C either
            )
        self._send(
            {"spec": msgspec.to_builtins(spec), "datapath": datapath, "terminal": terminal, "cwd": str(Path.cwd())}
        )

    def begin(self, line: str, holders: Mapping[str, int]) -> None:
        """Run a line. `holders`: the first process of every node that has power, as the sandbox numbers them."""
        self._send({"line": line, "holders": dict(holders)})

    def answer(self, timeout_s: float) -> Answer | None:
        """How the line went; None: it still runs. Raises LabError when the process has ended. The terminal stays where
        it is: the caller takes it back."""
        if not select.select([self._socket], [], [], timeout_s)[0]:
            return None
        with contextlib.suppress(ConnectionResetError):
            if data := self._socket.recv(_LINE_BYTES_MAX):
                return Answer(json.loads(data)["because"])
        raise LabError(f"the process of Mininet's prompt ended with status {self._process.wait()}")

    def close(self) -> None:
        """End it, when the lab goes on without. In a sandbox that has ended it is gone already."""
        self._socket.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(INTERRUPT_S_MAX)

    def _send(self, what: dict[str, Any]) -> None:
        try:
            self._socket.sendall(json.dumps(what).encode())
        except OSError:
            raise LabError(f"the process of Mininet's prompt ended with status {self._process.wait()}") from None


def pass_on_interrupt() -> bool:
    """Ctrl-C came to us before the line had the terminal: hand it on. False: it still has not, try again."""
    foreground = os.tcgetpgrp(0)
    if foreground == os.getpgrp():
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(foreground, signal.SIGINT)
    return True


def take_terminal() -> None:
    """Make this process's group the terminal's foreground; a process without it is stopped when it tries to read."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        os.tcsetpgrp(0, os.getpgrp())
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _way_in(pid: int) -> list[str]:
    """The words that run a program in all of a sandbox's namespaces."""
    theirs, ours = (Path(f"/proc/{who}/ns/user").readlink() for who in (pid, "self"))
    user = [] if theirs == ours else ["--user", "--preserve-credentials"]
    return ["nsenter", "--target", str(pid), *user, "--mount", "--uts", "--ipc", "--net", "--pid", "--"]


# --- inside -----------------------------------------------------------------------------------------------------------


class _Keys:
    """What the user types, character by character, for whatever runs in a node."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def read(self, count: int) -> str:
        return os.read(self._descriptor, count).decode(errors="replace")


class _Printer(logging.Handler):
    """Mininet's words where a command's words belong; it prints all of them on standard error otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.complaints.append(record.getMessage().strip())
            return
        sys.stdout.write(record.getMessage())
        sys.stdout.flush()


class _Interrupts:
    """Ctrl-C ends what runs; between two lines there is nothing to end."""

    def __init__(self) -> None:
        self.running = False
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTSTP, lambda number, frame: None)  # there is no shell below to continue it

    def _interrupt(self, number: int, frame: object) -> None:
        if self.running:
            raise KeyboardInterrupt


class _Inside:
    """Mininet over the nodes of the lab around this process."""

    def __init__(self, settings: dict[str, Any], holders: dict[str, int]) -> None:
        from herzschlag.topo.mininet.attached import Attached, attach  # noqa: PLC0415 (the outer end needs no Mininet)
        from herzschlag.topo.mininet.cli import LabPrompt, print_by  # noqa: PLC0415

        class Lines(LabPrompt):
            def run(self) -> None:
                """Lines come from outside."""

            @classmethod
            def initReadline(cls) -> None:
                """The sender of the lines keeps their history."""

        self.printer = _Printer()
        print_by(self.printer)
        self._attached = Attached(holders)
        self.net = attach(msgspec.convert(settings["spec"], TopologySpec), settings["datapath"], self._attached)
        if settings["terminal"]:
            keys = 0
        else:
            keys, self._never = os.pipe()  # no keys are typed: what is piped into the command is its own script
        self._lines = Lines(self.net, stdin=_Keys(keys))

    def know(self, holders: dict[str, int]) -> None:
        """Nodes may have lost their power since, or begun a new life."""
        self._attached.holders = holders
        for node in self.net.hosts:
            if node.pid != holders.get(node.name):
                node.abandon()
                node.pid = holders.get(node.name)

    def run(self, line: str) -> str:
        self.printer.complaints.clear()
        try:
            self._lines.onecmd(line)
        except KeyboardInterrupt:
            self._settle()
            sys.stdout.write("\n")
        except TopoError as error:
            return str(error)
        except OSError:
            self._settle()
            return "the node's shell has ended; the next command opens a new one"
        except Exception as error:  # Mininet's, or of what was typed at py: the prompt goes on
            self._settle()
            return f"{type(error).__name__}: {error}"
        finally:
            sys.stdout.flush()
        return "; ".join(self.printer.complaints)

    def _settle(self) -> None:
        """No node may be left waiting for a program's end."""
        for node in self.net.hosts:
            if node.waiting:
                try:
                    node.sendInt()
                    for _ in range(round(INTERRUPT_S_MAX * 10)):
                        if node.waiting:
                            node.monitor(timeoutms=100)
                except OSError:
                    pass  # its shell has ended
                if node.waiting:
                    node.abandon()


def main() -> int:
    line = socket.socket(fileno=int(sys.argv[1]))
    line.set_inheritable(False)
    os.setpgid(0, 0)
    interrupts = _Interrupts()
    with contextlib.suppress(OSError):
        os.nice(5)  # the lab comes first
    settings = json.loads(line.recv(_LINE_BYTES_MAX))
    with contextlib.suppress(OSError):
        os.chdir(settings["cwd"])
    inside: _Inside | None = None
    while data := line.recv(_LINE_BYTES_MAX):
        order = json.loads(data)
        if inside is None:
            inside = _Inside(settings, order["holders"])
        inside.know(order["holders"])
        try:
            interrupts.running = True
            if settings["terminal"]:
                take_terminal()  # from here on Ctrl-C is for the line
            because = inside.run(order["line"])
            interrupts.running = False
        except KeyboardInterrupt:  # it came between the two
            interrupts.running = False
            because = ""
        line.send(json.dumps({"because": because}).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
