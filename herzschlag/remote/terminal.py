"""Terminal of a remote command: its output appears live, and the keyboard and Ctrl-C are passed on.

When local input and output are a terminal, the command gets one as well and every key is sent to it, Ctrl-C included,
as over `ssh -t`. Otherwise Ctrl-C becomes an interrupt on the remote machine. Ctrl-C three times within two seconds
gives up waiting: then the connection is closed, and the remote side ends the command.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from herzschlag.languages import ENGLISH, current
from herzschlag.remote import far
from herzschlag.remote.connection import Connection, Talk

CTRL_C = b"\x03"
GIVE_UP_COUNT, GIVE_UP_S = 3, 2.0


class Abandoned(KeyboardInterrupt):
    """The user does not want to wait for the command to end."""


class _Interrupts:
    """Ctrl-C, counted; and whether it came often enough to give up waiting."""

    def __init__(self) -> None:
        self.pending = 0
        self._times: list[float] = []

    def note(self, count: int = 1) -> None:
        now = time.monotonic()
        self._times = [at for at in self._times if now - at < GIVE_UP_S] + [now] * count
        if len(self._times) >= GIVE_UP_COUNT:
            raise Abandoned

    def on_signal(self, number: int, _frame: object) -> None:
        self.pending += 1


def run_there(connection: Connection, argv: list[str], cwd: str, *, quiet_output: bool = False, **details: Any) -> int:
    """Returns the command's exit status. `quiet_output` sends all of it to standard error."""
    is_terminal = not quiet_output and sys.stdout.isatty()
    window = _window() if is_terminal else None
    environment = {"TERM": os.environ.get("TERM", "dumb")} if is_terminal else {}
    if current() != ENGLISH:
        environment["LC_MESSAGES"] = (
            f"{current()}.UTF-8"  # in which the command there speaks, unless its own words say otherwise
        )
    with _interrupts() as interrupts, _keyboard(is_terminal) as keys:
        keyboard = keys
        talk = connection.start("run", argv=argv, cwd=cwd, window=window, env=environment, **details)
        while talk.answer is None:
            sources: list[int] = [talk.fileno(), *([keyboard] if keyboard is not None else [])]
            ready, _, _ = select.select(sources, [], [], far.STEP_S)
            for kind, body in talk.news():
                _show(kind, body, quiet_output)
            if talk.answer is not None:
                break
            if keyboard is not None and keyboard in ready:
                keyboard = _type(talk, keyboard, interrupts)
            while interrupts.pending:
                interrupts.pending -= 1
                interrupts.note()
                talk.say(far.SIGNAL, b"SIGINT")
            if window and (now := _window()) != window:
                window = now
                talk.say(far.WINDOW, json.dumps(window).encode())
    return int(talk.answer["status"])


def _show(kind: bytes, body: bytes, quiet_output: bool) -> None:
    stream = sys.stderr if kind == far.ERROR or quiet_output else sys.stdout
    stream.buffer.write(body)
    stream.buffer.flush()


def _type(talk: Talk, keyboard: int, interrupts: _Interrupts) -> int | None:
    data = os.read(keyboard, far.CHUNK_BYTES)
    if not data:
        return None
    if CTRL_C in data:
        interrupts.note(data.count(CTRL_C))
    talk.say(far.DATA, data)
    return keyboard


def _window() -> list[int]:
    size = shutil.get_terminal_size()
    return [size.lines, size.columns]


@contextmanager
def _interrupts() -> Iterator[_Interrupts]:
    interrupts = _Interrupts()
    before = signal.signal(signal.SIGINT, interrupts.on_signal)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _keyboard(wanted: bool) -> Iterator[int | None]:
    """Standard input in raw mode; None where there is no terminal to read or the system knows no raw mode."""
    try:
        import termios  # noqa: PLC0415 (Windows has none)
        import tty  # noqa: PLC0415
    except ImportError:
        yield None
        return
    if not wanted or not sys.stdin.isatty():
        yield None
        return
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    tty.setraw(number)
    try:
        yield number
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)
