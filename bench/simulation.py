"""Speed of virtual time: simulated seconds per second of one core, and the cost of a host.

Three tables:

- normal operation of whole clusters: 3, 8, 64 and 1,000 hosts, a VM on each, two networks, three datastores, vCenter;
  with the promised minimum and the aim beside it. Once in plain Python, once with the compiled cores where they are
  built (`make compiled`), whose histories must be the same byte for byte;
- what the time goes to, by part;
- a workload of the same shape beside simloom (bench/_simloom.py).

    bench/simulation.py [--quick] [--without-simloom] [--without-compiled]

Medians of several; processor time of this process. The limit now: some 26 calls of a core per simulated second with
three hosts, 9 per host and second with 64, nearly all of them heartbeats, disk writes and slot writes that the protocol
asks for. An interpreted call costs 3 to 4 us, a compiled one 1.5 to 2; what is left is making the values they exchange.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import hashlib
import os
import pstats
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, for tests

from herzschlag.agents.settings import DatastoreConfig, Timers, VmConfig
from herzschlag.backends.simulation.lab import SimCluster
from herzschlag.compiled.folder import folder, unfit
from herzschlag.compiled.serving import PURE
from herzschlag.history.records import SECOND
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.options import heartbeat_datastores, host_configs
from herzschlag.scenarios.plan import Plan, make_plan
from herzschlag.topo.catalog import default_moids
from herzschlag.topo.spec import GATEWAY, VCENTER, DatastoreSpec, HostSpec, TopologySpec
from tests.simulation.test_simulated_lab import lines as rough_history

ROOT = Path(__file__).resolve().parents[1]
WARM_UP_S = 60
"""The election and the joining are over, and every VM runs."""
GROUP = 96
"""Hosts that share datastores in a crowd: as many as a real cluster has, and fewer than a volume has slots."""
FLOORS = {3: (5_000, 20_000), 8: (1_500, 5_000), 64: (150, 500), 1000: (1, 1)}
"""Hosts to (promised, aimed at)."""


class Crowd(TopologySpec, frozen=True):
    """A lab without the limit of 96 hosts. Packets do not mind; vSphere would."""

    def _check_hosts(self) -> None:
        pass


def plan_of(count: int) -> Plan:
    if count <= GROUP:
        cluster = Cluster(hosts=count, vms_per_host=1)
        return make_plan(Scenario(name="bench", title="bench", cluster=cluster), speed=1.0, seed=0)
    moids = default_moids(count)
    groups = [moids[n : n + GROUP] for n in range(0, count, GROUP)]
    lab = Crowd(
        hosts=tuple(HostSpec(moid) for moid in moids),
        datastores=tuple(DatastoreSpec(f"vmfs-{n}-{i}", "vmfs", g) for n, g in enumerate(groups) for i in (1, 2)),
    )
    placement = {f"vm-{moid}": moid for moid in moids}
    vms = [VmConfig(name=vm, datastore=lab.datastores_of(moid)[0].name) for vm, moid in placement.items()]
    config = make_plan(Scenario(name="bench", title="bench"), speed=1.0).config
    config = msgspec.structs.replace(
        config,
        hosts=host_configs(lab, heartbeat_datastores(lab, None, 2)),
        vcenter_addresses={network: lab.address(VCENTER, network) for network in lab.networks},
        datastores=tuple(DatastoreConfig(name=d.name, kind=d.kind) for d in lab.datastores),
        vms=tuple(vms),
        isolation_addresses=(lab.address(GATEWAY, "A"),),
    )
    return Plan(scenario="bench", topology=lab, config=config, placement=placement, timers=Timers())


def warmed_up(count: int) -> SimCluster:
    cluster = SimCluster(plan_of(count))
    cluster.start()
    cluster.run_until(WARM_UP_S * SECOND)
    roles = Counter(host.agent.core.view().role for host in cluster.hosts.values() if host.agent)  # type: ignore[attr-defined]
    assert roles == {"master": 1, "slave": count - 1}, f"{count} hosts did not settle within {WARM_UP_S} s: {roles}"
    return cluster


def rate(run: Callable[[], None], simulated_s: float) -> float:
    """Simulated seconds per second of processor time."""
    gc.collect()
    began = time.process_time()
    run()
    return simulated_s / (time.process_time() - began)


def normal_operation(lengths: dict[int, int], repeats: int, how: str) -> None:
    print(f"Normal operation, {how}: simulated seconds per second of one core")
    print(f"{'hosts':>6} {'median':>9} {'lowest':>9} {'highest':>9} {'us/host-second':>15} {'promised':>9} {'aim':>7}")
    for count, length_s in lengths.items():
        cluster = warmed_up(count)
        rates = [rate(lambda c=cluster, s=length_s: c.run_for(s * SECOND), length_s) for _ in range(repeats)]  # type: ignore[misc]
        median = statistics.median(rates)
        floor, aim = FLOORS[count]
        verdict = "" if median >= floor else "   BELOW WHAT IS PROMISED"
        print(
            f"{count:>6} {median:>9,.0f} {min(rates):>9,.0f} {max(rates):>9,.0f} {1e6 / median / count:>15.1f}"
            f" {floor:>9,} {aim:>7,}{verdict}",
            flush=True,
        )


def digest() -> str:
    """Of the history of a rough run: noise on every link, a dead host, two isolated ones, spread heartbeats."""
    return hashlib.sha256(b"\n".join(rough_history(5))).hexdigest()


SERVED = "from herzschlag.compiled import serving; assert serving.use(); from bench.simulation import main; main()"
"""A program that asks for the compiled cores before it imports any."""


def compiled(quick: bool) -> None:
    """The same in a process that is served the compiled cores."""
    where = folder()
    if where is None or unfit(where):
        print(f"\nCompiled: not measured ({'not built' if where is None else unfit(where)}: make compiled)")
        return
    inside = [sys.executable, "-c", SERVED, "--inside", "compiled", *(["--quick"] if quick else [])]
    told = subprocess.run(inside, cwd=ROOT, env=os.environ | {PURE: "0"}, capture_output=True, text=True, check=True)
    *table, found = told.stdout.strip().splitlines()
    print("\n" + "\n".join(table))
    assert found == digest(), "compiled cores wrote another history than plain Python"
    print("Histories of a rough run, plain and compiled: the same")


PARTS = (
    ("agents/ha", "agent"),
    ("agents/datastore/memory_store.py", "datastores in memory"),
    ("agents/hypervisor/vm.py", "VMs"),
    ("agents/vcenter", "vCenter"),
    ("agents/hypervisor", "hypervisor"),
    ("agents/datastore", "hypervisor"),
    ("agents/", "agent"),
    ("simulation/network", "network"),
    ("simulation/", "queue, timers, hosts"),
)


def where_it_goes(count: int, length_s: int) -> None:
    cluster = warmed_up(count)
    profile = cProfile.Profile()
    profile.enable()
    cluster.run_for(length_s * SECOND)
    profile.disable()
    shares: Counter[str] = Counter()
    for (file, _, _), (_, _, own_s, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        shares[next((name for part, name in PARTS if part in file), "Python's own")] += own_s
    total = sum(shares.values())
    listed = ", ".join(f"{name} {share / total:.0%}" for name, share in shares.most_common())
    print(f"\nWhere it goes with {count} hosts (under a profiler): {listed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="shorter runs, fewer repeats")
    parser.add_argument("--without-simloom", action="store_true")
    parser.add_argument("--without-compiled", action="store_true")
    parser.add_argument("--inside", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    lengths = {3: 2000, 8: 800, 64: 100, 1000: 5}
    if given.quick:
        lengths = {3: 500, 8: 200, 64: 20}
    repeats = 3 if given.quick else 5
    normal_operation(lengths, repeats, given.inside or "as the checkout is")
    if given.inside:
        print(digest())
        return
    if not given.without_compiled:
        compiled(given.quick)
    where_it_goes(3, 500)
    where_it_goes(64, 20)
    if not given.without_simloom:
        from bench._simloom import beside_simloom  # noqa: PLC0415 (it imports this module)

        beside_simloom(120 if given.quick else 600, repeats, with_compiled=not given.without_compiled)


if __name__ == "__main__":
    main()
