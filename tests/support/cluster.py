"""A simulated cluster in a few lines, for tests, and for watching what the cores do.

python -m tests.support.cluster --seconds 60
python -m tests.support.cluster --hosts 4 --step "30 split groups=host-98+host-99/host-100+host-101" --seconds 120
python -m tests.support.cluster --step "30.01 power-off host=host-98" --step "90 heal" --kind role host-state vm
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from herzschlag.backends.simulation.lab import SimCluster
from herzschlag.faults import KINDS, Fault
from herzschlag.history.kinds import FaultChange
from herzschlag.history.records import RUNNER, SECOND, Record
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.plan import Plan, make_plan

AFTER_HEARTBEAT_NS = 10_000_000


def plan_of(seed: int = 0, **cluster: Any) -> Plan:
    """A plan for `Cluster(**cluster)`; without any key: three hosts, three datastores."""
    scenario = Scenario(name="test", title="test", cluster=Cluster(**cluster))
    return make_plan(scenario, speed=1.0, seed=seed)


def started(seed: int = 0, *, until_s: float = 0.0, **cluster: Any) -> SimCluster:
    """A cluster that was started, at `until_s` seconds."""
    made = SimCluster(plan_of(seed, **cluster))
    made.start()
    made.run_until(round(until_s * SECOND))
    return made


def begin(cluster: SimCluster, fault_id: str, fault: Fault, at_s: float | None = None) -> None:
    """Set a fault off now, or right after the heartbeat instant `at_s`."""
    if at_s is not None:
        cluster.run_until(round(at_s * SECOND) + AFTER_HEARTBEAT_NS)
    cluster.disturbances.begin(fault_id, fault.primitives(cluster.plan.topology))


def end(cluster: SimCluster, fault_id: str, at_s: float | None = None) -> None:
    if at_s is not None:
        cluster.run_until(round(at_s * SECOND) + AFTER_HEARTBEAT_NS)
    cluster.disturbances.end(fault_id)


def line(record: Record) -> str:
    fields = " ".join(f"{name}={value}" for name, value in record.fields.items())
    return f"{record.at_ns / SECOND:10.4f}  {record.node:<10} {record.kind:<11} {fields}"


def _fault(words: Sequence[str]) -> Fault:
    """`power-off host=host-98`; several names with `+`, groups of them with `/`."""
    fields: dict[str, Any] = {}
    for word in words[1:]:
        key, _, text = word.partition("=")
        value: Any = text
        if "/" in text:
            value = [group.split("+") for group in text.split("/")]
        elif "+" in text:
            value = text.split("+")
        fields[key] = value
    return msgspec.convert({"fault": words[0], **fields}, KINDS[words[0]], strict=False)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Run a simulated cluster and print its history.")
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--vms", type=int, default=1, help="VMs per host")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--response", default="none", help="isolation response")
    parser.add_argument("--step", action="append", default=[], help='"AT FAULT key=value ...", or "AT heal"')
    parser.add_argument("--kind", nargs="*", help="print records of these kinds alone")
    given = parser.parse_args(arguments)
    cluster = started(given.seed, hosts=given.hosts, vms_per_host=given.vms, isolation_response=given.response)
    for number, step in enumerate(given.step):
        at_s, *words = step.split()
        if words[0] == "heal":
            cluster.run_until(round(float(at_s) * SECOND) + AFTER_HEARTBEAT_NS)
            for fault_id in cluster.disturbances.active:
                end(cluster, fault_id)
        else:
            fault, fault_id = _fault(words), f"{number}:{words[0]}"
            begin(cluster, fault_id, fault, float(at_s))
            cluster.record(
                RUNNER,
                FaultChange(
                    fault=words[0],
                    id=fault_id,
                    phase="begin",
                    planned_ns=cluster.now_ns,
                    asked_ns=cluster.now_ns,
                    effective_ns=cluster.now_ns,
                    took_ns=0,
                    about=fault.describe(),
                    value=msgspec.to_builtins(fault),
                    evidence={},
                ),
            )
    cluster.run_until(round(given.seconds * SECOND))
    cluster.write_evidence()
    for record in cluster.records:
        if not given.kind or record.kind in given.kind:
            sys.stdout.write(line(record) + "\n")


if __name__ == "__main__":
    main()
