"""The reuse of labs: the next test gets one only if it is as clean as new. Labs are simulated here; those of
tests/lab/test_plugin.py are real."""

from __future__ import annotations

import pytest

from tests.support.inner_pytest import TELL_LABS, on_stand_ins

CLEAN = """
import pytest

pytestmark = pytest.mark.herzschlag(vms_per_host=1)

def is_new(cluster):
    assert cluster.now_s < 1
    assert (cluster.master, cluster.slaves) == ("host-99", ["host-98", "host-100"])
    assert not cluster.active
    assert {vm: cluster.where(vm) for vm in ("vm-98-1", "vm-99-1", "vm-100-1")} == {
        "vm-98-1": ["host-98"], "vm-99-1": ["host-99"], "vm-100-1": ["host-100"]}
    assert {cluster.state_of(host) for host in cluster.slaves} == {"connectedToMaster"}
    assert [r.kind for r in cluster.records if r.kind in ("restart", "isolation", "mastership")] == []
    assert not any(text for place, text in cluster.session.look().items() if place == "conditions")
    cluster.stays(lambda: len(cluster.slaves) == 2, for_s=20)
"""
LEAVERS = {
    "leaves_as_found": "cluster.advance(5)",
    "cuts_and_heals": "cluster.cut('host-98', 'host-99'); cluster.advance(6); cluster.heal_all(); cluster.advance(6)",
    "leaves_a_cut": "cluster.cut('host-98', 'host-99'); cluster.advance(6)",
    "partitions_and_heals": (
        "cut = cluster.split(['host-98'], ['host-99', 'host-100']); cluster.advance(70); cluster.heal(cut); "
        "cluster.advance(60)"
    ),
    "leaves_a_host_off": "cluster.power_off('host-98'); cluster.advance(30)",
    "moves_a_vm": "off = cluster.power_off('host-98'); cluster.advance(60); cluster.heal(off); cluster.advance(60)",
    "crashes_an_agent": "cluster.fault('crash-agent', host='host-98'); cluster.advance(60)",
    "crashes_the_master": "cluster.fault('crash-agent', host='host-99'); cluster.advance(60)",
    "crashes_a_vm": "cluster.fault('vm-crash', vm='vm-98-1'); cluster.advance(60)",
    "takes_storage": "cluster.take_storage('host-98', 'vmfs-1'); cluster.advance(10)",
    "fails": "cluster.cut('host-98', 'host-99'); cluster.advance(6); raise ValueError('on purpose')",
    "proves_nothing": (
        "from herzschlag.checkers.rules import fault_in_effect; fault_in_effect._should_have_met = lambda *_: 'one'; "
        "cluster.cut('host-98', 'host-100'); cluster.advance(6); cluster.heal_all()"
    ),
    "reconfigures": (
        "it = cluster.fault('reconfigure', options={'host_monitoring': False}); cluster.advance(5); cluster.heal(it); "
        "cluster.advance(5)"
    ),
}
FIT = {"leaves_as_found", "cuts_and_heals"}
"""After these the next test may have the same lab; after any other it must not."""


def labs(result: pytest.RunResult) -> dict[str, str]:
    """Each test with what the plugin said about its lab."""
    told = [line.split(" ", 2)[1:] for line in result.outlines if line.startswith("LAB ")]
    return {test.removesuffix("[mininet]"): value for test, value in told}


def run(pytester: pytest.Pytester, code: str, *words: str) -> pytest.RunResult:
    (pytester.path / "summary.py").write_text(TELL_LABS)
    return on_stand_ins(pytester, code, "-p", "summary", *words)


def test_whatever_a_test_does_the_next_one_finds_a_new_cluster(pytester: pytest.Pytester) -> None:
    code = CLEAN
    for number, (name, body) in enumerate(LEAVERS.items()):
        code += f"\ndef test_{number}_{name}(cluster):\n    {body}\n"
        code += f"\ndef test_{number}_after_{name}(cluster):\n    is_new(cluster)\n"
    result = run(pytester, code)
    result.assert_outcomes(passed=2 * len(LEAVERS) - 2, failed=2)
    lab = labs(result)
    again = {name for number, name in enumerate(LEAVERS) if lab[f"test_{number}_after_{name}"] == "used again"}
    assert again == FIT, lab


def test_a_test_that_wants_another_cluster_gets_another(pytester: pytest.Pytester) -> None:
    code = """
import pytest

def test_1(cluster): pass
def test_2(cluster): pass
@pytest.mark.herzschlag(hosts=4)
def test_3(cluster): assert len(cluster.hosts) == 4
@pytest.mark.herzschlag(seed=1)
def test_4(cluster): assert len(cluster.hosts) == 3
@pytest.mark.herzschlag(seed=1, speed=20)
def test_5(cluster): assert cluster.plan.speed == 20
@pytest.mark.herzschlag(seed=1, speed=20)
def test_6(cluster): pass
"""
    result = run(pytester, code)
    result.assert_outcomes(passed=6)
    assert labs(result) == {
        "test_1": "new",
        "test_2": "used again",
        "test_3": "new",
        "test_4": "new",
        "test_5": "new",
        "test_6": "used again",
    }
    result.stdout.fnmatch_lines(["herzschlag: 6 tests on real packets, 4 labs brought up, 2 used again"])


def test_a_test_that_wants_to_be_alone_has_every_place(pytester: pytest.Pytester) -> None:
    """And the test after it has one again: another process may go on."""
    code = """
import fcntl, os, tempfile
from pathlib import Path
import pytest

def taken():
    folder, found = Path(tempfile.gettempdir()) / f"herzschlag-labs-{os.getuid()}", 0
    for number in range(3):
        with (folder / str(number)).open("a") as place:
            try: fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError: found += 1
    return found

def test_1(cluster): assert taken() == 1
@pytest.mark.herzschlag(alone=True)
def test_2(cluster): assert taken() == 3
@pytest.mark.herzschlag(alone=True)
def test_3(cluster): assert taken() == 3
def test_4(cluster): assert taken() == 1
"""
    (pytester.path / "summary.py").write_text(TELL_LABS)
    result = on_stand_ins(pytester, code, "-p", "summary", HERZSCHLAG_LABS="3")
    result.assert_outcomes(passed=4)
    assert list(labs(result).values()) == ["new", "new", "used again", "new"]


def test_a_planted_leak_is_noticed(pytester: pytest.Pytester) -> None:
    """Neither a fault whose end ends nothing, nor a user who enters the lab without the plugin, leaves a record."""
    code = """
from herzschlag.backends.simulation.session import SimulationSession

def test_1_ends_nothing(cluster, monkeypatch):
    def nothing(self, fault_id, at_ns, every_ns):
        return self.begin(f"{fault_id} again", NOTHING, at_ns)

    monkeypatch.setattr(SimulationSession, "end", nothing)
    from herzschlag.faults import Impair
    fault = cluster.fault("impair", src="host-98", dst="host-100", loss=0.5)
    cluster.heal(fault)

def test_2(cluster): pass

def test_3_leaves_something(cluster, monkeypatch):
    SimulationSession.look = lambda self: {"network of host-98": "blackhole 10.0.0.0/8"}

def test_4(cluster): pass

class NOTHING:
    primitives = staticmethod(lambda topology: ())
"""
    result = run(pytester, code)
    result.assert_outcomes(passed=4)
    told = labs(result)
    assert told["test_2"].startswith("new: conditions: new is ") and "Impaired(" in told["test_2"]
    assert told["test_4"] == "new: network of host-98: new is 'blackhole 10.0.0.0/8'"


def test_a_lab_is_kept_for_the_very_next_test_alone(pytester: pytest.Pytester) -> None:
    """An idle lab costs processor time, and takes a place for which others may wait."""
    code = """
import os
from pathlib import Path
import pytest

def held():
    import fcntl
    for path in Path(os.environ["TMPDIR"]).glob("herzschlag-labs-*/[0-9]*"):
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False

@pytest.fixture
def broken():
    raise ValueError("before the cluster")

def test_1(cluster): assert held()
def test_2_of_something_else(): assert not held()
def test_3(cluster): assert held()
def test_4_fails_early(broken, cluster): pass
def test_5_of_something_else(): assert not held()
def test_6(cluster): assert held()
@pytest.mark.skip
def test_7_skipped(cluster): pass
def test_8_of_something_else(): assert not held()
def test_9(simulation): assert not held()
"""
    run(pytester, code).assert_outcomes(passed=7, errors=1, skipped=1)


def test_run_directories_of_tests_on_one_lab_are_each_their_own(pytester: pytest.Pytester) -> None:
    code = """
def test_1(cluster):
    cluster.advance(5)
    cut = cluster.cut("host-98", "host-99")
    cluster.advance(6)
    cluster.heal(cut)
    cluster.advance(6)

def test_2(cluster):
    assert cluster.now_s < 1
    cluster.advance(5)
"""
    result = run(pytester, code)
    result.assert_outcomes(passed=2)
    assert labs(result)["test_2"] == "used again"
    histories = sorted(pytester.path.glob("runs/pytest/*/history.jsonl"))
    assert ['"cut-pair"' in path.read_text() for path in histories] == [True, False]
    assert [(path.parent / "log" / "agents.log").read_text() for path in histories] == ["they spoke"] * 2
