"""The plugin on real packets, as users install it: the tutorial on both backends, labs used again only when clean, a
failure with its packets, workers side by side."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

import pytest

from herzschlag.history.capture_facts import CAPTURE_FILE
from herzschlag.plugin.places import Place
from herzschlag.topo.capture import pcapng
from tests.support import tutorial
from tests.support.inner_pytest import ROOT, TELL_LABS

pytestmark = pytest.mark.packets

WORDS = ("-p", "no:cacheprovider", "-p", "no:pytester", "--strict-markers", "-W", "error")
INSIDE = f"""
import subprocess, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.support.lab_processes import outer_pid

# Not --all: the cgroup namespace is the machine's. Not new credentials: a user namespace of an ordinary user has one.
OURS = ["--user", "--mount", "--net", "--pid", "--ipc", "--uts", "--preserve-credentials"]

def inside(cluster, node, *words):
    subprocess.run(
        ["nsenter", "--target", str(outer_pid(cluster.session.inner, node)), *OURS, *words],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
"""


def run(pytester: pytest.Pytester, code: str, *words: str) -> pytest.RunResult:
    pytester.makeconftest(TELL_LABS)
    pytester.makepyfile(test_users=code)
    return pytester.runpytest_subprocess(*WORDS, *words)


def labs(result: pytest.RunResult) -> dict[str, str]:
    told = [line.split(" ", 2)[1:] for line in result.outlines if line.startswith("LAB ")]
    return {test.removesuffix("[mininet]"): value for test, value in told}


@pytest.mark.parametrize("name", [name for name in tutorial.files() if name.startswith("test_")])
def test_the_tutorial_does_what_it_says_on_both_backends(pytester: pytest.Pytester, name: str) -> None:
    tutorial.write(pytester.path)
    result = pytester.runpytest_subprocess(*WORDS, "--herzschlag-backend", "mininet,simulation", name)
    tests = tutorial.files()[name].count("\ndef test_")
    result.assert_outcomes(**({"failed": 2 * tests} if name == "test_fails.py" else {"passed": 2 * tests}))
    assert {path.name.rpartition("-")[2] for path in pytester.path.glob("runs/pytest/*")} == {"mininet", "simulation"}


def test_what_no_record_tells_keeps_a_lab_from_being_used_again(pytester: pytest.Pytester) -> None:
    """A user went into the lab without the plugin and left something: the next test must not find it."""
    code = f"""{INSIDE}
def test_1_leaves_nothing(cluster):
    cut = cluster.cut("host-98", "host-99")
    cluster.advance(5)
    cluster.heal(cut)
    cluster.advance(3)

def test_2_leaves_a_route(cluster):
    inside(cluster, "host-98", "ip", "route", "add", "blackhole", "10.0.0.0/8")

def test_3_leaves_a_process(cluster):
    inside(cluster, "host-98", "sh", "-c", "sleep 1000 &")

def test_4_leaves_a_file(cluster):
    inside(cluster, "host-98", "touch", "/datastores/vmfs-1/left-behind")

def test_5_finds_no_file(cluster):
    inside(cluster, "host-98", "test", "!", "-e", "/datastores/vmfs-1/left-behind")
"""
    result = run(pytester, code)
    result.assert_outcomes(passed=5)
    told = labs(result)
    assert told["test_1_leaves_nothing"] == "new"
    assert told["test_2_leaves_a_route"] == "used again"
    assert told["test_3_leaves_a_process"] == "new: network of host-98: new is 'blackhole 10.0.0.0/8'"
    assert told["test_4_leaves_a_file"].startswith("new: processes: new is ")
    assert told["test_5_finds_no_file"] == "new: files of vmfs-1: new is 'left-behind'"
    result.stdout.fnmatch_lines(["herzschlag: 5 tests on real packets, 4 labs brought up, 1 used again"])


def test_a_capture_holds_the_packets_of_its_own_test_alone(pytester: pytest.Pytester) -> None:
    code = """
def test_1(cluster): cluster.advance(20)
def test_2(cluster): cluster.advance(5)
"""
    result = run(pytester, code)
    result.assert_outcomes(passed=2)
    assert labs(result) == {"test_1": "new", "test_2": "used again"}
    first, second = sorted(pytester.path.glob("runs/pytest/*"))
    packets = [pcapng.read(run / CAPTURE_FILE).packets for run in (first, second)]
    assert packets[0][-1].at_ns < packets[1][0].at_ns
    assert all(len(found) > 10 for found in packets)
    assert (second / "log").is_dir()


def test_a_death_in_the_harness_fails_the_test_as_unknown(pytester: pytest.Pytester) -> None:
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.support.lab_processes import outer_pid

def test_it(cluster):
    os.kill(outer_pid(cluster.session.inner, "controller"), signal.SIGKILL)
    cluster.advance(30)

def test_next(cluster):
    assert cluster.master == "host-99"
"""
    result = run(pytester, code)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["unknown: controller: *", "verdict:  unknown (*"])
    (directory,) = [path.parent for path in pytester.path.glob("runs/pytest/*test_it*/run.json")]
    assert json.loads((directory / "run.json").read_text())["verdict"] == "unknown"


def test_nothing_is_left_of_an_interrupted_session(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C in the middle of a test, no process or folder is left and no place stays taken."""
    code = """
import os, signal
from pathlib import Path

def test_1(cluster):
    Path("pid").write_text(str(cluster.session.inner.sandbox_pid))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    os.kill(os.getpid(), signal.SIGINT)
    cluster.advance(600)
"""
    with Place.wait():  # the run below has its own folder for places as well
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        result = run(pytester, code)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert not Path(f"/proc/{(pytester.path / 'pid').read_text()}").exists()
    assert list(tmp_path.glob("herzschlag-labs-*/herzschlag-lab-*")) == []
    (places,) = tmp_path.glob("herzschlag-labs-*")
    with (places / "0").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.takes(19)
def test_four_workers_share_the_places(pytester: pytest.Pytester) -> None:
    code = """
import pytest

@pytest.mark.parametrize("number", range(6))
def test_it(cluster, number):
    cut = cluster.cut("host-98", "host-99")
    cluster.advance(6)
    cluster.heal(cut)
    cluster.wait_for_record("path", node="host-99", host="host-98", network="A", to="up", within_s=10)
"""
    result = run(pytester, code, "-n", "4", "--dist", "worksteal")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["herzschlag: 6 tests on real packets, *"])
