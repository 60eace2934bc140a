"""The parts of `herzschlag remote` that need no other machine."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import cast

import pytest
from paramiko import Channel
from paramiko.file import BufferedFile

from herzschlag.remote import far
from herzschlag.remote.bundle import checkout_of, make_bundle
from herzschlag.remote.connection import Connection, Talk
from herzschlag.remote.errors import ConnectionLost, RemoteTrouble, RemoteUsageError
from herzschlag.remote.fetch import FarFile, fetch, free_name, units
from herzschlag.remote.target import FirstContact, Target, from_host, from_ssh_config
from herzschlag.remote.work import Command
from tests.support.waiting import until

VAGRANT_SAYS = """Host default
  HostName 192.168.121.7
  User vagrant
  Port 2222
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking no
  PasswordAuthentication no
  IdentityFile "/home/me/my boxes/private_key"
  IdentitiesOnly yes
  LogLevel FATAL
"""


def host(text: str, key: Path | None = None) -> Target:
    return from_host(text, key=key, known_hosts=None, first_contact=FirstContact.REFUSE, patience_s=30)


@pytest.mark.parametrize(
    ("text", "user", "address", "port", "shown"),
    [
        ("me@lab", "me", "lab", 22, "me@lab"),
        ("me@10.0.0.1:2200", "me", "10.0.0.1", 2200, "me@10.0.0.1:2200"),
        ("me@[fe80::1]:2200", "me", "fe80::1", 2200, "me@[fe80::1]:2200"),
        ("me@fe80::1", "me", "fe80::1", 22, "me@[fe80::1]"),
    ],
)
def test_a_machine_is_named_as_for_ssh(text: str, user: str, address: str, port: int, shown: str) -> None:
    target = host(text)
    assert (target.user, target.address, target.port, str(target)) == (user, address, port, shown)


@pytest.mark.parametrize("text", ["", "me@", "me@lab:", "me@lab:70000", "me@lab:0", "a b@lab", "me@lab:22:22x"])
def test_a_machine_that_cannot_be_meant_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(RemoteUsageError, match="expected user@address or user@address:port"):
        host(text)


def test_a_key_that_is_not_there_is_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(RemoteUsageError, match="no such file"):
        host("me@lab", tmp_path / "absent")


def test_vagrants_own_configuration_decides_about_its_machine() -> None:
    target = from_ssh_config(VAGRANT_SAYS, None, patience_s=30)
    assert str(target) == "vagrant@192.168.121.7:2222"
    assert target.keys == (Path("/home/me/my boxes/private_key"),)
    assert (target.first_contact, target.known_hosts) == (FirstContact.UNCHECKED, ())
    strict = VAGRANT_SAYS.replace("Checking no", "Checking yes").replace("/dev/null", "/home/me/hosts")
    target = from_ssh_config(strict, None, patience_s=30)
    assert (target.first_contact, target.known_hosts) == (FirstContact.REFUSE, (Path("/home/me/hosts"),))


def test_among_several_vagrant_machines_one_must_be_named() -> None:
    both = VAGRANT_SAYS + VAGRANT_SAYS.replace("Host default", "Host other").replace("2222", "2223")
    with pytest.raises(RemoteUsageError, match=r"--machine \(default, other\)"):
        from_ssh_config(both, None, patience_s=30)
    assert from_ssh_config(both, "other", patience_s=30).port == 2223
    with pytest.raises(RemoteUsageError, match="no machine third"):
        from_ssh_config(both, "third", patience_s=30)
    with pytest.raises(RemoteTrouble, match="ProxyCommand"):
        from_ssh_config(f"{VAGRANT_SAYS}  ProxyCommand nc %h %p\n", None, patience_s=30)


def test_frames_arrive_in_any_pieces() -> None:
    sent = [(far.OUTPUT, b"abc"), (far.ALIVE, b""), (far.EXIT, b"{}" * 5000)]
    line = b"".join(far.frame(kind, body) for kind, body in sent)
    for piece in (1, 3, 7, len(line)):
        frames = far.Frames()
        got = [one for at in range(0, len(line), piece) for one in frames.feed(line[at : at + piece])]
        assert got == sent
    with pytest.raises(ValueError, match="at most"):
        list(far.Frames().feed(far.HEADER.pack(far.OUTPUT, far.BODY_BYTES_MAX + 1)))


def test_files_and_folders_of_a_command_line_are_translated(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.touch()
    command = Command.translate(["run", str(scenario), "--out", str(tmp_path / "there"), "--speed", "10"])
    assert command.argv == ["run", "inputs/1/mine.toml", "--out", "out", "--speed", "10"]
    assert command.inputs == {"inputs/1/mine.toml": scenario}
    assert command.place("out/2026/normal") == tmp_path / "there/2026/normal"
    assert command.place("loose") == Path("loose")
    inside = Command.translate(["run", "normal", "--out=mine/runs"])
    assert inside.argv == ["run", "normal", "--out", "mine/runs"]
    assert inside.place("mine/runs/normal") == Path("mine/runs/normal")
    assert Command.translate(["run", "normal", "--out"]).argv == ["run", "normal", "--out"], (
        "its error is the program's"
    )


def test_a_run_directory_appears_as_one_and_nested_ones_within_it() -> None:
    names = ["runs/a/run.json", "runs/a/log/x", "runs/a/again/run.json", "runs/ab/run.json", "loose", "runs/other"]
    names.append("runs/.gitignore")
    found = units([FarFile(name, 0, "") for name in names])
    assert {unit: len(files) for unit, files in found.items()} == {
        "runs/a": 3,
        "runs/ab": 1,
        "loose": 1,
        "runs/other": 1,
    }


def test_nothing_here_is_overwritten(tmp_path: Path) -> None:
    assert free_name(tmp_path / "run") == tmp_path / "run"
    (tmp_path / "run").mkdir()
    (tmp_path / "run-2").mkdir()
    assert free_name(tmp_path / "run") == tmp_path / "run-3"


class BreaksHalfway(BufferedFile):  # type: ignore[type-arg]  # generic in the stubs alone
    """A file of ten bytes whose connection closes after five of them."""

    def __init__(self) -> None:
        super().__init__()
        self._flags = self.FLAG_READ
        self._pieces = [b"12345"]

    def seek(self, offset: int, whence: int = 0) -> None: ...

    def prefetch(self, file_size: int) -> None: ...

    def _read(self, size: int) -> bytes:
        if not self._pieces:
            raise EOFError  # what paramiko raises when it cannot send the request, and then takes for the end
        return self._pieces.pop()


class BrokenConnection:
    target = "me@lab"

    @property
    def sftp(self) -> BrokenConnection:
        return self

    def call(self, do: str, **values: object) -> dict[str, object]:
        return {"files": [["capture", 10, hashlib.sha256(b"1234567890").hexdigest()]]}

    def open(self, name: str, mode: str) -> BreaksHalfway:
        return BreaksHalfway()

    def stat(self, name: str) -> None:
        raise EOFError

    def close(self) -> None: ...


class EndedChannel:
    """The remote side has just ended: its last frames and the end of the channel arrive while we write."""

    closed = eof_received = False

    def __init__(self, last: bytes) -> None:
        self._last = last

    def recv_stderr_ready(self) -> bool:
        return False

    exit_status_ready = recv_stderr_ready

    def recv_ready(self) -> bool:
        return self.closed and bool(self._last)

    def sendall(self, _data: bytes) -> None:
        self.closed = True
        raise OSError("Socket is closed")

    def recv(self, _bytes_max: int) -> bytes:
        data, self._last = self._last, b""
        return data


def talk_with(channel: EndedChannel) -> Talk:
    return Talk(cast(Channel, channel), host("me@lab"))


def test_an_answer_that_arrives_while_we_write_ends_the_command() -> None:
    """A command is done when its answer is here, though the remote side closed the channel before our sign of life."""
    answer = json.dumps({"status": 3}).encode()
    talk = talk_with(EndedChannel(far.MAGIC + far.frame(far.DATA, b"its output") + far.frame(far.EXIT, answer)))
    assert list(talk.news()) == []
    talk.say(far.ALIVE)
    assert list(talk.news()) == [(far.DATA, b"its output")]
    assert talk.answer == {"status": 3}


def test_a_channel_that_closes_without_an_answer_is_a_broken_connection() -> None:
    talk = talk_with(EndedChannel(b""))
    talk.say(far.ALIVE)
    with pytest.raises(ConnectionLost, match="the connection to me@lab broke"):
        list(talk.news())


def test_a_connection_that_ends_like_a_file_keeps_what_has_arrived(tmp_path: Path) -> None:
    with pytest.raises(ConnectionLost, match="broke while job/capture was on its way"):
        fetch(cast("Connection", BrokenConnection()), "job", lambda path: tmp_path / path, skip="inputs")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"12345"]


def test_the_version_changes_with_any_byte_and_any_mode(tmp_path: Path) -> None:
    (tmp_path / "setup").mkdir()
    script = tmp_path / "setup/provision.sh"
    script.write_text("true\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    versions = [make_bundle(tmp_path).version]
    assert make_bundle(tmp_path).version == versions[0]
    script.chmod(0o755)
    versions.append(make_bundle(tmp_path).version)
    script.write_text("false\n")
    versions.append(make_bundle(tmp_path).version)
    (tmp_path / "new").touch()
    versions.append(make_bundle(tmp_path).version)
    assert len(set(versions)) == 4
    (tmp_path / "herzschlag").mkdir()
    assert checkout_of(tmp_path / "herzschlag/__init__.py") == tmp_path


# --- the far side's program, driven over pipes as sshd does ---


class FarSide:
    def __init__(self, *, patience_s: float = 5.0, request: dict[str, object] | None = None, **more: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, far.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        body = {"patience_s": patience_s, **(request or {}), **more}
        self.send(far.REQUEST, json.dumps(body).encode())

    def send(self, kind: bytes, body: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(far.frame(kind, body))

    def finish(self) -> tuple[dict[bytes, bytes], dict[str, object]]:
        """All output by kind, and the answer."""
        assert self.process.stdout is not None
        data = self.process.stdout.read()
        self.process.stdout.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(timeout=20) == 0
        assert data.startswith(far.MAGIC)
        said: dict[bytes, bytes] = {}
        for kind, body in far.Frames().feed(data.removeprefix(far.MAGIC)):
            said[kind] = said.get(kind, b"") + body
        return said, json.loads(said[far.EXIT])


def test_a_command_killed_by_a_signal_ends_as_a_shell_would_say_it(tmp_path: Path) -> None:
    side = FarSide(verb="run", argv=["sh", "-c", "echo out; echo err >&2; kill -TERM $$"], cwd=str(tmp_path))
    said, answer = side.finish()
    assert (said[far.OUTPUT], said[far.ERROR]) == (b"out\n", b"err\n")
    assert answer == {"status": 128 + signal.SIGTERM}


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    _, answer = FarSide(verb="run", argv=[str(tmp_path / "absent")], cwd=str(tmp_path)).finish()
    assert answer["status"] == 4
    assert f"{tmp_path}/absent: No such file" in str(answer["trouble"])


def test_silence_ends_the_command_and_everything_below_it(tmp_path: Path) -> None:
    """The client exists but is stopped: no connection closes, and no data arrives."""
    script = "setsid sh -c 'trap \"\" INT TERM; echo $$ >deaf; while :; do sleep 0.1; done' & echo $! >pid; wait"
    side = FarSide(patience_s=1.0, verb="run", argv=["sh", "-c", script], cwd=str(tmp_path))
    until((tmp_path / "deaf").exists, "the command runs")
    assert side.process.wait(timeout=30) == 1
    deaf = int((tmp_path / "deaf").read_text())
    until(lambda: not Path(f"/proc/{deaf}").exists(), "its deaf child is gone")
    for pipe in (side.process.stdin, side.process.stdout):
        assert pipe is not None
        pipe.close()


def test_only_a_job_directory_is_ever_removed(tmp_path: Path) -> None:
    _, answer = FarSide(verb="remove", folder=str(tmp_path)).finish()
    assert "is not a job directory" in str(answer["trouble"])
    assert tmp_path.is_dir()
    (tmp_path / "jobs/one").mkdir(parents=True)
    _, answer = FarSide(verb="remove", folder=str(tmp_path / "jobs/one")).finish()
    assert answer == {"status": 0}
    assert not (tmp_path / "jobs/one").exists()


def test_a_damaged_archive_changes_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "archive.tar.gz"
    archive.write_bytes(b"not what was announced")
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / far.VERSION_FILE).write_text(json.dumps({"version": "old", "files": ["kept"]}))
    (checkout / "kept").touch()
    request: dict[str, object] = {
        "archive": str(archive),
        "digest": "0" * 64,
        "checkout": str(checkout),
        "files": {},
        "version": "new",
    }
    _, answer = FarSide(request=request, verb="unpack").finish()
    assert "arrived damaged" in str(answer["trouble"])
    assert (checkout / "kept").exists()
    assert not archive.exists()


@pytest.mark.parametrize(("target", "taken"), [("../agents", True), ("../../agents", False), ("/agents", False)])
def test_links_arrive_as_links_and_none_leads_out_of_the_checkout(target: str, taken: bool, tmp_path: Path) -> None:
    """herzschlag/agents and its like are links to the folders at the top."""
    archive, checkout = tmp_path / "archive.tar.gz", tmp_path / "checkout"
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("herzschlag/agents")
        member.type, member.linkname = tarfile.SYMTYPE, target
        tar.addfile(member)
    request: dict[str, object] = {
        "archive": str(archive),
        "digest": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "checkout": str(checkout),
        "files": {"herzschlag/agents": hashlib.sha256(target.encode()).hexdigest()},
        "version": "new",
    }
    _, answer = FarSide(request=request, verb="unpack").finish()
    link = checkout / "herzschlag/agents"
    assert link.is_symlink() == taken
    if taken:
        assert (answer["status"], str(link.readlink())) == (0, target)
    else:
        assert "not among the files that were announced" in str(answer["trouble"])


def test_a_checkout_in_use_is_not_changed(tmp_path: Path) -> None:
    """Two sessions have different versions: the second one is told so, and the first one is not disturbed."""
    checkout = tmp_path / "checkout"
    lock = far.open_lock(checkout, fcntl.LOCK_SH)
    try:
        (tmp_path / "a").write_bytes(b"")
        request: dict[str, object] = {
            "archive": str(tmp_path / "a"),
            "digest": "",
            "checkout": str(checkout),
            "files": {},
            "version": "",
        }
        _, answer = FarSide(request=request, verb="unpack").finish()
        assert "is in use on the remote machine" in str(answer["trouble"])
    finally:
        os.close(lock)
