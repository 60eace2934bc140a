"""Speed of virtual time: simulated seconds per second of one core, and the cost of a host.

Three tables:

- normal operation of whole clusters: 3, 8, 64 and 1,000 hosts, a VM on each, two networks, three datastores, vCenter;
  with the promised minimum and the aim beside it. Once in plain Python, once with the compiled cores where they are
  built (`make compiled`), whose histories must be the same byte for byte;
- what the time goes to, by part;
- a workload of the same shape beside simloom, a simulator for asyncio that any Python user could install: eight nodes,
  each sending a datagram to each other one every second, split four against four half-way. Ours runs it twice: bare,
  and with whole HA agents on two networks. simloom needs Python 3.12; it goes into a folder that is removed again.

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
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, for tests

from herzschlag.agents.protocol.actions import Send
from herzschlag.agents.protocol.events import Received
from herzschlag.agents.protocol.messages import Heartbeat
from herzschlag.agents.settings import DatastoreConfig, Timers, VmConfig
from herzschlag.backends.simulation.lab import SimCluster
from herzschlag.backends.simulation.network import Drops, SimulatedNetwork
from herzschlag.backends.simulation.process import Clock, Process
from herzschlag.backends.simulation.queue import EventQueue
from herzschlag.compiled.folder import folder, unfit
from herzschlag.compiled.serving import PURE
from herzschlag.faults import Split
from herzschlag.faults.link_sets import split
from herzschlag.faults.primitives import LinkCut
from herzschlag.history.records import SECOND
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.options import heartbeat_datastores, host_configs
from herzschlag.scenarios.plan import Plan, make_plan
from herzschlag.topo.catalog import default_moids, two_networks
from herzschlag.topo.spec import GATEWAY, VCENTER, DatastoreSpec, HostSpec, TopologySpec
from tests.simulation.test_simulated_lab import lines as rough_history

ROOT = Path(__file__).resolve().parents[1]
WARM_UP_S = 60
"""The election and the joining are over, and every VM runs."""
GROUP = 96
"""Hosts that share datastores in a crowd: as many as a real cluster has, and fewer than a volume has slots."""
FLOORS = {3: (5_000, 20_000), 8: (1_500, 5_000), 64: (150, 500), 1000: (1, 1)}
"""Hosts to (promised, aimed at)."""
SIMLOOM = "simloom==0.5.0"


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


class Beater:
    """The least a node can be: a datagram to everyone else each second."""

    def __init__(self, name: str, others: tuple[str, ...]) -> None:
        self._name, self._others = name, others
        self._at_ns, self._sequence = SECOND, 0
        self.heard = 0

    def handle(self, event: Any, now_ns: int) -> list[Any]:
        if type(event) is Received:
            self.heard += 1
            return []
        self._at_ns += SECOND
        self._sequence += 1
        beat = Heartbeat(
            sender=self._name,
            boot=1,
            sequence=self._sequence,
            sent_ns=now_ns,
            role="slave",
            master="",
            goodness=0,
            heard=0,
            config=0,
            inventory=0,
        )
        return [Send(beat, self._others, ("A",), {})]

    def wake_at_ns(self) -> int:
        return self._at_ns


class Bare:
    """Eight beaters on the simulation's queue and network."""

    def __init__(self) -> None:
        self.name = "bench"
        self.lab = two_networks(8)
        self.queue = EventQueue()
        self.pending: deque[tuple[Process, Any]] = deque()
        addresses = {(node, "A"): self.lab.address(node, "A") for node in self.lab.moids}
        self.network = SimulatedNetwork(self.queue, ("A",), addresses, 0, lambda message: 0)
        self.cores = []
        for moid in self.lab.moids:
            core = Beater(moid, tuple(other for other in self.lab.moids if other != moid))
            process = Process(self, Clock(self.queue), core, self._performer(moid))
            self.network.attach(moid, process.step, lambda: True)
            process.rearm()
            self.cores.append(core)

    def _performer(self, moid: str) -> Callable[[list[Any]], None]:
        def perform(actions: list[Any]) -> None:
            for action in actions:
                self.network.send(moid, action)

        return perform

    def drain(self) -> None:
        raise AssertionError("beaters tell each other nothing but datagrams")


def bare(length_s: int) -> float:
    lab = Bare()
    halves = (lab.lab.moids[:4], lab.lab.moids[4:])
    cuts = [LinkCut(network=net, src=src, dst=dst) for net, src, dst in sorted(split(halves, ("A",)))]

    def run() -> None:
        lab.queue.run_until(length_s * SECOND // 2)
        lab.network.set_conditions((cut, Drops()) for cut in cuts)
        lab.queue.run_until(length_s * SECOND)

    found = rate(run, length_s)
    expected = 8 * 7 * length_s // 2 + 8 * 3 * length_s // 2
    assert abs(sum(core.heard for core in lab.cores) - expected) < 100, "the split took something else away"
    return found


def whole(length_s: int) -> float:
    cluster = warmed_up(8)
    moids = tuple(cluster.hosts)
    fault = Split(groups=(moids[:4], moids[4:]))

    def run() -> None:
        cluster.run_for(length_s * SECOND // 2)
        cluster.disturbances.begin("split", fault.primitives(cluster.plan.topology))
        cluster.run_for(length_s * SECOND // 2)

    return rate(run, length_s)


SIMLOOM_WORKLOAD = """
import asyncio, sys, time
import simloom

LENGTH_S = float(sys.argv[1])
heard = [0]

class Ear(asyncio.DatagramProtocol):
    def datagram_received(self, data, address):
        heard[0] += 1

async def beat(name, names):
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Ear, local_addr=(name, 8182))
    await asyncio.sleep(0.5)
    while True:
        for other in names:
            if other != name:
                transport.sendto(b"heartbeat", (other, 8182))
        await asyncio.sleep(1)

async def main(world):
    names = [f"host-{98 + n}" for n in range(8)]
    hosts = [world.host(name) for name in names]
    for host in hosts:
        host.spawn(lambda host=host: beat(host.name, names))
    await world.sleep(LENGTH_S / 2)
    world.net.partition(hosts[:4], hosts[4:])
    await world.sleep(LENGTH_S / 2)

began = time.process_time()
simloom.run(main, seed=0)
print(LENGTH_S / (time.process_time() - began), heard[0])
"""


def newer_python() -> str | None:
    """An interpreter of 3.12 or newer: this one, one on the path, or one of pyenv's."""
    on_path = [shutil.which(f"python3.{minor}") for minor in range(12, 20)]
    kept = sorted(str(path) for path in (Path.home() / ".pyenv" / "versions").glob("3.1[2-9].*/bin/python"))
    ask = "import sys; sys.exit(sys.version_info < (3, 12))"
    for path in (sys.executable, *on_path, *kept):  # a shim on the path may lead nowhere
        if path and subprocess.run([path, "-c", ask], capture_output=True, check=False).returncode == 0:
            return path
    return None


def simloom_rates(length_s: int, repeats: int) -> list[float] | str:
    """Rates, or why there are none."""
    python = newer_python()
    if python is None:
        return "it needs Python 3.12 or newer, and there is none on this machine"
    with tempfile.TemporaryDirectory(prefix="herzschlag-bench-") as folder:
        inside = Path(folder) / "bin" / "python"
        steps = ([python, "-m", "venv", folder], [str(inside), "-m", "pip", "-q", "install", SIMLOOM])
        for step in steps:
            made = subprocess.run(step, capture_output=True, text=True, check=False)
            if made.returncode != 0:
                return f"{' '.join(step[1:])} failed: {made.stderr.strip().splitlines()[-1:]}"
        found = []
        for _ in range(repeats):
            run = subprocess.run(
                [str(inside), "-c", SIMLOOM_WORKLOAD, str(length_s)],
                capture_output=True,
                text=True,
                check=True,
                env=os.environ | {"PYTHONHASHSEED": "0"},
            )
            speed, heard = run.stdout.split()
            assert abs(int(heard) - 40 * length_s) < 100, f"simloom delivered {heard} datagrams: another workload"
            found.append(float(speed))
        return found


def beside_simloom(length_s: int, repeats: int, *, with_simloom: bool) -> None:
    print(f"\nEight nodes, split half-way, {length_s} simulated seconds: simulated seconds per second of one core")
    rows = [
        ("herzschlag, bare nodes: 56 datagrams/s", [bare(length_s) for _ in range(repeats)]),
        ("herzschlag, whole HA agents, VMs, datastores", [whole(length_s) for _ in range(repeats)]),
    ]
    theirs = simloom_rates(length_s, repeats) if with_simloom else "not asked for"
    for name, rates in rows:
        print(f"{name:<46} {statistics.median(rates):>9,.0f}")
    name = f"{SIMLOOM.replace('==', ' ')}, bare nodes: 56 datagrams/s"
    print(f"{name:<46} " + (theirs if isinstance(theirs, str) else f"{statistics.median(theirs):>9,.0f}"))


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
    beside_simloom(120 if given.quick else 600, repeats, with_simloom=not given.without_simloom)


if __name__ == "__main__":
    main()
