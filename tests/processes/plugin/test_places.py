"""How many labs there are at once, over all processes; a process that waits gets one, and no time limit runs
meanwhile."""

from __future__ import annotations

import fcntl
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from herzschlag.plugin.places import LABS, Place, places
from tests.support.inner_pytest import ROOT, on_stand_ins, start_on_stand_ins
from tests.support.waiting import until

DEADLINE_S = 60.0


def queued(folder: Path) -> bool:
    """Whether a process is in the queue."""
    with (folder / "queue").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def waiter(folder: Path, word: str, *, alone: bool = False) -> subprocess.Popen[str]:
    """A process that waits for a place, says its word, and gives it back when it is told to end."""
    program = (
        "import sys; from pathlib import Path; from herzschlag.plugin.places import Place\n"
        f"place = Place.wait(Path(sys.argv[1]), alone={alone}); print(sys.argv[2], flush=True); sys.stdin.read()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(folder), word],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LABS, "1")


# --- the number -------------------------------------------------------------------------------------------------------


def test_one_lab_a_processor_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(LABS, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5})
    assert places(tmp_path, tmp_path / "none") == (3, "one a processor, of which there are 3")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {7})
    assert places(tmp_path, tmp_path / "none") == (1, "one a processor, of which there is 1")


@pytest.mark.parametrize(
    ("quota", "number"),
    [
        ("150000 100000", 1),
        ("200000 100000", 2),
        ("50000 100000", 1),
        ("900000 100000", 4),
        ("max 100000", 4),
        ("?", 4),
    ],
)
def test_a_containers_quota_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quota: str, number: int) -> None:
    """A container shows all processors of its machine, and may use a part of them."""
    monkeypatch.delenv(LABS, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3})
    (tmp_path / "groups" / "a" / "b").mkdir(parents=True)
    (tmp_path / "groups" / "a" / "cpu.max").write_text(f"{quota}\n")
    (tmp_path / "own").write_text("0::/a/b\n")
    found = places(tmp_path / "groups", tmp_path / "own")
    assert found.number == number
    assert ("quota" in found.because) == (number != 4)


def test_the_header_says_how_many_and_why(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile("def test_it(): pass")
    monkeypatch.delenv(LABS, raising=False)
    count = places().number
    says = f"herzschlag: cluster on mininet; at most {count} labs at once: one a processor, *({LABS} changes it)"
    pytester.runpytest_inprocess().stdout.fnmatch_lines([says])
    monkeypatch.setenv(LABS, "7")
    pytester.runpytest_inprocess("--herzschlag-backend", "mininet,simulation").stdout.fnmatch_lines(
        ["herzschlag: cluster on mininet, simulation; at most 7 labs at once: HERZSCHLAG_LABS says so *"]
    )


@pytest.mark.parametrize("word", ["0", "two", "-1", ""])
def test_a_wrong_number_is_refused(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    pytester.makepyfile("def test_it(): pass")
    monkeypatch.setenv(LABS, word)
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*HERZSCHLAG_LABS={word!r}: say a whole number from 1 on*"])


# --- the places -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_place")
def test_a_place_is_free_again_when_its_process_is_killed(tmp_path: Path) -> None:
    first = waiter(tmp_path, "first")
    assert first.stdout is not None and first.stdout.readline() == "first\n"
    second = waiter(tmp_path, "second")
    until(lambda: queued(tmp_path), "a process waits")
    first.kill()
    assert second.stdout is not None and second.stdout.readline() == "second\n"
    for process in (first, second):
        process.communicate("")


@pytest.mark.usefixtures("one_place")
def test_a_process_that_gives_a_place_back_queues_behind_those_that_wait(tmp_path: Path) -> None:
    """Otherwise a process with many tests would never let another one in."""
    mine = Place.wait(tmp_path)
    other = waiter(tmp_path, "other")
    until(lambda: queued(tmp_path), "a process waits")
    mine.free()
    again = waiter(tmp_path, "again")
    assert other.stdout is not None and other.stdout.readline() == "other\n"
    assert again.poll() is None
    other.communicate("")
    assert again.stdout is not None and again.stdout.readline() == "again\n"
    again.communicate("")


@pytest.mark.usefixtures("one_place")
def test_who_has_a_place_sees_how_long_others_wait(tmp_path: Path) -> None:
    mine = Place.wait(tmp_path)
    assert not mine.wanted(0.0)
    other = waiter(tmp_path, "other")
    until(lambda: mine.wanted(0.0), "a process has begun to wait")
    assert not mine.wanted(1000.0)
    until(lambda: mine.wanted(0.3), "a process has waited a while")
    mine.free()
    other.communicate("")
    assert other.returncode == 0


def test_who_wants_to_be_alone_waits_for_all_and_keeps_everybody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LABS, "2")
    first, second = Place.wait(tmp_path), Place.wait(tmp_path)
    alone = waiter(tmp_path, "alone", alone=True)
    until(lambda: queued(tmp_path), "it waits")
    later = waiter(tmp_path, "later")
    first.free()
    assert alone.stdout is not None and later.stdout is not None
    assert not select.select([alone.stdout, later.stdout], [], [], 0.3)[0], "one place is not all of them"
    second.free()
    assert alone.stdout.readline() == "alone\n"
    assert not select.select([later.stdout], [], [], 0.3)[0], "it is alone"
    alone.communicate("")
    assert later.stdout.readline() == "later\n"
    later.communicate("")


# --- pytest processes -------------------------------------------------------------------------------------------------

SLOT_USERS = """
import time
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(6))
@pytest.mark.herzschlag(hosts=2)
def test_it(cluster, number):
    began_s = time.monotonic()
    deadline_s = began_s + 0.1
    while time.monotonic() < deadline_s:
        pass
    Path(f"span-{number}").write_text(f"{began_s} {time.monotonic()}")
"""


@pytest.mark.parametrize("at_once", [1, 2])
def test_workers_have_no_more_labs_at_once_than_there_are_places(pytester: pytest.Pytester, at_once: int) -> None:
    result = on_stand_ins(pytester, SLOT_USERS, "-n", "3", HERZSCHLAG_LABS=str(at_once))
    result.assert_outcomes(passed=6)
    spans = [tuple(map(float, path.read_text().split())) for path in pytester.path.glob("span-*")]
    assert len(spans) == 6
    most = max(sum(other[0] <= span[0] < other[1] for other in spans) for span in spans)
    assert 1 <= most <= at_once


def test_waiting_for_a_place_is_not_part_of_a_tests_time(pytester: pytest.Pytester) -> None:
    """Time limits (faulthandler_timeout here) run while a test runs, and a busy machine fails no test."""
    folder = pytester.path / f"herzschlag-labs-{os.getuid()}"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LABS, "1")
        mine = Place.wait(folder)
    inner = start_on_stand_ins(
        pytester.path,
        "def test_it(cluster): pass\n",
        *("-o", "faulthandler_timeout=2", "--durations=0", "-vv"),
        HERZSCHLAG_LABS="1",
    )
    until(lambda: queued(folder), "the test waits")
    began_s = time.monotonic()
    until(lambda: time.monotonic() > began_s + 3.0, "it has waited longer than its limit")
    waited_s = time.monotonic() - began_s
    mine.free()
    output, _ = inner.communicate(timeout=DEADLINE_S)
    assert inner.returncode == 0, output
    assert "Timeout" not in output
    setup_s = next(float(found[1]) for line in output.splitlines() if (found := re.match(r"([\d.]+)s setup", line)))
    assert setup_s < waited_s, "its setup counts what it waited"


def test_a_lab_is_not_kept_when_others_have_waited_for_long(pytester: pytest.Pytester) -> None:
    """Many tests of one topology in one process would keep all others waiting until the last of them."""
    code = """
import os, subprocess, sys, tempfile
from pathlib import Path
from herzschlag.plugin.places import Place

WAITS = "from herzschlag.plugin.places import Place; Place.wait()"
Place.wanted.__defaults__ = (0.0,)
others = []

def folder():
    return Path(tempfile.gettempdir()) / f"herzschlag-labs-{os.getuid()}"

def test_1(cluster): pass

def test_2(cluster):
    others.append(subprocess.Popen([sys.executable, "-c", WAITS]))
    while not Place(None, folder()).wanted():
        assert others[0].poll() is None

def test_3(cluster):
    assert others[0].wait(20) == 0
"""
    result = on_stand_ins(pytester, code, HERZSCHLAG_LABS="1")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["herzschlag: 3 tests on real packets, 2 labs brought up, 1 used again"])
