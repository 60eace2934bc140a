"""An attacker without a key in virtual time: it repeats datagrams, or holds them back and lets them go later.

The same promises as in tests/lab/test_attacks.py, for many random attackers. A datagram goes to the node and over the
network that it names: elsewhere the codec refuses it.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from herzschlag.agents.protocol.actions import Send
from herzschlag.agents.protocol.events import Received
from herzschlag.agents.protocol.messages import AnyMessage, Order, PowerRequest
from herzschlag.backends.simulation import SimulationSession
from herzschlag.backends.simulation.network import SimulatedNetwork
from herzschlag.cluster import Cluster, Setup
from herzschlag.history.records import SECOND

SETUP = Setup(hosts=4, vms_per_host=1)


class Attacker:
    """At the switches of a simulated lab: `let_through` decides whether a datagram goes its way."""

    def __init__(self, cluster: Cluster) -> None:
        session = cluster.session.inner
        assert isinstance(session, SimulationSession)
        self._queue = session.cluster.queue
        self._network: SimulatedNetwork = session.cluster.network
        self._send = self._network.send
        self.tape: list[tuple[str, Received]] = []
        """(node, what it received, or was to receive)"""
        self.stop: tuple[type[AnyMessage], ...] = ()
        """Kinds of message that are held back."""
        self.stopped = 0
        self._network.send = self._sees  # type: ignore[method-assign]

    def _sees(self, source: str, action: Send) -> None:
        held = isinstance(action.message, self.stop)
        self.stopped += held
        for node in action.to:
            for network in action.networks:
                self.tape.append((node, Received(network, action.message, action.lives.get(node, 0))))
        if not held:
            self._send(source, action)

    def let_go(self, node: str, event: Received, after_s: float) -> None:
        ears = self._network._receive
        self._queue.put(self._queue.now_ns + round(after_s * SECOND), ears[node], event)


def verdicts(cluster: Cluster) -> list[str]:
    return [f"{f.checker}: {f.because}" for f in cluster.findings() if not f.fine]


@pytest.mark.parametrize("seed", range(40))
def test_repeats_at_random_moments_change_nothing_whatever_is_restarted_meanwhile(seed: int) -> None:
    """Every datagram of two minutes comes again up to twice within the next minute, while users power VMs on and off,
    agents and vCenter crash, and a host dies and comes back. The same cluster without attacker does the same."""

    def played(*, attacked: bool) -> tuple[list[str], dict[str, list[str]], str]:
        draw = random.Random(seed)
        with Cluster.start(SETUP, backend="simulation", seed=seed) as cluster:
            attacker = Attacker(cluster)
            seen = 0
            events = random.Random(seed + 1000)
            for _ in range(12):
                match events.randrange(5):
                    case 0:
                        cluster.fault("vm-power", vm=f"vm-{events.choice((98, 99, 100, 101))}-1", on=False)
                    case 1:
                        host = events.choice(cluster.hosts)
                        cluster.fault("vm-power", vm="vm-98-1", on=True, host=host)
                    case 2:
                        cluster.fault("crash-agent", host=events.choice(cluster.hosts))
                    case 3:
                        off = cluster.power_off(events.choice(("host-98", "host-100")))
                        cluster.advance(events.uniform(5, 25))
                        cluster.heal(off)
                    case _:
                        vcenter = cluster.fault("crash-vcenter")
                        cluster.advance(3)
                        cluster.heal(vcenter)
                cluster.advance(events.uniform(1, 12))
                if attacked:
                    for node, event in attacker.tape[seen:]:
                        for _ in range(draw.randrange(3)):
                            attacker.let_go(node, event, draw.uniform(0.001, 60))
                seen = len(attacker.tape)
            cluster.advance(90)
            where = {f"vm-{n}-1": cluster.where(f"vm-{n}-1") for n in (98, 99, 100, 101)}
            return verdicts(cluster), where, cluster.master

    quiet = played(attacked=False)
    assert played(attacked=True) == quiet
    assert not [found for found in quiet[0] if found.startswith(("asked-for", "one-writer", "started-twice"))]


def test_an_order_that_was_held_back_is_refused_when_it_is_let_go() -> None:
    """A user wants a VM on, the attacker holds every such order back, and the user gives up. The orders come a minute
    later: a VM that the user wants off would start."""
    with Cluster.start(SETUP, backend="simulation") as cluster:
        cluster.fault("vm-power", vm="vm-98-1", on=False)
        cluster.wait_for(lambda: not cluster.where("vm-98-1"), within_s=10)
        attacker = Attacker(cluster)
        attacker.stop = (PowerRequest,)
        cluster.fault("vm-power", vm="vm-98-1", on=True, host="host-100")
        cluster.advance(5)
        assert attacker.stopped >= 4
        cluster.fault("vm-power", vm="vm-98-1", on=False)
        cluster.advance(60)
        attacker.stop = ()
        held = [(node, event) for node, event in attacker.tape if isinstance(event.message, PowerRequest)]
        for node, event in held:
            attacker.let_go(node, event, 0.001)
        cluster.advance(5)
        assert not cluster.where("vm-98-1")
        refused = Counter(str(r.get("reason")) for r in cluster.records_of("dropped", node="host-100"))
        assert refused["late-order"] > 0
        assert verdicts(cluster) == []


def test_orders_come_late_or_in_any_order_and_each_vm_is_as_its_user_wants_it() -> None:
    """Reordering within the time in which an order counts: the last request wins."""
    draw = random.Random(3)
    with Cluster.start(SETUP, backend="simulation") as cluster:
        attacker = Attacker(cluster)
        for wanted in (False, True, False, True, False):
            seen = len(attacker.tape)
            cluster.fault("vm-power", vm="vm-98-1", on=wanted, host="host-98")
            cluster.advance(3)
            orders = [(node, event) for node, event in attacker.tape[seen:] if isinstance(event.message, Order)]
            for node, event in orders:
                attacker.let_go(node, event, draw.uniform(0.5, 9))
        cluster.advance(15)
        assert not cluster.where("vm-98-1")
        assert verdicts(cluster) == []
