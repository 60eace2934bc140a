"""The end of a test: verdicts that fail it, and all that a user needs to understand and repeat a failure."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from herzschlag.checkers.rules import fault_in_effect
from herzschlag.plugin import pause
from herzschlag.plugin.labs import LENT
from herzschlag.running.conductor import Conductor, NotReady
from tests.support.inner_pytest import in_virtual_time

FAILS = """
def test_wrong_guess(cluster):
    cluster.power_off("host-98")
    cluster.advance(20)
    assert cluster.state_of("host-98") == "connectedToMaster"
"""


def line_of(result: pytest.RunResult, word: str) -> str:
    found = [line.removeprefix(f"{word}:").strip() for line in result.outlines if line.startswith(f"{word}:")]
    assert len(found) == 1, f"{word}: {found}"
    return found[0]


def test_a_failing_test_prints_all_that_is_needed_to_understand_it(pytester: pytest.Pytester) -> None:
    result = in_virtual_time(pytester, FAILS)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*assert 'hostDown' == 'connectedToMaster'*",
            "*Captured herzschlag simulation call*",
            "now:      T+20.00 s: host-99 leads host-100; host-98 off (vCenter shows host-98 as hostDown)",
            "in force: '1 power-off' (host-98 has no power)",
            "*T+0.00 s  fault begins: host-98 has no power",
            "*T+17.99 s  vCenter shows host-98 as failed*",
            "verdict:  holds (every check holds)",
        ]
    )
    run = Path(line_of(result, "run"))
    assert json.loads((run / "run.json").read_text())["verdict"] == "holds"
    assert (run / "history.jsonl").stat().st_size > 1000
    report = Path(line_of(result, "report"))
    assert report == run / "report.html"
    assert "hostDown" in report.read_text()


def test_the_line_that_repeats_a_failure_repeats_it(pytester: pytest.Pytester) -> None:
    """The test again with its cluster as it was, from where pytest was called; and its faults without the test."""
    folder = pytester.mkpydir("below the rest")
    (folder / "test_parts.py").write_text(
        FAILS.replace("(cluster)", "(cluster, word)").replace(
            "def", "import pytest\n@pytest.mark.parametrize('word', ['a b ü'])\ndef"
        )
    )
    words = ("--herzschlag-backend", "simulation", "-p", "no:cacheprovider")
    result = pytester.runpytest_inprocess(*words)
    result.assert_outcomes(failed=1)
    again = shlex.split(line_of(result, "again"))
    assert again[:3] == ["python", "-m", "pytest"]
    done = subprocess.run([sys.executable, *again[1:]], cwd=pytester.path, capture_output=True, text=True, check=False)
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert "assert 'hostDown' == 'connectedToMaster'" in done.stdout
    faults = shlex.split(line_of(result, "faults"))
    assert faults[:2] == ["herzschlag", "run"]
    played = subprocess.run(
        [sys.executable, "-m", *faults, "--out", "again"],
        cwd=pytester.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr


def test_a_condition_that_is_not_met_shows_what_happened_instead_once(pytester: pytest.Pytester) -> None:
    code = """
def test_it(cluster):
    cluster.power_off("host-98")
    cluster.wait_for(lambda: cluster.role("host-98") == "master", within_s=25, what="host-98 leads")
"""
    result = in_virtual_time(pytester, code)
    result.assert_outcomes(failed=1)
    head = "*herzschlag.ConditionNotMet: host-98 leads did not come true within 25 s: *, and * is 'off'"
    result.stdout.fnmatch_lines([head, "E*now:*T+25.00 s: *", "E*T+0.00 s  fault begins*", "E*sees host-98 as failed*"])
    # Behind it pytest's summary holds the error's text again where it is not cut to a line, as in CI.
    body = result.outlines[: next(i for i, line in enumerate(result.outlines) if "short test summary" in line)]
    told = [line for line in body if "vCenter shows host-98 as failed" in line]
    assert len(told) == 1, "the story is there once"
    assert not any("run_until" in line or "by_hand/" in line for line in body), "no line of the library is in the way"


def lines_of_ours(result: pytest.RunResult) -> list[str]:
    """What the plugin printed of one failed test: the error's text, and the section of captured texts."""
    begin = next(i for i, line in enumerate(result.outlines) if "= FAILURES =" in line)
    end = next(i for i, line in enumerate(result.outlines) if "short test summary" in line)
    body = result.outlines[begin:end]
    sections = [i for i, line in enumerate(body) if "Captured herzschlag" in line]
    assert len(sections) == 1
    of_ours = any("ConditionNotMet" in line for line in body)  # else the first lines are pytest's
    return [*(line for line in body if of_ours and line.startswith("E   ")), *body[sections[0] + 1 :]]


@pytest.mark.parametrize(
    "last",
    [
        "assert cluster.state_of('host-98') == 'connectedToMaster'",
        "cluster.wait_running('vm-98-1', elsewhere_than='host-100', within_s=2)",
        "cluster.stays(lambda: cluster.where('vm-98-1') == ['host-99'], for_s=3)",
        "raise AttributeError('mine')",
    ],
)
def test_a_failure_takes_fifteen_lines_whatever_happened(pytester: pytest.Pytester, last: str) -> None:
    """State, faults in force, what happened since the first one; nothing of the election before it."""
    code = f"""
import pytest

@pytest.mark.herzschlag(hosts=4, vms_per_host=2)
def test_it(cluster):
    for _ in range(4):
        cluster.heal(cluster.split(["host-98", "host-99"], ["host-100", "host-101"]))
        cluster.advance(3)
    cluster.power_off("host-98")
    cluster.isolate("host-101")
    cluster.advance(90)
    {last}
"""
    result = in_virtual_time(pytester, code)
    result.assert_outcomes(failed=1)
    lines = lines_of_ours(result)
    assert len(lines) <= 15, "\n".join(lines)
    told = " ".join(lines)
    for word in ("now: ", "VMs: ", "in force: '5 power-off'", "'6 isolate'", "T+0.00 s", "verdict: ", "again: "):
        assert word in told
    assert "T-" not in told and "locks" not in told


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("cluster.power_off('host-97')", "'host-97' is not a host of this lab: did you mean 'host-9*"),
        ("cluster.fault('isolat', host='host-98')", "no fault is called 'isolat': did you mean 'isolate'?"),
        ("cluster.fault('isolate', hots='host-98')", "hots: unknown key: did you mean 'host'?"),
        ("cluster.begin(faults.PowerOff(host=98))", "host: is 98: a text in quotes or a list is wanted"),
        ("cluster.fault('vm-crash', vm='vm-9')", "'vm-9' is not a VM of this cluster: *"),
        ("cluster.heal('1 power-of')", "no fault '1 power-of' is active: *"),
        ("cluster.role('host-5')", "'host-5' is not a host of this cluster: did you mean *"),
        ("cluster.wait_for_record('role', to='mastr', within_s=1)", "*never 'mastr': did you mean 'master'?"),
        (
            "cluster.stays(lambda: cluster.role('host-98') != 'mastr', for_s=5)",
            "'mastr' is not a role: did you mean 'master'?",
        ),
        ("cluster.stays(lambda: cluster.where('vm-9') == [], for_s=5)", "'vm-9' is not a VM of this cluster: *"),
    ],
)
def test_a_wrong_name_is_told_in_one_line_without_frames_of_ours(
    pytester: pytest.Pytester, line: str, says: str
) -> None:
    """Answers to such questions would be right and mean nothing."""
    result = in_virtual_time(pytester, f"from herzschlag import faults\n\ndef test_it(cluster):\n    {line}\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E *Error*: {says}"])
    text = result.stdout.str()
    assert "During handling" not in text and "herzschlag/" not in text.partition("Captured herzschlag")[0]
    whole = in_virtual_time(
        pytester, f"def test_it(cluster):\n    {line.replace('faults.', 'cluster.')}\n", "--full-trace"
    )
    assert "herzschlag/" in whole.stdout.str().partition("Captured herzschlag")[0], "who asks for all gets all"


def test_an_error_of_a_users_fixture_has_no_frames_of_ours(pytester: pytest.Pytester) -> None:
    code = """
import pytest

@pytest.fixture
def broken(cluster):
    cluster.power_off("host-97")

def test_it(broken): pass
"""
    result = in_virtual_time(pytester, code)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(['>*cluster.power_off("host-97")', "E *'host-97' is not a host of this lab: *"])
    assert "herzschlag/" not in result.stdout.str()


def test_an_error_of_our_own_keeps_its_frames(pytester: pytest.Pytester) -> None:
    code = """
from herzschlag.running.record_cursor import Present

def test_it(cluster, monkeypatch):
    monkeypatch.setattr(Present, "role", lambda self, host: {}[host])
    cluster.master
"""
    result = in_virtual_time(pytester, code)
    assert "by_hand/asking.py" in result.stdout.str()


def test_a_traceback_shows_the_cluster_in_a_line(pytester: pytest.Pytester) -> None:
    result = in_virtual_time(pytester, FAILS)
    line = "cluster = <Cluster simulation T+20.0 s: host-99 leads host-100; host-98 off; fault '1 power-off'>"
    result.stdout.fnmatch_lines([line])


def test_a_violation_fails_a_test_that_saw_nothing(pytester: pytest.Pytester) -> None:
    """This is the plugin's purpose: agents that break a rule fail tests that never asked about it."""
    pytester.makeconftest(f"""
        import sys
        import pytest
        sys.path.insert(0, {str(Path(__file__).parents[3])!r})

        @pytest.fixture(autouse=True)
        def broken():
            from tests.planted import FAULTS
            from tests.planted.plant import in_place
            fault = next(f for f in FAULTS if f.name == "partitioned is dead")
            with in_place(fault):
                yield
    """)
    code = """
import pytest

@pytest.mark.herzschlag(hosts=4, vms_per_host=1)
def test_it(cluster):
    cluster.split(["host-98", "host-99"], ["host-100", "host-101"])
    cluster.advance(60)
"""
    result = in_virtual_time(pytester, code)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["violated: *", "verdict:  violated (*", "FAILED *violated: *"])
    assert sum(line.startswith("verdict:") for line in result.outlines) == 1


@pytest.fixture
def slaves_should_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slaves send each other no heartbeats. Told that they do, a checker takes a cut between them for one that proves
    nothing, since no packet met it."""
    monkeypatch.setattr(fault_in_effect, "_should_have_met", lambda *_: "host-98 sent to host-100")


@pytest.mark.usefixtures("slaves_should_speak")
def test_unknown_fails_a_test_with_its_own_word(pytester: pytest.Pytester) -> None:
    """A cut that no packet met must not pass for a test."""
    code = """
def test_it(cluster):
    cluster.cut("host-98", "host-100")
    cluster.advance(10)
"""
    result = in_virtual_time(pytester, code)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["unknown: fault-in-effect: *no packet met the cut*", "FAILED *unknown: *"])


def test_a_cluster_that_never_gets_ready_is_unknown(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: Conductor) -> None:
        raise NotReady("the cluster still waits for a single master")

    monkeypatch.setattr(Conductor, "wait_ready", never)
    result = in_virtual_time(pytester, "def test_it(cluster): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["unknown: the cluster never became ready: the cluster still waits for a single master*"]
    )


def test_what_a_backend_cannot_do_skips_the_test_with_the_reason(pytester: pytest.Pytester) -> None:
    code = """
from herzschlag.backends.base import BackendUnavailable, Missing

def test_it(cluster):
    raise BackendUnavailable(Missing("sch_netem", "boot another kernel"))
"""
    result = in_virtual_time(pytester, code, "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*sch_netem is missing: boot another kernel"])


@pytest.mark.usefixtures("slaves_should_speak")
def test_both_fixtures_in_one_test_are_both_judged(pytester: pytest.Pytester) -> None:
    code = """
def test_it(cluster, simulation):
    cluster.advance(1)
    simulation.cut("host-98", "host-100")
    simulation.advance(10)
"""
    result = in_virtual_time(pytester, code)
    result.assert_outcomes(failed=1)
    assert len({path.parent for path in pytester.path.glob("runs/pytest/*/run.json")}) == 2


def test_every_test_leaves_a_run_directory_of_its_own(pytester: pytest.Pytester) -> None:
    """Names that differ in a character that no file name may have, or only at their far end, must not share one."""
    code = f"""
import pytest

@pytest.mark.parametrize("word", ["a/b", "a-b", "a b", "{"x" * 300}1", "{"x" * 300}2"])
def test_it(cluster, word):
    cluster.advance(1)
"""
    in_virtual_time(pytester, code).assert_outcomes(passed=5)
    assert len(list(pytester.path.glob("runs/pytest/*/run.json"))) == 5


def test_what_an_earlier_session_left_is_gone(pytester: pytest.Pytester) -> None:
    in_virtual_time(pytester, FAILS).assert_outcomes(failed=1)
    (run,) = pytester.path.glob("runs/pytest/*")
    assert (run / "report.html").exists()
    in_virtual_time(pytester, FAILS.replace("connectedToMaster", "hostDown")).assert_outcomes(passed=1)
    assert list(pytester.path.glob("runs/pytest/*")) == [run]
    assert not (run / "report.html").exists()


def test_run_directories_go_where_they_are_told(pytester: pytest.Pytester) -> None:
    in_virtual_time(pytester, FAILS, "--herzschlag-runs", "elsewhere").assert_outcomes(failed=1)
    assert [path.name for path in pytester.path.glob("elsewhere/*")] == ["test_users.py-test_wrong_guess-simulation"]
    assert not (pytester.path / "runs").exists()


def test_a_users_own_skip_and_expected_failure_stay_what_they_are(pytester: pytest.Pytester) -> None:
    code = """
import pytest

def test_skips(cluster):
    pytest.skip("not today")

@pytest.mark.xfail(strict=True)
def test_fails(cluster):
    assert False

@pytest.mark.skip
def test_never(cluster):
    pass
"""
    in_virtual_time(pytester, code).assert_outcomes(skipped=2, xfailed=1)


@pytest.mark.usefixtures("slaves_should_speak")
def test_pausing_happens_once_a_failure_and_never_else(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the cluster alive, whether the test failed, a checker spoke, or nothing was proved."""
    paused: list[str] = []
    monkeypatch.setattr(pause, "pause", lambda item: paused.append(f"{item.name} {item.stash[LENT][0].cluster.master}"))
    code = """
import pytest

def test_passes(cluster): pass
def test_skips(cluster): pytest.skip("not today")
def test_fails(cluster): assert False
def test_proves_nothing(cluster):
    cluster.cut("host-98", "host-100")
    cluster.advance(10)
"""
    in_virtual_time(pytester, code, "--herzschlag-pause").assert_outcomes(passed=1, skipped=1, failed=2)
    assert paused == ["test_fails[simulation] host-99", "test_proves_nothing[simulation] host-99"]


def test_a_run_directory_that_cannot_be_written_is_our_failure_and_not_the_tests(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line in place of a traceback through the plugin; and where the test fails as well, its own error stays."""
    monkeypatch.setattr("tempfile.tempdir", str(pytester.mkdir("temporary")))
    pytester.makefile(".txt", occupied="a file")
    code = """
def test_passes(cluster): pass
def test_fails(cluster): assert cluster.master == "host-7"
"""
    result = in_virtual_time(pytester, code, "--herzschlag-runs", "occupied.txt/runs")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*herzschlag itself failed: *Not a directory: choose another place (traceback: *"])
    result.stdout.fnmatch_lines(["E*assert*'host-99' == 'host-7'*"])
    assert "NotADirectoryError" not in result.stdout.str()
    assert len(list((pytester.path / "temporary").glob("herzschlag-failure-*.txt"))) == 2
