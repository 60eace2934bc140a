"""Downloads results: whole and checked, or not at all.

A file under its final name is complete and its digest agrees; until then it lies beside it under a name that begins
with a dot. A run directory (it has a run.json) appears as one; other files one by one. After a broken connection the
same call continues: files that have arrived are not sent again, one that was under way continues at its last byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from herzschlag.remote.connection import BROKEN, Connection
from herzschlag.remote.errors import ConnectionLost, RemoteTrouble
from herzschlag.remote.far import CHUNK_BYTES, digest_of
from herzschlag.running.run_file import RUN_FILE

GIT_IGNORE = ".gitignore"  # that of the remote folder of runs
SAME_NAMES_MAX = 10_000  # run directories of one name in one folder


@dataclass(frozen=True, slots=True)
class FarFile:
    path: str  # below the job directory
    size: int
    digest: str


def units(files: Iterable[FarFile]) -> dict[str, list[FarFile]]:
    """What appears together: outermost run directories; every other file alone. Key: its path."""
    files = [file for file in files if PurePosixPath(file.path).name != GIT_IGNORE]
    runs = sorted({str(PurePosixPath(file.path).parent) for file in files if PurePosixPath(file.path).name == RUN_FILE})
    outermost = [run for run in runs if not any(run.startswith(f"{other}/") for other in runs if other != run)]
    found: dict[str, list[FarFile]] = {}
    for file in files:
        run = next((run for run in outermost if file.path.startswith(f"{run}/")), None)
        found.setdefault(run or file.path, []).append(file)
    return found


def free_name(wanted: Path) -> Path:
    """The name itself, or with a number when a file of that name exists: no local file is ever overwritten."""
    if not wanted.exists():
        return wanted
    for number in range(2, SAME_NAMES_MAX):
        candidate = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        if not candidate.exists():
            return candidate
    raise RemoteTrouble(f"{wanted} and {SAME_NAMES_MAX - 2} numbered ones exist already: clear that folder")


def fetch(connection: Connection, job: str, place: Callable[[str], Path], skip: str) -> list[Path]:
    """Everything of a job directory but one folder; `place` says where a path of it belongs here. Returns what
    appeared."""
    answer = connection.call("list_results", folder=job)
    files = [file for entry in answer["files"] if not (file := FarFile(*entry)).path.startswith(f"{skip}/")]
    appeared = []
    for unit, members in sorted(units(files).items()):
        home = place(unit)
        is_file = len(members) == 1 and members[0].path == unit
        partial = home.with_name(f".{home.name}.{PurePosixPath(job).name}.part")
        try:
            for member in members:
                inside = partial if is_file else partial / PurePosixPath(member.path).relative_to(unit)
                inside.parent.mkdir(parents=True, exist_ok=True)
                _fetch_file(connection, f"{job}/{member.path}", member, inside)
        except OSError as error:
            raise RemoteTrouble(f"cannot write {error.filename or partial} here: {error.strerror}") from None
        _drop_strangers(partial, {str(PurePosixPath(file.path).relative_to(unit)) for file in members})
        final = free_name(home)
        partial.replace(final)
        appeared.append(final)
    return appeared


def _drop_strangers(partial: Path, wanted: set[str]) -> None:
    """Files of an earlier attempt that have since been removed on the remote machine."""
    if partial.is_dir():
        for path in sorted(partial.rglob("*")):
            if path.is_file() and path.relative_to(partial).as_posix() not in wanted:
                path.unlink()


def _fetch_file(connection: Connection, source: str, file: FarFile, target: Path) -> None:
    for _ in range(2):
        _copy(connection, source, file, target)
        if target.stat().st_size == file.size and digest_of(target) == file.digest:
            return
        target.unlink()  # damaged, or left from something else: once more from the start
    raise RemoteTrouble(f"{source} changes while it is read, or arrives damaged, twice: nothing was kept of its run")


def _copy(connection: Connection, source: str, file: FarFile, target: Path) -> None:
    begin = target.stat().st_size if target.exists() else 0
    if begin > file.size:
        target.unlink()
        begin = 0
    if begin == file.size and target.exists():
        return
    try:
        with connection.sftp.open(source, "rb") as far_file, target.open("ab") as here:
            try:
                far_file.seek(begin)
                far_file.prefetch(file.size)
                arrived = begin
                while data := far_file.read(CHUNK_BYTES):
                    arrived += here.write(data)
                if arrived < file.size:  # paramiko takes some broken connections for the end of the file: ask again
                    connection.sftp.stat(source)
            except BROKEN:
                connection.close()  # first: closing the file would wait to be sent, behind what asks ahead for more
                raise
    except BROKEN as error:
        raise ConnectionLost(
            f"the connection to {connection.target} broke while {source} was on its way: {error}"
        ) from None
    except OSError as error:
        if error.filename is not None:
            raise
        raise ConnectionLost(f"{source} could not be read on the remote machine: {error}") from None
