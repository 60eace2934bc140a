"""`herzschlag remote` when the connection breaks, a machine dies or a disk is full: reported, and nothing half-done."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.support import far_machine
from tests.support.far_machine import FarMachine
from tests.support.far_program import Options, begin_lingering, jobs
from tests.support.waiting import until

pytestmark = [
    pytest.mark.remote,
    pytest.mark.skipif(bool(far_machine.missing()), reason=far_machine.missing()),
]


def test_a_cut_line_ends_the_command_there_and_is_reported_here(
    machine: FarMachine, options: Options, home: Path, tmp_path: Path
) -> None:
    """From now on no packet arrives, without notice: both ends can see only the silence."""
    process = begin_lingering(machine, options, home)
    machine.cut()
    try:
        _, said = process.communicate(timeout=30)
        assert process.returncode == 4, said
        assert "nothing heard from" in said
        assert "`fetch`" in said
        until(lambda: not machine.processes_there(), "nothing runs there any more")
    finally:
        machine.heal()
    (job,) = jobs(tmp_path)
    assert (tmp_path / f"far/jobs/{job}/runs/one/run.json").read_text() == "interrupted"
    fetched = machine.remote("fetch", cwd=home, options=options)
    assert fetched.returncode == 0, fetched.stderr
    assert (home / "runs/one/run.json").read_text() == "interrupted"
    assert jobs(tmp_path) == []


def test_a_killed_server_ends_the_command_there_and_is_reported_here(
    machine: FarMachine, options: Options, home: Path, tmp_path: Path
) -> None:
    process = begin_lingering(machine, options, home)
    machine.kill_server()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 4, said
    assert "broke" in said
    until(lambda: not machine.processes_there(), "nothing runs there any more")
    assert jobs(tmp_path) != []


def test_a_killed_client_leaves_nothing_running_there(machine: FarMachine, options: Options, home: Path) -> None:
    process = begin_lingering(machine, options, home)
    process.kill()
    process.communicate(timeout=10)
    until(lambda: not machine.processes_there(), "nothing runs there any more")


def test_a_line_cut_while_results_come_home_goes_on_where_it_was(
    machine: FarMachine, options: Options, home: Path, tmp_path: Path
) -> None:
    size = 30_000_000
    machine.slow_down()
    process = machine.begin("write", str(size), cwd=home, options=options)

    def partial() -> Path | None:
        return next(iter(home.glob("runs/.one.*.part/capture.pcapng")), None)

    until(lambda: (found := partial()) and found.stat().st_size > 0, "the capture is on its way")
    machine.cut()
    try:
        found = partial()
        assert found is not None, "the line was cut too late"
        assert process.stderr is not None
        seen = ""
        give_up = threading.Timer(far_machine.WAIT_S_MAX, process.kill)
        give_up.daemon = True
        give_up.start()
        while "going on" not in seen:
            line = process.stderr.readline()
            assert line, f"ended without going on: {seen}"
            seen += line
        give_up.cancel()
        assert not (home / "runs/one").exists(), "half a run directory"
        assert "Traceback" not in seen
        arrived = found.stat().st_size
        assert 0 < arrived < size
    finally:
        machine.heal()
        machine.speed_up()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert (home / "runs/one/capture.pcapng").stat().st_size == size
    assert jobs(tmp_path) == []
    assert sorted(path.name for path in (home / "runs").iterdir()) == ["one"]


def test_a_line_cut_while_a_file_is_sent_is_reported(
    machine: FarMachine, options: Options, home: Path, tmp_path: Path
) -> None:
    """The system alone would retry for a quarter of an hour, and report nothing meanwhile."""
    big = tmp_path / "big.toml"
    big.write_bytes(b"x" * 30_000_000)
    machine.slow_down()
    process = machine.begin("cat", big, cwd=home, options=options)
    try:
        arriving = "far/jobs/*/inputs/1/big.toml"
        until(lambda: any(path.stat().st_size for path in tmp_path.glob(arriving)), "it is on its way")
        machine.cut()
        try:
            _, said = process.communicate(timeout=20)
        finally:
            machine.heal()
            process.kill()
    finally:
        machine.speed_up()
    assert process.returncode == 4, said
    assert "the connection broke while" in said
    assert "Traceback" not in said


def test_what_arrived_damaged_is_fetched_again(
    machine: FarMachine, options: Options, home: Path, tmp_path: Path
) -> None:
    """A file left by an earlier attempt has the right size and wrong content: only a digest shows it."""
    process = begin_lingering(machine, options, home)
    process.kill()
    process.communicate(timeout=10)
    until(lambda: not machine.processes_there(), "nothing runs there any more")
    (job,) = jobs(tmp_path)
    partial = home / f"runs/.one.{job}.part"
    partial.mkdir(parents=True)
    (partial / "run.json").write_text("INTERRUPTED")
    (partial / "stranger").write_text("from another time")
    done = machine.remote("fetch", cwd=home, options=options)
    assert done.returncode == 0, done.stderr
    assert (home / "runs/one/run.json").read_text() == "interrupted"
    assert not (home / "runs/one/stranger").exists()


def test_a_full_disk_there_is_said_and_leaves_nothing_half(machine: FarMachine, home: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    machine.there("mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(small))
    done = machine.remote("prepare", cwd=home, options=("--far-folder", small, "--setup", "true"))
    assert done.returncode == 4
    assert "not enough disk space on the remote machine" in done.stderr
    assert "--far-folder" in done.stderr
    assert machine.there("find", str(small), "-type", "f") == ""


def test_a_disk_that_fills_while_a_file_is_sent_is_said(
    machine: FarMachine, options: Options, home: Path, tmp_path: Path
) -> None:
    small = tmp_path / "far"
    small.mkdir()
    machine.there("mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(small))
    big = tmp_path / "big.toml"
    big.write_bytes(b"x" * 3_000_000)
    done = machine.remote("cat", big, cwd=home, options=options)
    assert done.returncode == 4
    assert "is its disk full?" in done.stderr
