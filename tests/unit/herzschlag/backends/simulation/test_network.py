"""The in-memory network: every packet that it wrongly delivers or drops would make simulated verdicts wrong."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest

from herzschlag.agents.protocol.actions import Send
from herzschlag.agents.protocol.events import PingAnswered, Received
from herzschlag.agents.protocol.messages import Election, Heartbeat
from herzschlag.backends.simulation.network import LATENCY_NS, Drops, SimulatedNetwork
from herzschlag.backends.simulation.queue import EventQueue
from herzschlag.faults import primitives as p
from herzschlag.topo.catalog import two_networks

LAB = two_networks(3)
MS = 1_000_000


def beat(sequence: int = 1, sender: str = "host-98") -> Heartbeat:
    return Heartbeat(
        sender=sender,
        boot=1,
        sequence=sequence,
        sent_ns=0,
        role="master",
        master=sender,
        goodness=3,
        heard=0,
        config=1,
        inventory=1,
    )


class Wire:
    """A network whose nodes note what reaches them."""

    def __init__(self, seed: int = 0, size: int = 200, *, counts: bool = False) -> None:
        self.queue = EventQueue()
        addresses = {(node, net): LAB.address(node, net) for node in LAB.nodes for net in LAB.networks}
        self.network = SimulatedNetwork(self.queue, LAB.networks, addresses, seed, lambda message: size, counts=counts)
        self.heard: list[tuple[int, str, Any]] = []
        self.up = dict.fromkeys(LAB.nodes, True)
        self.drops = Drops()
        for node in LAB.nodes:
            self.network.attach(node, self._ear(node), partial(self.up.__getitem__, node))

    def _ear(self, node: str) -> Any:
        return lambda event: self.heard.append((self.queue.now_ns, node, event))

    def break_(self, *conditions: p.AnyCondition) -> None:
        self.network.set_conditions((condition, self.drops) for condition in conditions)

    def send(self, source: str = "host-98", to: tuple[str, ...] = ("host-99", "host-100")) -> list[tuple[str, str]]:
        """Send on both networks; returns the (node, network) pairs that heard it."""
        self.heard.clear()
        self.network.send(source, Send(beat(sender=source), to, ("A", "B"), LIVES))
        self.queue.run_until(self.queue.now_ns + 10**9)
        return [(node, event.network) for _, node, event in self.heard]

    def ping(self, node: str, network: str = "A", source: str = "host-98") -> bool:
        self.heard.clear()
        address = LAB.address(node, network)
        self.network.ping(source, address)
        self.queue.run_until(self.queue.now_ns + 10**9)
        return [(n, e) for _, n, e in self.heard] == [(source, PingAnswered(address))]


LIVES = {"host-99": 4, "host-100": 5}
ALL = [("host-99", "A"), ("host-100", "A"), ("host-99", "B"), ("host-100", "B")]


def test_a_datagram_reaches_everyone_on_both_networks_after_the_latency() -> None:
    wire = Wire()
    assert wire.send() == ALL
    assert {at for at, _, _ in wire.heard} == {LATENCY_NS}
    assert all(event == Received(event.network, beat(), LIVES[node]) for _, node, event in wire.heard)


def test_what_real_packets_cannot_carry_is_not_sent() -> None:
    """A fault that ends vCenter on real packets must not pass for a healthy run here."""
    wire, offer = Wire(), Election(sender="host-98", boot=1, sequence=1, sent_ns=0, goodness=3, heard=0, config=1)
    with pytest.raises(AssertionError, match="could not be sent"):
        wire.network.send("host-98", Send(offer, ("host-99",), ("A", "B"), {"host-99": -1}))
    wire.network.send("host-98", Send(offer, ("host-99",), ("A", "B"), {}))


def test_a_multicast_is_one_entry_of_the_queue_even_when_a_link_is_cut() -> None:
    """The speed of the simulation depends on it."""
    wire = Wire()
    wire.break_(p.LinkCut(network="A", src="host-98", dst="host-99"))
    wire.network.send("host-98", Send(beat(), ("host-99", "host-100"), ("A", "B"), LIVES))
    assert len(wire.queue) == 1


@pytest.mark.parametrize(
    ("condition", "lost_out", "lost_in", "ping_out", "ping_in"),
    [
        (p.LinkCut(network="A", src="host-98", dst="host-99"), {("host-99", "A")}, set(), False, False),
        (p.LinkCut(network="A", src="host-98", dst="host-99", at="nftables"), {("host-99", "A")}, set(), False, False),
        (p.PortDown(network="A", node="host-99"), {("host-99", "A")}, {("host-98", "A")}, False, False),
        (p.CarrierDown(network="A", node="host-99"), {("host-99", "A")}, {("host-98", "A")}, False, False),
        (p.AddressGone(network="A", node="host-99"), {("host-99", "A")}, {("host-98", "A")}, False, False),
        (
            p.AddressWrong(network="A", node="host-99", address="198.18.77.2"),
            {("host-99", "A")},
            {("host-98", "A")},
            False,
            False,
        ),
        (p.RouteMissing(network="A", node="host-99"), set(), {("host-98", "A")}, False, False),
        (
            p.Blocked(host="host-99", what="8182", direction="in"),
            {("host-99", "A"), ("host-99", "B")},
            set(),
            True,
            True,
        ),
        (
            p.Blocked(host="host-99", what="8182", direction="out"),
            set(),
            {("host-98", "A"), ("host-98", "B")},
            True,
            True,
        ),
        (p.Blocked(host="host-99", what="icmp", direction="in"), set(), set(), False, False),
        (p.MtuLimit(network="A", node="host-99", mtu=100), {("host-99", "A")}, {("host-98", "A")}, True, True),
        (p.MtuLimit(network="A", node="host-99", mtu=200), set(), set(), True, True),
        (p.GatewaySilent(), set(), set(), True, True),
    ],
)
def test_each_condition_stops_what_it_says_and_nothing_else(
    condition: p.AnyCondition,
    lost_out: set[tuple[str, str]],
    lost_in: set[tuple[str, str]],
    ping_out: bool,
    ping_in: bool,
) -> None:
    """`out`: host-98 to host-99 and host-100; `in`: host-99 to host-98; pings on A, each way."""
    wire = Wire()
    wire.break_(condition)
    assert set(wire.send()) == set(ALL) - lost_out
    assert set(wire.send("host-99", ("host-98",))) == {("host-98", "A"), ("host-98", "B")} - lost_in
    assert wire.ping("host-99") is ping_out
    assert wire.ping("host-98", source="host-99") is ping_in
    udp = len(lost_out) + len(lost_in)
    assert wire.drops.packets >= udp and (wire.drops.packets > 0) == (udp > 0 or not ping_out)
    wire.break_()
    assert wire.send() == ALL and wire.ping("host-99")


def test_a_silent_gateway_is_heard_by_no_host_and_a_dead_node_answers_no_ping() -> None:
    wire = Wire()
    assert wire.ping("gateway", "A") and wire.ping("gateway", "B")
    wire.break_(p.GatewaySilent())
    assert not wire.ping("gateway", "A") and not wire.ping("gateway", "B")
    wire.break_()
    wire.up["gateway"] = False
    assert not wire.ping("gateway")
    wire.network.ping("host-98", "198.18.99.99")
    wire.queue.run_until(10**12)
    assert wire.heard == [], "a stranger's address answers"


def impaired(**quality: Any) -> p.Impaired:
    return p.Impaired(network="A", src="host-98", dst="host-99", **quality)


def test_loss_takes_about_its_share_and_counts_it() -> None:
    wire = Wire(seed=7)
    wire.break_(impaired(loss=0.2))
    got = Counter(pair for _ in range(2000) for pair in wire.send())
    assert got["host-99", "B"] == got["host-100", "A"] == 2000
    assert 1500 < got["host-99", "A"] < 1700
    assert got["host-99", "A"] + wire.drops.packets == 2000


def test_two_losses_on_one_link_act_one_after_the_other() -> None:
    wire = Wire(seed=7)
    wire.break_(impaired(loss=0.5), impaired(loss=0.5, delay_ms=1.0))
    got = sum(("host-99", "A") in wire.send() for _ in range(2000))
    assert 400 < got < 600


def test_delay_jitter_duplication_and_reordering_do_what_they_say() -> None:
    wire = Wire()
    wire.break_(impaired(delay_ms=100.0, jitter_ms=20.0, duplicate=1.0))
    start_ns = wire.queue.now_ns
    assert sorted(wire.send()) == sorted([*ALL, ("host-99", "A")])
    delays = [at - start_ns for at, node, event in wire.heard if (node, event.network) == ("host-99", "A")]
    assert all(LATENCY_NS + 80 * MS <= delay <= LATENCY_NS + 120 * MS for delay in delays) and len(delays) == 2
    wire.break_(impaired(delay_ms=100.0, reorder=1.0))
    start_ns = wire.queue.now_ns
    wire.send()
    assert {at - start_ns for at, _, _ in wire.heard} == {LATENCY_NS}, "a reordered packet overtakes the delayed ones"


def test_a_link_loses_the_same_packets_whatever_else_is_broken() -> None:
    """Shrinking a schedule needs it: removing one fault must not change what another does."""
    alone, beside = Wire(seed=3), Wire(seed=3)
    alone.break_(impaired(loss=0.5))
    beside.break_(impaired(loss=0.5), p.Impaired(network="B", src="host-98", dst="host-100", loss=0.5))
    fates = [[("host-99", "A") in wire.send() for _ in range(64)] for wire in (alone, beside)]
    assert fates[0] == fates[1] and len(set(fates[0])) == 2
    other = Wire(seed=4)
    other.break_(impaired(loss=0.5))
    assert [("host-99", "A") in other.send() for _ in range(64)] != fates[0]


def test_entries_of_one_instant_happen_in_the_order_they_were_put_and_time_only_grows() -> None:
    queue = EventQueue()
    seen: list[str] = []
    for name in "abc":
        queue.put(10, seen.append, name)
    queue.put(5, lambda _: queue.put(1, seen.append, "late"), None)
    assert queue.run_until(10)
    assert seen == ["late", "a", "b", "c"] and queue.now_ns == 10


def test_the_last_heartbeats_are_those_that_arrive() -> None:
    """Published instants count from them: one that a cut drops is not among them, and a slow one counts late."""
    wire = Wire()
    wire.send()
    wire.break_(
        p.LinkCut(network="A", src="host-98", dst="host-99"),
        p.Impaired(network="A", src="host-98", dst="host-100", delay_ms=5),
    )
    sent_ns = wire.queue.now_ns
    wire.send()
    last: dict[tuple[str, str], int] = {}
    for one in wire.network.heartbeats():
        assert one.sender == "host-98"
        last[one.receiver, one.network] = max(one.at_ns, last.get((one.receiver, one.network), 0))
    assert last == {
        ("host-99", "A"): LATENCY_NS,
        ("host-100", "A"): sent_ns + 5 * MS + LATENCY_NS,
        ("host-99", "B"): sent_ns + LATENCY_NS,
        ("host-100", "B"): sent_ns + LATENCY_NS,
    }


def test_what_is_sent_is_kept_where_it_is_counted_also_if_it_is_lost() -> None:
    wire = Wire(counts=True)
    wire.break_(p.LinkCut("A", "host-98", "host-99", at="switch"))
    wire.send(to=("host-99",))
    wire.network.ping("host-98", LAB.address("gateway", "A"))
    assert [one[1:] for one in wire.network.sent()] == [
        ("host-98", "host-99", "A", "Heartbeat"),
        ("host-98", "host-99", "B", "Heartbeat"),
        ("host-98", "gateway", "A", "Ping"),
    ]


def test_nothing_is_kept_of_what_no_scenario_asks_for() -> None:
    """A simulated week sends hundreds of millions of packets."""
    wire = Wire()
    wire.send()
    assert wire.network.sent() == []
