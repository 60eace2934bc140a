"""The promise of a session on real packets when a process dies: the run is unknown, and nothing is left.

These tests do not use the plugin: a test whose cluster loses a part of the harness has failed by then.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from herzschlag.backends.base import MachineryDied
from herzschlag.backends.mininet.session import MininetSession
from herzschlag.faults import Impair, PowerOff
from herzschlag.history.records import SECOND
from herzschlag.scenarios.model import Cluster, Scenario, Step
from herzschlag.scenarios.plan import Plan, make_plan
from herzschlag.topo.impairments.apply import kernel_serves
from tests.support.lab_processes import inside, node_pid, outer_pid
from tests.support.waiting import until

pytestmark = pytest.mark.packets

SPEED = 10.0
CHECKOUT = Path(__file__).resolve().parents[2]


def plan(directory: Path) -> Plan:
    """A run that will have bad lines, for which a kernel without netem has the relay ready."""
    steps = (Step(at_s=600, fault=Impair(loss=0.1), id="bad lines"),)
    scenario = Scenario(name="test", title="test", cluster=Cluster(vms_per_host=1), steps=steps)
    return make_plan(scenario, speed=SPEED, directory=directory)


MACHINERY = ("ovsdb-server", "ovs-vswitchd", "controller", "zygote", "relay", "host-98", "host-98-fdm", "vcenter")


@pytest.mark.parametrize("victim", [*MACHINERY, "the stage"])
def test_a_death_that_was_not_ordered_makes_the_run_unknown(victim: str, tmp_path: Path) -> None:
    """A run whose own machinery died proves nothing, however well it ends; and nothing of it is left."""
    if victim == "relay" and kernel_serves():
        pytest.skip("this kernel has netem, so what nftables does needs no relay")
    session = MininetSession(plan(tmp_path))
    with session:
        session.start()
        session.run_until(session.now_ns() + 5 * SECOND)
        everyone = set(inside(session))
        pid = session.sandbox_pid if victim == "the stage" else outer_pid(session, victim)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(MachineryDied) as raised:
            session.run_until(session.now_ns() + 60 * SECOND)
        with pytest.raises(MachineryDied):
            session.begin("late", PowerOff(host="host-98"), session.now_ns())
    told = [record for record in session.records() if record.kind == "machinery"]
    assert told and told[0].get("what") in str(raised.value)
    expected = {"host-98": "host-98's process", "host-98-fdm": "the agent of host-98", "vcenter": "vcenter's process"}
    assert expected.get(victim, victim) in {record.get("what") for record in told}
    assert not any(Path(f"/proc/{pid}").exists() for pid in everyone)
    assert not mounted(tmp_path)


def test_a_gateway_whose_first_process_died_is_told_at_the_end(tmp_path: Path) -> None:
    """No other process misses it: its addresses may answer on, or not."""
    session = MininetSession(plan(tmp_path))
    with session:
        session.start()
        victim = node_pid(session, "gateway")
        os.kill(victim, signal.SIGKILL)
        until(lambda: victim not in inside(session), "it has died, its namespaces with it")
        with pytest.raises(MachineryDied, match="gateway's first process"):
            session.finish()
    assert "gateway's first process" in {r.get("what") for r in session.records() if r.kind == "machinery"}


def mounted(path: Path) -> bool:
    return str(path) in Path("/proc/self/mountinfo").read_text()


def test_nothing_is_left_when_the_command_is_killed(tmp_path: Path) -> None:
    """`kill -9` of the command gives it no chance to clean up: the kernel must do it."""
    program = f"""
import sys, time
sys.path.insert(0, {str(CHECKOUT)!r})
from pathlib import Path
from tests.lab.test_deaths import MininetSession, inside, plan
session = MininetSession(plan(Path({str(tmp_path)!r})))
session.start()
print(*inside(session), flush=True)
time.sleep(600)
"""
    command = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    everyone = [int(pid) for pid in command.stdout.readline().split()]
    assert len(everyone) > 10
    command.kill()
    command.wait()
    command.stdout.close()

    def left() -> list[int]:
        return [pid for pid in everyone if Path(f"/proc/{pid}").exists()]

    until(lambda: not left(), "no process outlives the command", state=left)
