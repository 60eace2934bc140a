"""`herzschlag remote` against a real OpenSSH server, in every way in which that can go wrong.

Most tests run a small program on the remote machine in place of the real one: they are about what happens on the way.
Two run the project itself.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
from pathlib import Path

import pytest

from herzschlag.remote import far
from herzschlag.remote.bundle import make_bundle
from tests.support import far_machine
from tests.support.far_machine import ROOT, FarMachine, interrupt, new_key
from tests.support.far_program import Options, begin_lingering, jobs
from tests.support.waiting import until

pytestmark = [
    pytest.mark.remote,
    pytest.mark.skipif(bool(far_machine.missing()), reason=far_machine.missing()),
]

# --- the way it should be ---


def test_status_output_and_error_are_those_of_the_far_command(
    machine: FarMachine, options: Options, home: Path
) -> None:
    done = machine.remote("say", "3", cwd=home, options=options)
    assert (done.returncode, done.stdout) == (3, "to output\n"), done.stderr
    assert done.stderr.startswith("to error\n")
    assert machine.processes_there() == []


def test_a_simulation_runs_there_and_its_run_directory_comes_home(
    machine: FarMachine, home: Path, tmp_path: Path
) -> None:
    """The real program, not copied: the remote machine reaches this checkout."""
    typed = ("run", "--backend", "simulation", "slave-failure", "--json")
    done = machine.remote(*typed, cwd=home, options=("--checkout", ROOT, "--far-folder", tmp_path / "far"))
    document = json.loads(done.stdout)
    statuses = {"holds": 0, "violated": 1, "unknown": 3}
    assert done.returncode == statuses[document["verdict"]], done.stderr
    (run,) = document["runs"]
    report = json.loads((home / run["directory"] / "run.json").read_text())
    assert report["scenario"] == "slave-failure"
    assert (home / run["directory"] / "history.jsonl").stat().st_size > 0
    assert jobs(tmp_path) == []


def test_a_command_answers_there_in_the_language_that_is_spoken_here(
    machine: FarMachine, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    typed = ("run", "--backend", "simulation", "normal", "--no-report")
    done = machine.remote(*typed, cwd=home, options=("--checkout", ROOT, "--far-folder", tmp_path / "far"))
    assert "Wahl dauert 15 s" in done.stdout, done.stderr
    assert "heruntergeladen: runs/" in done.stderr


def test_files_come_home_whole(machine: FarMachine, options: Options, home: Path, tmp_path: Path) -> None:
    """Binary, empty, nested, with names in any language; nothing of ours stays on the remote machine, or half-done
    here."""
    done = machine.remote("write", "3000000", cwd=home, options=options)
    assert done.returncode == 0, done.stderr
    found = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    assert found == {
        "loose.txt",
        "runs/one/capture.pcapng",
        "runs/one/log/empty",
        "runs/one/log/größe mit leerzeichen.txt",
        "runs/one/run.json",
    }
    assert (home / "runs/one/capture.pcapng").stat().st_size == 3000000
    assert jobs(tmp_path) == []
    again = machine.remote("write", "10", cwd=home, options=options)
    assert again.returncode == 0, again.stderr
    assert (home / "runs/one/capture.pcapng").stat().st_size == 3000000, "what is here is never overwritten"
    assert (home / "runs/one-2/capture.pcapng").stat().st_size == 10


def test_much_output_arrives_complete(machine: FarMachine, options: Options, home: Path) -> None:
    done = machine.remote("flood", cwd=home, options=options)
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, 20000)
    assert lines[-1].startswith("19999 ")


def test_files_named_are_brought_along_and_an_out_folder_elsewhere_is_found(
    machine: FarMachine, options: Options, home: Path, tmp_path: Path
) -> None:
    scenario = tmp_path / "my own.toml"
    scenario.write_text("a scenario of mine", encoding="utf-8")
    done = machine.remote("cat", scenario, cwd=home, options=options)
    assert (done.returncode, done.stdout) == (0, "a scenario of mine\n"), done.stderr
    elsewhere = tmp_path / "elsewhere"
    typed = ("run", "--backend", "simulation", "normal", "--out", elsewhere)
    done = machine.remote(*typed, cwd=home, options=("--checkout", ROOT, "--far-folder", tmp_path / "far"))
    assert len(list(elsewhere.rglob("run.json"))) == 1, done.stdout + done.stderr


def test_the_project_is_brought_when_missing_or_different_and_only_then(
    machine: FarMachine, home: Path, tmp_path: Path
) -> None:
    """From a clone: other people may be editing the checkout while it is tested."""
    project = tmp_path / "project"
    far_machine.run("git", "clone", "--quiet", "--no-hardlinks", ROOT, project)
    checkout = tmp_path / "far/checkout"

    def prepare() -> str:
        options = ("--far-folder", tmp_path / "far", "--setup", "echo set up in $PWD")
        done = machine.remote("prepare", cwd=home, options=options, project=project)
        assert done.returncode == 0, done.stderr
        assert f"set up in {checkout}" in done.stderr
        return done.stderr

    assert "sending the project" in prepare()
    bundle = make_bundle(project)
    there = {path: far.digest_of(checkout / path) for path in bundle.digests}
    assert there == bundle.digests
    assert os.access(checkout / "setup/provision.sh", os.X_OK)
    assert (checkout / "herzschlag/agents/__init__.py").is_file(), "links arrive as links"
    assert "bringing" not in prepare()
    (checkout / "Makefile").write_text("another version", encoding="utf-8")
    (checkout / "made by set-up").touch()
    (project / "LICENSE").unlink()
    assert "sending the project" in prepare()
    assert (checkout / "Makefile").read_bytes() == (project / "Makefile").read_bytes()
    assert not (checkout / "LICENSE").exists(), "what is gone here is gone there"
    assert (checkout / "made by set-up").exists(), "what was made there stays"


# --- whom we talk to, and as whom ---


def test_a_wrong_key_is_named_and_nothing_of_it_is_shown(
    machine: FarMachine, options: Options, home: Path, tmp_path: Path
) -> None:
    wrong = new_key(tmp_path / "wrong")
    done = machine.remote("say", "0", cwd=home, options=(*options, "--key", wrong))
    assert done.returncode == 4
    assert f"does not let root in with the key ({wrong})" in done.stderr
    assert "authorized_keys" in done.stderr
    secret = wrong.read_text().splitlines()[1]
    assert secret not in done.stdout + done.stderr


def test_an_unknown_host_is_refused_with_its_fingerprint_and_the_way_out(
    machine: FarMachine, options: Options, home: Path
) -> None:
    machine.known_hosts.unlink()
    done = machine.remote("say", "0", cwd=home, options=options)
    assert done.returncode == 4
    shown = far_machine.run("ssh-keygen", "-lf", machine.folder / "host_key.pub").split()[1]
    assert shown in done.stderr
    assert "--accept-new-key" in done.stderr
    assert not machine.known_hosts.exists()
    accepted = machine.remote("say", "0", cwd=home, options=(*options, "--accept-new-key"))
    assert accepted.returncode == 0, accepted.stderr
    assert f"{shown}; accepted" in accepted.stderr
    assert machine.remote("say", "0", cwd=home, options=options).returncode == 0


def test_a_changed_host_key_is_refused_even_when_new_ones_are_accepted(
    machine: FarMachine, options: Options, home: Path, tmp_path: Path
) -> None:
    other = new_key(tmp_path / "other")
    kind, key = Path(f"{other}.pub").read_text().split()[:2]
    machine.known_hosts.write_text(f"{far_machine.ADDRESS} {kind} {key}\n")
    before = machine.known_hosts.read_text()
    done = machine.remote("say", "0", cwd=home, options=(*options, "--accept-new-key"))
    assert done.returncode == 4
    assert "CHANGED" in done.stderr
    assert f"ssh-keygen -R '{far_machine.ADDRESS}'" in done.stderr
    assert machine.known_hosts.read_text() == before


@pytest.mark.parametrize(("answer", "status"), [("n", 4), ("y", 0)])
def test_on_a_terminal_a_first_contact_is_shown_and_asked_for(
    machine: FarMachine, options: Options, home: Path, answer: str, status: int
) -> None:
    machine.known_hosts.unlink()
    with Terminal(machine.command("say", "0", options=options), home) as terminal:
        terminal.expect("SHA256:.*Trust it from now on")
        terminal.type(f"{answer}\n")
        assert terminal.end() == status, terminal.seen
    assert machine.known_hosts.exists() == (answer == "y")


def test_nobody_there_is_said_at_once(machine: FarMachine, options: Options, home: Path) -> None:
    done = machine.remote("say", "0", cwd=home, options=(*options, "--host", f"root@{far_machine.ADDRESS}:23"))
    assert done.returncode == 4
    assert "port 23" in done.stderr


# --- Ctrl-C ---


def test_ctrl_c_reaches_the_far_command_and_its_results_still_come_home(
    machine: FarMachine, options: Options, home: Path, tmp_path: Path
) -> None:
    process = begin_lingering(machine, options, home)
    interrupt(process)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert (home / "runs/one/run.json").read_text() == "interrupted"
    assert jobs(tmp_path) == []
    assert machine.processes_there() == []


def test_on_a_terminal_every_key_goes_there(machine: FarMachine, options: Options, home: Path) -> None:
    with Terminal(machine.command("linger", options=options), home) as terminal:
        terminal.expect("lingering")
        terminal.type("\x03")
        assert terminal.end() == 130, terminal.seen
    assert (home / "runs/one/run.json").read_text() == "interrupted"
    until(lambda: not machine.processes_there(), "nothing runs there any more")


class Terminal:
    """A command with a terminal of its own, and what appears on it."""

    def __init__(self, command: list[str], cwd: Path) -> None:
        self._command, self._cwd = command, cwd
        self.seen = ""

    def __enter__(self) -> Terminal:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env=far_machine.environment(),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._master)

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern: str) -> None:
        def read(_: float) -> None:
            assert self._read(), f"ended without {pattern!r}: {self.seen}"

        until(lambda: re.search(pattern, self.seen, re.DOTALL), repr(pattern), state=lambda: self.seen, pause=read)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> int:
        while self._read():
            if self._process.poll() is not None and not select.select([self._master], [], [], 0.1)[0]:
                break
        return self._process.wait(timeout=30)
