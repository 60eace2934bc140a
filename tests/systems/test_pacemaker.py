"""The real Pacemaker on Corosync, with an address as its resource and without fencing: its scenarios hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herzschlag import Cluster
from herzschlag.backends.mininet.stage.priorities import BEST_NICE, FORBID
from tests.support.lab_processes import inside
from tests.support.systems import needs, played, scenarios_of

pytestmark = [pytest.mark.packets, needs("pacemaker")]


@pytest.mark.parametrize("name", scenarios_of("pacemaker"))
def test_a_scenario_holds(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because


@pytest.mark.herzschlag(system="pacemaker", speed=1, datastores=[])
def test_what_its_daemons_do_in_sessions_of_their_own_comes_first_too(cluster: Cluster) -> None:
    """On a busy machine they waited for a processor for seconds while no timer of the lab was late."""
    if not Path("/proc/self/autogroup").exists():
        pytest.skip("this kernel does not schedule by session: it lacks CONFIG_SCHED_AUTOGROUP")
    if os.geteuid() != 0 or os.environ.get(FORBID):
        pytest.skip(f"as an ordinary user, or with {FORBID} set, a lab runs at the ordinary priority")

    def weights() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for pid, status in inside(cluster.session.inner).items():  # type: ignore[arg-type]  # on real packets
            found.setdefault(status["Name"], set()).add(Path(f"/proc/{pid}/autogroup").read_text().split(" ", 1)[1])
        return {name: found.get(name, set()) for name in ("pacemaker-contr", "pacemaker-execd", "corosync")}

    cluster.advance(5)
    cluster.wait_for(lambda: set.union(*weights().values()) == {f"nice {BEST_NICE}\n"}, within_s=20)
