"""A test ends when it has seen what it wanted, perhaps in the middle of a failover: that alone is not a violation."""

from __future__ import annotations

import random
from typing import Any

import pytest

from herzschlag.cluster import Cluster, Setup
from herzschlag.faults import Reconfigure
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.to_toml import as_toml

SLAVES = ["host-98", "host-100"]
HALVES = [["host-98", "host-99"], ["host-100", "host-101"]]


def some_fault(draw: random.Random) -> tuple[str, dict[str, Any]]:
    host = draw.choice([*SLAVES, "host-99"])
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("power-off", {"host": host}),
        ("isolate", {"host": host}),
        ("isolate", {"host": host, "networks": "A"}),
        ("split", {"groups": HALVES}),
        ("storage", {"host": host, "datastore": "vmfs-1", "access": "apd"}),
        ("storage", {"host": host, "datastore": "vmfs-1", "access": "pdl"}),
        ("crash-agent", {"host": host}),
        ("vm-crash", {"vm": "vm-98-1"}),
        ("cut-pair", {"a": draw.choice(SLAVES), "b": "host-99"}),
        ("crash-vcenter", {}),
        ("network-down", {"networks": "B"}),
    ]
    return draw.choice(kinds)


@pytest.mark.parametrize("seed", range(60))
def test_a_test_may_end_at_any_moment(seed: int) -> None:
    draw = random.Random(f"ends/{seed}")
    setup = Setup(
        hosts=4,
        vms_per_host=1,
        profile=draw.choice(["vsphere-5.1", "vsphere-5.0"]),
        isolation_response=draw.choice(["none", "powerOff", "shutdown"]),
        vmcp_pdl=draw.random() < 0.5,
    )
    kind, fields = some_fault(draw)
    with Cluster.start(setup, backend="simulation", seed=seed) as cluster:
        name = cluster.fault(kind, **fields)
        cluster.advance(draw.uniform(0, 90))
        if name in cluster.active and draw.random() < 0.5:
            cluster.heal(name)
            cluster.advance(draw.uniform(0, 60))
        bad = [f"{found.checker}: {found.verdict}: {found.because}" for found in cluster.findings() if not found.fine]
    assert bad == [], f"{kind} {fields}"


@pytest.mark.parametrize("after_s", [0.0, 0.4, 3.0, 20.0])
def test_what_was_done_in_such_a_test_can_be_run_again(after_s: float, tmp_path: Any) -> None:
    """As the line `faults:` of a failing test promises, however early it failed."""
    with Cluster.start(Setup(vms_per_host=1), backend="simulation") as cluster:
        cluster.power_off("host-98")
        cluster.advance(after_s)
        (tmp_path / "scenario.toml").write_text(as_toml(cluster.scenario()))
        assert all(found.fine for found in cluster.findings())
    scenario = load(str(tmp_path / "scenario.toml"))
    report = run(RunRequest(scenario=scenario, backend="simulation", speed=1, seed=0, directory=tmp_path / "run"))
    assert report.verdict == "holds", report.because


def test_a_restart_that_is_overdue_is_still_a_violation() -> None:
    """The time that a checker allows is limited."""
    with Cluster.start(Setup(vms_per_host=1), backend="simulation") as cluster:
        cluster.begin(Reconfigure(options={"vm.vm-98-1.power_on_fails": True}))
        cluster.power_off("host-98")
        cluster.advance(80)
        scenario = cluster.scenario()
        cluster.advance(40)
        found = {finding.checker: finding for finding in cluster.findings()}
    assert scenario.patience_s > 80
    assert found["vms-run"].verdict == "violated"
    assert "vm-98-1: runs nowhere at the end" in found["vms-run"].because


def test_what_must_be_expected_can_be_allowed_with_a_reason() -> None:
    """A frozen host's VM is restarted elsewhere while its own copy is still there."""
    with Cluster.start(Setup(vms_per_host=1), backend="simulation") as cluster:
        with pytest.raises(ValueError, match="did you mean 'started-twice'"):
            cluster.allow("start-twice", because="a slip")
        cluster.allow("started-twice", because="a frozen host looks dead")
        cluster.allow("vms-run", because="and its copy is still there")
        cluster.freeze("host-98")
        cluster.wait_for(lambda: len(cluster.where("vm-98-1")) == 2, within_s=30)
        told = {finding.checker: finding for finding in cluster.findings()}
    assert all(finding.fine for finding in told.values())
    assert "a frozen host looks dead" in told["started-twice"].because
