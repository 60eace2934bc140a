"""Work of `herzschlag remote` over a connection, in order: send the project, set it up, run, download the results.

This module decides folders and names on the other machine:

    ~/.cache/herzschlag/checkout/     the project, as it is here; set-up makes its .venv beside it
    ~/.cache/herzschlag/jobs/NAME/    what one command wrote, until it has been downloaded
"""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from herzschlag.remote.bundle import Bundle
from herzschlag.remote.connection import BROKEN, Connection
from herzschlag.remote.errors import ConnectionLost, RemoteTrouble
from herzschlag.remote.fetch import fetch
from herzschlag.remote.terminal import run_there

ROOM_FACTOR = 8  # archive to unpacked files; set-up checks its own needs itself
RECONNECTS_MAX = 5
RECONNECT_PAUSE_S = 2.0
INPUTS_FOLDER = "inputs"  # files that were sent with the command; they are not downloaded
OUT_FOLDER = "out"  # takes the place of an --out outside of the job directory, on the remote machine


@dataclass(slots=True)
class Command:
    """The command line as it must be on the remote machine."""

    argv: list[str]
    inputs: dict[str, Path] = field(default_factory=dict)  # path in the job directory -> file here
    out: Path | None = None  # where things of OUT_FOLDER belong here

    @classmethod
    def translate(cls, typed: list[str]) -> Command:
        """Files named on it are sent with it; an --out outside of the current folder is mapped back."""
        command = cls([])
        waiting = iter(typed)
        for word in waiting:
            name, equals, value = word.partition("=")
            if name == "--out":
                folder = value if equals else next(waiting, None)
                command.argv += ["--out"] if folder is None else ["--out", command._out(folder)]
            elif not word.startswith("-") and Path(word).is_file():
                command.argv.append(command._input(Path(word)))
            else:
                command.argv.append(word)
        return command

    def _input(self, file: Path) -> str:
        name = f"{INPUTS_FOLDER}/{len(self.inputs) + 1}/{file.name}"
        self.inputs[name] = file
        return name

    def _out(self, value: str) -> str:
        path = Path(value)
        if not path.is_absolute() and ".." not in path.parts:
            return path.as_posix()
        self.out = path
        return OUT_FOLDER

    def place(self, far_path: str) -> Path:
        """Where a file of the job directory belongs here."""
        path = PurePosixPath(far_path)
        if self.out is not None and path.parts[0] == OUT_FOLDER:
            return self.out.joinpath(*path.parts[1:])
        return Path(*path.parts)


class Work:
    def __init__(self, connection: Connection, *, far_folder: str, say: Callable[[str], None]) -> None:
        self.connection = connection
        self.say = say
        self._wanted_folder = far_folder
        self.folder = ""
        self.checkout = ""

    def find_folder(self) -> None:
        answer = self.connection.call("space", folder=self._wanted_folder, bytes=1 << 20)
        self.folder = answer["folder"]

    def bring_project(self, bundle: Bundle, *, other_places: tuple[str, ...] = ()) -> None:
        """Nothing is sent when one of the places holds the same files."""
        own = f"{self.folder}/checkout"
        found = self.connection.call("same", folders=[*other_places, own], files=bundle.digests)["folder"]
        self.checkout = found or own
        if found:
            return
        size = len(bundle.archive)
        self.say(f"sending the project to {self.connection.target}: {len(bundle.digests)} files, {size / 1e6:.1f} MB …")
        self.connection.call("space", folder=self.folder, bytes=size * ROOM_FACTOR)
        archive = f"{self.folder}/incoming-{secrets.token_hex(4)}.tar.gz"
        self._upload({archive: bundle.archive})
        self.connection.call(
            "unpack",
            archive=archive,
            digest=bundle.archive_digest,
            checkout=own,
            files=bundle.digests,
            version=bundle.version,
        )

    def set_up(self, command: str) -> None:
        argv = ["sh", "-c", command]
        status = run_there(self.connection, argv, self.checkout, quiet_output=True, checkout=self.checkout)
        if status != 0:
            raise RemoteTrouble(f"the remote set-up ended with status {status}: `{command}` in {self.checkout}")

    def new_job(self) -> str:
        return f"{self.folder}/jobs/{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"

    def run(self, command: Command, job: str) -> int:
        """The command with the job directory as its current one."""
        for name, file in command.inputs.items():
            self.connection.call("space", folder=str(PurePosixPath(f"{job}/{name}").parent), bytes=1 << 10)
            self._upload({f"{job}/{name}": file.read_bytes()})
        program = f"{self.checkout}/.venv/bin/herzschlag"
        return run_there(self.connection, [program, *command.argv], job, checkout=self.checkout, make_cwd=True)

    def test(self, arguments: list[str]) -> int:
        """The project's own tests, in the checkout; with arguments, those of pytest."""
        if not arguments:
            return self.make(["test"])
        script = 'setup/provision.sh test && exec .venv/bin/python -m pytest "$@"'
        argv = ["sh", "-c", script, "sh", *arguments]
        return run_there(self.connection, argv, self.checkout, checkout=self.checkout)

    def make(self, targets: list[str]) -> int:
        """Targets of the project's Makefile, in the checkout; the files they write stay on the remote machine."""
        argv = ["make", "--no-print-directory", *targets]
        return run_there(self.connection, argv, self.checkout, checkout=self.checkout)

    def bring_home(self, job: str, command: Command) -> list[Path]:
        """Download everything the command wrote, reconnecting when the connection breaks; then remove the job
        directory."""

        for attempt in range(RECONNECTS_MAX + 1):
            try:
                if attempt:
                    time.sleep(RECONNECT_PAUSE_S)
                    self.connection.reopen()
                appeared = fetch(self.connection, job, command.place, skip=INPUTS_FOLDER)
                self.connection.call("remove", folder=job)
                return appeared
            except ConnectionLost as error:
                if attempt == RECONNECTS_MAX:
                    raise
                self.say(f"{error}; going on (attempt {attempt + 2} of {RECONNECTS_MAX + 1}) …")
        raise AssertionError("unreachable: the last attempt returns or raises")

    def waiting_jobs(self) -> list[str]:
        answer = self.connection.call("jobs", folder=f"{self.folder}/jobs")
        return [f"{self.folder}/jobs/{name}" for name in answer["jobs"]]

    def _upload(self, contents: dict[str, bytes]) -> None:
        for name, content in contents.items():
            try:
                self.connection.sftp.putfo(io.BytesIO(content), name, len(content), confirm=True)
            except BROKEN as error:
                raise ConnectionLost(f"the connection broke while {name} was on its way: {error}") from None
            except OSError as error:  # the protocol only says "Failure" for a full disk
                raise RemoteTrouble(
                    f"{name} could not be written on {self.connection.target} ({error}): is its disk full? "
                    "Make room, or name another folder with --far-folder"
                ) from None
