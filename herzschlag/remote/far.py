"""The far side: the program on the remote machine, sent as text and read by its Python.

This module decides how a command on the remote machine is started, watched and ended, and what may change on it: one
job directory, one checkout. It leaves connections, keys and the local terminal to the other files of this folder. It
uses the standard library only, and nothing of the project: the remote machine may not have it yet, or another version.

    client ──stdin──▶ ┌────────────────┐ ──pipes or pseudo-terminal──▶ command and its descendants
           ◀─stdout── │ this, guardian │
                      └────────────────┘
Both directions are frames: one letter, a length, a body. Each side sends a sign of life while it has nothing else to
say; the side that hears nothing for the agreed time gives the other up. A dead network does not close a channel, so
that is the only way to notice. When the client is gone, the command is interrupted as by Ctrl-C (a run directory then
says so), then terminated, then everything below this process is killed.

This file is longer than others because it is sent as one text: line, command and checkout come together or not at all.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import selectors
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

with suppress(ImportError):  # absent on Windows, where the client needs only the constants and `Frames` of this file
    import fcntl
    import termios

# Sent first, so that the output of a login shell before it can be told apart.
MAGIC = b"\0herzschlag far side 1\n"
HEADER = struct.Struct("!cI")
BODY_BYTES_MAX = 16 << 20  # a request carries the list of the project's files; output frames are far smaller
CHUNK_BYTES = 32 << 10
UNSENT_BYTES_MAX = 1 << 20  # beyond that the command has to wait for the connection, as it would for a terminal

# Client to far side.
REQUEST, DATA, SIGNAL, WINDOW = b"Q", b"D", b"S", b"W"
# Far side to client.
OUTPUT, ERROR, EXIT = b"O", b"E", b"X"
# Both.
ALIVE = b"H"

STEP_S = 0.25  # how often clocks are looked at
GRACE_S = 5.0  # between interrupting, terminating and killing a command whose client is gone
DRAIN_S = 1.0  # for the last output of a command that has ended, when descendants of it hold its pipes open
KILLED_S_MAX = 5.0
SET_SUBREAPER, SET_DEATH_SIGNAL = 36, 1  # prctl(2)
VERSION_FILE = ".herzschlag-version"
LOCK_SUFFIX = ".lock"


def frame(kind: bytes, body: bytes = b"") -> bytes:
    return HEADER.pack(kind, len(body)) + body


class Frames:
    """Bytes in, frames out, in whatever pieces they arrive."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        self._held += data
        while len(self._held) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._held)
            if length > BODY_BYTES_MAX:
                raise ValueError(f"a frame of {length} bytes; at most {BODY_BYTES_MAX} are agreed")
            if len(self._held) < HEADER.size + length:
                return
            body = bytes(self._held[HEADER.size : HEADER.size + length])
            del self._held[: HEADER.size + length]
            yield kind, body


class Trouble(Exception):
    """A failure on this machine, in words for the user at the other end, with the way out."""


class Gone(Exception):
    """The client is gone."""


class Line:
    """Frames over standard input and output, never blocking: a dead connection must not keep us from noticing it."""

    def __init__(self, patience_s: float) -> None:
        self.patience_s = patience_s
        self._frames = Frames()
        self._unsent = bytearray()
        self._heard_at = self._said_at = time.monotonic()
        for number in (0, 1):
            os.set_blocking(number, False)

    @property
    def is_full(self) -> bool:
        return len(self._unsent) > UNSENT_BYTES_MAX

    def say(self, kind: bytes, body: bytes = b"") -> None:
        self._unsent += frame(kind, body)
        self._said_at = time.monotonic()
        self.push()

    def greet(self) -> None:
        """Before the first frame."""
        self._unsent += MAGIC

    def push(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: os.write(1, self._unsent[:CHUNK_BYTES])]
        except BlockingIOError:
            pass
        except OSError as error:
            raise Gone(f"the reader has gone: {error}") from None

    def hear(self) -> list[tuple[bytes, bytes]]:
        try:
            data = os.read(0, CHUNK_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            raise Gone(f"the connection broke: {error}") from None
        if not data:
            raise Gone("the connection was closed")
        self._heard_at = time.monotonic()
        return list(self._frames.feed(data))

    def look_at_clock(self) -> None:
        now = time.monotonic()
        if now - self._heard_at > self.patience_s:
            raise Gone(f"nothing heard for {self.patience_s:g} s")
        if now - self._said_at > self.patience_s / 6:
            self.say(ALIVE)
        self.push()

    def finish(self, answer: dict[str, Any]) -> None:
        """Send the last answer; wait until it is sent, or the client is given up."""
        self.say(EXIT, json.dumps(answer).encode())
        while self._unsent:
            self.look_at_clock()
            time.sleep(0.01)


# --- processes ---


def prctl(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):  # not Linux: orphans then go to the machine's first process
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def descendants(root: int) -> list[int]:
    """Every process below one, by its number; orphans count because they are handed to us."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended while we looked
        if after_name[0] != "Z":
            parents.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def kill_all_below() -> None:
    """Kill until no descendant is left; forking processes may need more than one look."""
    give_up_at = time.monotonic() + KILLED_S_MAX
    while (below := descendants(os.getpid())) and time.monotonic() < give_up_at:
        for number in below:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        reap()
        time.sleep(0.02)
    reap()


def reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


class Command:
    """The command, in a session of its own, with pipes or a pseudo-terminal."""

    def __init__(self, request: dict[str, Any]) -> None:
        window = request.get("window")
        self.master: int | None = None
        ends: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        if window:
            self.master, slave = os.openpty()
            self.resize(window)
            ends = {"stdin": slave, "stdout": slave, "stderr": slave}
        try:
            self.process = subprocess.Popen(
                request["argv"],
                cwd=request["cwd"],
                env={**os.environ, **request.get("env", {})},
                preexec_fn=self._prepare,  # noqa: PLW1509 (there is one thread)
                close_fds=True,
                **ends,
            )
        except OSError as error:
            name = request["argv"][0] if error.filename is None else error.filename
            what = f"cannot start {request['argv'][0]} on the remote machine"
            raise Trouble(f"{what}: {name}: {error.strerror}") from None
        if window:
            os.close(slave)
            assert self.master is not None
            self.outputs: dict[int, bytes] = {self.master: OUTPUT}
        else:
            assert self.process.stdout is not None
            assert self.process.stderr is not None
            self.outputs = {self.process.stdout.fileno(): OUTPUT, self.process.stderr.fileno(): ERROR}
        for number in self.outputs:
            os.set_blocking(number, False)

    def _prepare(self) -> None:
        os.setsid()
        if self.master is not None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        prctl(SET_DEATH_SIGNAL, signal.SIGTERM)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    def resize(self, window: list[int]) -> None:
        if self.master is not None:
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", window[0], window[1], 0, 0))

    def type(self, data: bytes) -> None:
        if self.master is not None:
            with suppress(OSError):  # full or closed: a terminal also drops input without a reader
                os.write(self.master, data)

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


def run(request: dict[str, Any], line: Line) -> dict[str, Any]:
    prctl(SET_SUBREAPER, 1)
    stop = {"asked": False}

    def ask(number: int, _frame: object) -> None:
        stop["asked"] = True

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask)
    lock = None
    if request.get("checkout"):
        lock = open_lock(Path(request["checkout"]), fcntl.LOCK_SH)
    if request.get("make_cwd"):
        Path(request["cwd"]).mkdir(parents=True, exist_ok=True)
    command = Command(request)
    try:
        try:
            Relay(command, line, lambda: stop["asked"]).relay()
        except Gone:
            end_slowly(command)
            raise
    finally:
        kill_all_below()
        if lock is not None:
            os.close(lock)
    status = command.process.returncode
    return {"status": 128 - status if status < 0 else status}


class Relay:
    """Passes everything in both directions until the command has ended and its output is sent."""

    def __init__(self, command: Command, line: Line, asked_to_stop: Callable[[], bool]) -> None:
        self._command, self._line, self._asked_to_stop = command, line, asked_to_stop
        self._selector = selectors.DefaultSelector()
        self._selector.register(0, selectors.EVENT_READ)
        self._reading = dict(command.outputs)
        self._ended_at: float | None = None

    def relay(self) -> None:
        while not self._is_over():
            ready = self._wait()
            if 0 in ready:
                for kind, body in self._line.hear():
                    dispatch(self._command, kind, body)
            for number in ready & set(self._reading):
                self._carry(number)
            self._line.look_at_clock()
            if self._asked_to_stop():
                raise Gone("told to stop")

    def _wait(self) -> set[int]:
        """Stop reading from a command whose output the client does not take."""
        for number in self._command.outputs:
            wanted = number in self._reading and not self._line.is_full
            if wanted and number not in self._selector.get_map():
                self._selector.register(number, selectors.EVENT_READ)
            elif not wanted and number in self._selector.get_map():
                self._selector.unregister(number)
        soon = self._line.is_full or self._ended_at is not None
        return {key.fd for key, _ in self._selector.select(STEP_S / 10 if soon else STEP_S)}

    def _carry(self, number: int) -> None:
        try:
            data = os.read(number, CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:  # a pseudo-terminal whose last user is gone
            data = b""
        if data:
            self._line.say(self._reading[number], data)
            self._ended_at = None if self._ended_at is None else time.monotonic()
        else:
            del self._reading[number]

    def _is_over(self) -> bool:
        if self._command.process.poll() is None:
            return False
        self._ended_at = self._ended_at or time.monotonic()
        # Descendants may hold the pipes open for ever: they get a moment of silence, no more.
        return not self._reading or (not self._line.is_full and time.monotonic() - self._ended_at > DRAIN_S)


def dispatch(command: Command, kind: bytes, body: bytes) -> None:
    if kind == DATA:
        command.type(body)
    elif kind == SIGNAL:
        command.signal(getattr(signal, body.decode()))
    elif kind == WINDOW:
        command.resize(json.loads(body))


def end_slowly(command: Command) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        command.signal(number)
        give_up_at = time.monotonic() + GRACE_S
        while time.monotonic() < give_up_at:
            for output in command.outputs:  # a full pipe must not keep it from ending
                with suppress(OSError):
                    os.read(output, CHUNK_BYTES)
            if command.process.poll() is not None:
                return
            time.sleep(0.02)


# --- the checkout and the job directory ---


def digest_of(path: Path) -> str:
    """Of a symbolic link: the digest of its target's name."""
    if path.is_symlink():
        return hashlib.sha256(str(path.readlink()).encode()).hexdigest()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def open_lock(checkout: Path, how: int) -> int:
    """Sessions share a checkout; bringing another version wants it alone. Released by the kernel when we end."""
    checkout.parent.mkdir(parents=True, exist_ok=True)
    number = os.open(f"{checkout}{LOCK_SUFFIX}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        raise Trouble(
            f"{checkout} is in use on the remote machine, by a session with another version of the project: "
            "let that end, or give this one a folder of its own with --far-folder"
        ) from None
    return number


def same(request: dict[str, Any], _line: Line) -> dict[str, Any]:
    """Which of the folders holds exactly the files of the list; a version file saves reading them all."""
    files: dict[str, str] = request["files"]
    for name in request["folders"]:
        folder = Path(name).expanduser()
        try:
            if all(digest_of(folder / path) == digest for path, digest in files.items()):
                return {"status": 0, "folder": str(folder)}
        except OSError:
            continue
    return {"status": 0, "folder": None}


def space(request: dict[str, Any], _line: Line) -> dict[str, Any]:
    """Make the folder if need be, and check that it has room for the files to come."""
    folder = Path(request["folder"]).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < request["bytes"]:
        raise Trouble(
            f"not enough disk space on the remote machine: {folder} has {free / 1e6:.1f} MB free,"
            f" {request['bytes'] / 1e6:.1f} MB are needed: make room, or name another folder with --far-folder"
        )
    return {"status": 0, "folder": str(folder), "home": str(Path.home())}


def unpack(request: dict[str, Any], _line: Line) -> dict[str, Any]:
    """Unpack the project's files into the checkout, beside the set-up's own files. The version file is written last, so
    that an interrupted unpacking is repeated."""
    archive, checkout = Path(request["archive"]), Path(request["checkout"])
    files: dict[str, str] = request["files"]
    lock = open_lock(checkout, fcntl.LOCK_EX)
    try:
        if digest_of(archive) != request["digest"]:
            raise Trouble(f"{archive} arrived damaged on the remote machine: try again")
        checkout.mkdir(parents=True, exist_ok=True)
        stamp = checkout / VERSION_FILE
        before = json.loads(stamp.read_text())["files"] if stamp.exists() else []
        stamp.unlink(missing_ok=True)
        for path in set(before) - set(files):
            (checkout / path).unlink(missing_ok=True)
        with tarfile.open(archive) as tar:
            for member in tar.getmembers():
                if member.name not in files or not (member.isfile() or links_inside(member)):
                    raise Trouble(f"{archive}: {member.name} is not among the files that were announced")
                place(tar, member, checkout / member.name)
        wrong = [path for path, digest in files.items() if digest_of(checkout / path) != digest]
        if wrong:
            raise Trouble(f"{len(wrong)} files arrived damaged on the remote machine ({wrong[0]}, …): try again")
        temporary = stamp.with_suffix(".new")
        temporary.write_text(json.dumps({"version": request["version"], "files": sorted(files)}))
        temporary.replace(stamp)
    finally:
        archive.unlink(missing_ok=True)
        os.close(lock)
    return {"status": 0}


def links_inside(member: tarfile.TarInfo) -> bool:
    """Whether it is a symbolic link to something in the same checkout."""
    target = os.path.normpath(Path(member.name).parent / member.linkname)
    return member.issym() and not target.startswith(("/", ".."))


def place(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """One file or link of the archive, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.new")
    temporary.unlink(missing_ok=True)
    if member.issym():
        temporary.symlink_to(member.linkname)
    else:
        source = tar.extractfile(member)
        assert source is not None
        with temporary.open("wb") as file:
            shutil.copyfileobj(source, file)
        temporary.chmod(member.mode)
    temporary.replace(target)


def list_results(request: dict[str, Any], line: Line) -> dict[str, Any]:
    """Every file of a job directory with size and digest; symbolic links stay where they are."""
    top = Path(request["folder"])
    found = []
    for folder, _, names in os.walk(top):
        for name in sorted(names):
            path = Path(folder) / name
            if path.is_symlink() or not path.is_file():
                continue
            found.append([path.relative_to(top).as_posix(), path.stat().st_size, digest_of(path)])
            line.look_at_clock()
    return {"status": 0, "files": sorted(found)}


def jobs(request: dict[str, Any], _line: Line) -> dict[str, Any]:
    top = Path(request["folder"])
    return {"status": 0, "jobs": sorted(path.name for path in top.iterdir()) if top.is_dir() else []}


def remove(request: dict[str, Any], _line: Line) -> dict[str, Any]:
    """Remove one job directory, after it was downloaded."""
    folder = Path(request["folder"])
    if folder.parent.name != "jobs":
        raise Trouble(f"{folder} is not a job directory: not removed")
    shutil.rmtree(folder, ignore_errors=True)
    return {"status": 0}


VERBS: dict[str, Callable[[dict[str, Any], Line], dict[str, Any]]] = {
    "run": run,
    "same": same,
    "space": space,
    "unpack": unpack,
    "list_results": list_results,
    "jobs": jobs,
    "remove": remove,
}


def first_request(patience_s: float) -> tuple[dict[str, Any], Line]:
    line = Line(patience_s)
    line.greet()
    while True:
        for kind, body in line.hear():
            if kind == REQUEST:
                return json.loads(body), line
        line.look_at_clock()
        time.sleep(0.005)


def main() -> int:
    try:
        request, line = first_request(patience_s=30.0)
        line.patience_s = request["patience_s"]
        try:
            answer = VERBS[request["verb"]](request, line)
        except Trouble as trouble:
            answer = {"status": 4, "trouble": str(trouble)}
        except OSError as error:
            where = f" {error.filename}" if error.filename else ""
            text = f"{request['verb']} failed on the remote machine:{where}: {error.strerror}"
            answer = {"status": 4, "trouble": text}
        line.finish(answer)
    except Gone:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
