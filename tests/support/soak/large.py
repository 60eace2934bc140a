"""One lab of many hosts for a long time under random faults, each begun and healed, all drawn from a seed.

python -m tests.support.soak.large --hosts 64 --seconds 3600 --seed 0 [--backend simulation] [--out FOLDER]

It is a program on the public `Cluster`, as a user would write it. Its last line of output is JSON: what it did, and
every checker's finding on the whole of it. SIGTERM ends it early, with the same line. One fault at a time, and time for
the cluster to settle in between: then every checker knows what is right. Faults that overlap are tested in virtual time
(tests/simulation/test_schedules.py).
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from herzschlag import Cluster, Setup
from herzschlag.checkers.verdict import worst
from herzschlag.faults import (
    AnyFault,
    Block,
    CrashAgent,
    CrashVcenter,
    CutPair,
    Freeze,
    GatewayDown,
    Impair,
    Isolate,
    MissingRoute,
    NetworkDown,
    OneWay,
    PowerOff,
    Split,
    Storage,
)
from herzschlag.faults.base import kind_of

LASTS_S = (20.0, 60.0)
"""Protocol seconds of a fault: longer than what declares a host dead."""
SHORT_S = (2.0, 8.0)
"""Of a freeze: a host that stands still for longer loses its VMs to another and still runs them when it goes on, which
is the protocol's known weakness, and a violation each time."""
SETTLES_S = 45.0
"""After healing: an election, and a restart of the VMs of a host that booted."""
LOOK_S = 1.0


class Lab(msgspec.Struct):
    """What it did; the last line of its output."""

    hosts: int
    ready_s: float = 0.0
    """Real seconds until the cluster worked as configured."""
    seconds: float = 0.0
    """Protocol seconds under faults."""
    begun: int = 0
    healed: int = 0
    kinds: dict[str, int] = {}
    records: int = 0
    verdict: str = "unknown"
    findings: dict[str, tuple[str, str]] = {}
    """Checker to verdict and reason."""


def draw(chance: random.Random, hosts: list[str], master: str) -> tuple[AnyFault, tuple[float, float]]:
    """A fault, and how long it may last."""
    host = chance.choice(hosts)
    slave = chance.choice([one for one in hosts if one != master])
    few = chance.sample(hosts, chance.randint(1, max(1, len(hosts) // 8)))
    rest = tuple(one for one in hosts if one not in few)
    found: list[AnyFault] = [
        Isolate(host=host),
        Isolate(host=host, keep=("gateway",)),
        Isolate(host=host, networks="A"),
        PowerOff(host=host),
        CrashAgent(host=host),
        Storage(host=host, access="apd"),
        Storage(host=host, access="pdl"),
        Block(host=host, what="8182"),
        MissingRoute(host=host, networks="B"),
        Split(groups=(tuple(few), rest)),
        CutPair(a=master, b=slave),
        OneWay(src=slave, dst=master),
        OneWay(src=master, dst=slave),
        NetworkDown(networks="A"),
        NetworkDown(networks="B"),
        GatewayDown(),
        CrashVcenter(),
        Impair(src=host, loss=0.3, delay_ms=20.0, jitter_ms=10.0),
    ]
    if chance.randrange(len(found)) == 0:
        return Freeze(host=host), SHORT_S
    return chance.choice(found), LASTS_S


def play(cluster: Cluster, lab: Lab, seconds: float, seed: int, stop: Callable[[], bool]) -> None:
    """Faults one after another, until that much protocol time has passed or `stop()` is true; then judge."""
    chance = random.Random(f"soak/large/{seed}")
    lab.ready_s = round(lab.ready_s, 1)
    while cluster.now_s < seconds and not stop():
        masters = cluster.masters() or list(cluster.hosts)
        fault, lasts = draw(chance, list(cluster.hosts), masters[0])
        begun = cluster.begin(fault)
        lab.begun += 1
        lab.kinds[kind_of(fault)] = lab.kinds.get(kind_of(fault), 0) + 1
        _pass(cluster, chance.uniform(*lasts), stop)
        cluster.heal(begun)
        lab.healed += 1
        _pass(cluster, SETTLES_S, stop)
    lab.seconds = round(cluster.now_s, 1)
    cluster.finish()
    found = cluster.findings()
    lab.records = len(cluster.records)
    lab.findings = {one.checker: (str(one.verdict), one.because) for one in found}
    lab.verdict = str(worst(one.verdict for one in found))


def _pass(cluster: Cluster, seconds: float, stop: Callable[[], bool]) -> None:
    for _ in range(round(seconds / LOOK_S)):
        if stop():
            return
        cluster.advance(LOOK_S)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--backend", default="mininet", choices=["mininet", "simulation"])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    lab, began = Lab(given.hosts), time.monotonic()
    setup = Setup(hosts=given.hosts, vms_per_host=1)
    with Cluster.start(
        setup, backend=given.backend, speed=given.speed, seed=given.seed, directory=given.out, name="soak"
    ) as cluster:
        lab.ready_s = time.monotonic() - began
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        play(cluster, lab, given.seconds, given.seed, lambda: bool(ended))
    sys.stdout.write(json.dumps(msgspec.to_builtins(lab)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
