"""Latency of a cut: how soon after the order no packet gets through, and whether one slips past later.

Two measurements for each controller framework, on real packets between two hosts of a three-host lab:

- a steady flow of 2,000 packets a second, cut and healed 20 times: time from order to reply, time from order to the
  last packet sent that still arrived, packets sent after the reply that arrived (must be none);
- a burst of 10 packets right after the reply, cut and healed 100 times: bursts that were treated the old way, with the
  barrier alone, and as shipped, where the switches' cached decisions are dropped before the reply.

It ends with status 1 when a packet slipped past the shipped controller. Usage: bench/cut.py
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, for tests.support

from herzschlag.controller import ControllerClient, DirectedLink, installed
from tests.support.controller.lab import Controller, TrafficLab, inside
from tests.support.waiting import until

CUT: DirectedLink = ("A", "host-98", "host-99")
PERIOD_NS = 500_000
FLOW_CUTS = 20
BURST_CUTS = 100
BURST_PACKETS = 10
LOOK_S = 0.01
"""How often the flow is looked at between cuts. How long the machine rested before a cut is part of what is measured:
with 0.02 s, order to reply takes a tenth longer."""


class Flow:
    """Stamped datagrams over the link, one every PERIOD_NS, and the stamps of those that arrived."""

    def __init__(self, lab: TrafficLab) -> None:
        self._lab = lab
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.arrived_ns: list[int] = []

    def __enter__(self) -> Flow:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        due_ns = time.monotonic_ns()
        while not self._over.is_set():
            self._lab.send(*CUT, f"{time.monotonic_ns()}")
            self.arrived_ns += map(int, self._lab.received("A", "host-99"))
            due_ns += PERIOD_NS
            time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)

    def await_arrivals_after(self, instant_ns: int) -> None:
        until(
            lambda: bool(self.arrived_ns) and self.arrived_ns[-1] > instant_ns,
            "the flow goes through again",
            pause=lambda _: time.sleep(LOOK_S),
        )


def steady_flow(lab: TrafficLab, client: ControllerClient) -> tuple[int, str]:
    reply_ms, last_ms, late, swallowed = [], [], 0, 0
    with Flow(lab) as flow:
        flow.await_arrivals_after(0)
        for _ in range(FLOW_CUTS):
            done = client.set_cuts([CUT])
            time.sleep(0.1)  # 200 packets have their chance to be late
            reply_ms.append((done.effective_ns - done.asked_ns) / 1e6)
            last_ms.append((flow.arrived_ns[-1] - done.asked_ns) / 1e6)
            late += sum(sent_ns > done.effective_ns for sent_ns in flow.arrived_ns)
            swallowed += client.status().cuts[0].packets or 0
            flow.await_arrivals_after(client.set_cuts().effective_ns)
    return late, (
        f"order to reply {_spread(reply_ms)}, order to last packet through {_spread(last_ms)},"
        f" sent after the reply and arrived: {late}, swallowed: {swallowed}"
    )


def bursts(lab: TrafficLab, client: ControllerClient) -> tuple[int, str]:
    leaked = lost = 0
    for _ in range(BURST_CUTS):
        lab.passes(*CUT, tries=5)  # so that the switch has a cached decision
        client.set_cuts([CUT])
        leaked += bool(_burst(lab))
        client.set_cuts()
        lost += _burst(lab) < BURST_PACKETS
    return (
        leaked + lost,
        f"of {BURST_CUTS} bursts after a cut {leaked} leaked, of {BURST_CUTS} after a heal {lost} lost packets",
    )


def _burst(lab: TrafficLab) -> int:
    for _ in range(BURST_PACKETS):
        lab.send(*CUT, "burst")
    time.sleep(0.02)
    return lab.received("A", "host-99").count("burst")


def _spread(values: list[float]) -> str:
    return f"median {statistics.median(values):.2f} ms (max {max(values):.2f})"


def measure(framework: str) -> None:
    with TrafficLab(3) as lab:
        for exact, way in ((False, "barrier alone"), (True, "as shipped")):
            controller = Controller(framework, exact=exact)
            with controller.client() as client:
                client.configure(lab.networks())
                for measured in (steady_flow, bursts):
                    slipped, text = measured(lab, client)
                    _say(f"{framework}, {way}: {text}")
                    if exact and slipped:
                        sys.exit(1)
            controller.kill()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    else:
        _say(f"host-98 -> host-99 on network A, {1_000_000_000 // PERIOD_NS} packets/s")
        for there in installed():
            status, said = inside("bench.cut", there.name, timeout_s=300)
            _say(said.rstrip())
            if status != 0:
                sys.exit(status)
