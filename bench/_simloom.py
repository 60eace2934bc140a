"""A workload of the same shape on our simulation and on simloom, in one run: part of bench/simulation.py.

simloom is a simulator for asyncio that any Python user could install. Eight nodes, each of which sends a datagram to
each other one every second, split four against four half-way. Ours runs it bare, and with whole HA agents on two
networks, with VMs, datastores and vCenter, which simloom's nodes have not; each in plain Python and compiled. simloom
needs Python 3.12; it goes into a folder that is removed again.

    python -m bench._simloom [compiled] SECONDS REPEATS    our rates alone, as JSON; needed for the compiled ones
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from herzschlag.compiled import serving
from herzschlag.compiled.folder import folder, unfit

if __name__ == "__main__" and sys.argv[1] == "compiled":
    assert serving.use(), serving.why_not()  # before any of the cores is imported

from bench.simulation import rate, warmed_up
from herzschlag.agents.protocol.actions import Send
from herzschlag.agents.protocol.events import AnyEvent, Received
from herzschlag.agents.protocol.messages import Heartbeat
from herzschlag.backends.simulation.network import Drops, SimulatedNetwork
from herzschlag.backends.simulation.queue import EventQueue
from herzschlag.faults import Split
from herzschlag.faults.link_sets import split
from herzschlag.faults.primitives import LinkCut
from herzschlag.history.records import SECOND
from herzschlag.topo.catalog import two_networks

ROOT = Path(__file__).resolve().parents[1]
SIMLOOM = "simloom==0.5.0"
WANTED = 20
"""Times as many simulated seconds as simloom, with whole agents."""


class Beater:
    """The least a node can be: a datagram to everyone else each second."""

    def __init__(self, name: str, others: tuple[str, ...], queue: EventQueue, network: SimulatedNetwork) -> None:
        self._name, self._others, self._queue, self._network = name, others, queue, network
        self._sequence = 0
        self.heard = 0
        network.attach(name, self.hear, lambda: True)
        queue.put(SECOND, self.beat, None)

    def hear(self, event: AnyEvent) -> None:
        assert type(event) is Received
        self.heard += 1

    def beat(self, argument: None) -> None:
        now_ns = self._queue.now_ns
        self._queue.put(now_ns + SECOND, self.beat, argument)
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
        self._network.send(self._name, Send(beat, self._others, ("A",), {}))


class Bare:
    """Eight beaters on the simulation's queue and network."""

    def __init__(self) -> None:
        self.lab = two_networks(8)
        self.queue = EventQueue()
        addresses = {(node, "A"): self.lab.address(node, "A") for node in self.lab.moids}
        self.network = SimulatedNetwork(self.queue, ("A",), addresses, 0, lambda message: 0)
        self.beaters = [
            Beater(moid, tuple(other for other in self.lab.moids if other != moid), self.queue, self.network)
            for moid in self.lab.moids
        ]


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
    assert abs(sum(one.heard for one in lab.beaters) - expected) < 100, "the split took something else away"
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


def ours(length_s: int, repeats: int) -> dict[str, float]:
    """Simulated seconds per second of one core, in this process."""
    return {
        "bare nodes": statistics.median(bare(length_s) for _ in range(repeats)),
        "whole agents": statistics.median(whole(length_s) for _ in range(repeats)),
    }


def in_a_process(how: str, length_s: int, repeats: int) -> dict[str, float]:
    told = subprocess.run(
        [sys.executable, "-m", "bench._simloom", how, str(length_s), str(repeats)],
        cwd=ROOT,
        env=os.environ | {serving.PURE: "0" if how == "compiled" else "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(told.stdout)
    return found


def beside_simloom(length_s: int, repeats: int, *, with_compiled: bool) -> None:
    print(f"\nEight nodes, split half-way, {length_s} simulated seconds: simulated seconds per second of one core")
    theirs = simloom_rates(length_s, repeats)
    base = None if isinstance(theirs, str) else statistics.median(theirs)
    print(f"{SIMLOOM.replace('==', ' '):<40} " + (f"{base:>9,.0f}" if base else f"not measured: {theirs}"))
    where = folder()
    ways = ["plain"]
    if with_compiled and where is not None and not unfit(where):
        ways.append("compiled")
    for how in ways:
        for name, median in in_a_process(how, length_s, repeats).items():
            ratio = f"{median / base:>8.1f} times" if base else ""
            wanted = f"   (wanted: {WANTED})" if name == "whole agents" else ""
            print(f"{'herzschlag, ' + how + ', ' + name:<40} {median:>9,.0f} {ratio}{wanted}")


if __name__ == "__main__":
    print(json.dumps(ours(int(sys.argv[2]), int(sys.argv[3]))))
