"""The command on a machine that runs out of something: its own exit status, one line, a traceback in a file.

Each limit is the kernel's own, for this one command: a file system of a few kilobytes in mounts of its own, a limit of
memory or of open files. No run may end with status 1, which says that the cluster broke a rule, or with 0.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = (sys.executable, "-m", "herzschlag")
FAILED = 5
TRACEBACK = re.compile(r"\(traceback: (?P<path>[^()]+\.txt)\)")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits and mounts are those of Linux")


def shell(script: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    (tmp_path / "temporary").mkdir(exist_ok=True)
    return subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def command(*arguments: str | Path) -> str:
    return shlex.join([*PROGRAM, *map(str, arguments)])


def simulated(*names: str, out: Path, options: tuple[str, ...] = ()) -> str:
    return command("run", *names, "--backend", "simulation", "--out", out, *options)


def the_line(ended: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in ended.stderr + ended.stdout, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith("herzschlag: ")
    return line


def mounts_of_its_own(tmp_path: Path) -> list[str]:
    """The words before a command that may mount what it likes; skipped where no user may."""
    words = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    tried = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no mounts of its own for a command: {tried.stderr.strip()}")
    return words


@LINUX
@pytest.mark.parametrize(
    ("kilobytes", "says"),
    [
        (12, "history.jsonl: No space left on device: make room there"),
        (36, "run.json: No space left on device: make room there"),  # it says `running` already, which is shorter
        (80, "its report failed: "),
        (300, "its report failed: "),
    ],
)
def test_a_full_disk_is_our_failure_whatever_it_cuts_short(tmp_path: Path, kilobytes: int, says: str) -> None:
    """It was status 1 and a traceback. What was written before is whole."""
    out = tmp_path / "out"
    out.mkdir()
    mount = f"mount -t tmpfs -o size={kilobytes}k,mode=755 none {out} && {{ {simulated('slave-failure', out=out)}; }}"
    script = f"{mount}; status=$?; cp -r {out} {tmp_path / 'copy'}; exit $status"
    ended = shell(shlex.join([*mounts_of_its_own(tmp_path), "bash", "-c", script]), tmp_path)
    assert ended.returncode == FAILED, ended.stdout + ended.stderr
    line = the_line(ended)
    assert says in line
    kept = TRACEBACK.search(line)
    assert kept is not None
    where = Path(kept["path"])
    copied = tmp_path / "copy" / where.relative_to(out) if where.is_relative_to(out) else where
    assert "No space left" in copied.read_text()
    (run,) = (tmp_path / "copy").glob("[0-9]*/slave-failure/run.json")
    verdict = json.loads(run.read_bytes())["verdict"]
    assert verdict == ("holds" if "report" in says else "unknown")


@LINUX
def test_a_full_disk_in_a_batch_fails_each_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    jobs = simulated("slave-failure", "normal", "isolation", out=out, options=("--jobs", "2", "--no-report"))
    script = f"mount -t tmpfs -o size=16k,mode=755 none {out} && {jobs}"
    ended = shell(shlex.join([*mounts_of_its_own(tmp_path), "bash", "-c", script]), tmp_path)
    assert ended.returncode == FAILED, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    failed = [line for line in ended.stderr.splitlines() if " failed: " in line]
    assert failed and len(failed) == len(ended.stderr.splitlines())


@LINUX
def test_no_memory_is_our_failure(tmp_path: Path) -> None:
    """So little that not even the commands can be imported; the line is said all the same."""
    ended = shell(f"ulimit -v 45000; {simulated('normal', out=tmp_path / 'out')}", tmp_path)
    assert ended.returncode == FAILED, ended.stderr
    assert TRACEBACK.search(the_line(ended))


@LINUX
def test_no_descriptors_are_our_failure(tmp_path: Path) -> None:
    """One is left: enough to read a scenario, not for a batch, which needs pipes to its runs."""
    jobs = simulated("normal", "isolation", out=tmp_path / "out", options=("--jobs", "2", "--no-report"))
    ended = shell(f"ulimit -n 6; {jobs}", tmp_path)
    assert ended.returncode == FAILED, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    lines = ended.stderr.splitlines()
    assert lines and all("Too many open files: raise the limit of open files (ulimit -n)" in line for line in lines)


def test_a_name_that_no_directory_can_have_is_wrong_input(tmp_path: Path) -> None:
    scenario = tmp_path / "long.toml"
    scenario.write_text(f'name = "{"n" * 300}"\ntitle = "A long name"\n')
    ended = shell(simulated(str(scenario), out=tmp_path / "out"), tmp_path)
    assert ended.returncode == 2
    assert "300" in the_line(ended)
    assert not (tmp_path / "out").exists()


@LINUX
def test_output_that_a_full_disk_cannot_take_is_our_failure(tmp_path: Path) -> None:
    ended = shell(f"{command('scenarios', '--json')} >/dev/full", tmp_path)
    assert ended.returncode == FAILED
    assert "No space left on device" in the_line(ended)


def test_a_reader_that_leaves_is_no_verdict(tmp_path: Path) -> None:
    """Typer gives status 1. What a shell gives for a program that ended by SIGPIPE says what happened."""
    ended = shell(f"{command('scenarios')} | true; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert ended.returncode in (0, 141)
    assert ended.stderr == ""
    ended = shell(f"{command('scenarios')} | {{ exec <&-; sleep 3; }}; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert (ended.returncode, ended.stderr) == (141, "")
