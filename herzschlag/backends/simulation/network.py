"""The two networks in memory: which packet reaches which node when, and the effects of faults on that.

This module decides the fate of every datagram and every ping from the conditions in force. A datagram of one sender to
many receivers is one entry of the queue wherever nothing random happens on the way; only on impaired links each packet
is handled by itself. Routes are worked out once per sender, receivers and state of the networks.

What the kernel of a real host would do is decided here too, from what `faults/primitives.py` says of each condition:

- a node whose interface, carrier or address is gone, or whose address is wrong, neither sends nor is reached: its
  sockets are bound to the address, and its neighbours ask for the old one;
- a missing route stops what the node sends, answers to pings included, and nothing that it receives;
- a packet filter stops port 8182 or ICMP alone; pings are answered by the kernel, whatever the processes do.

A cut is judged when the packet is sent. On an impaired link the seed, the link and the packet's number on it decide,
by the same lines as in the relay of real packets (`topo/impairments/line.py`), so a fault elsewhere does not change
which packets this link loses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappush
from typing import NamedTuple

from herzschlag.agents.protocol.actions import Send
from herzschlag.agents.protocol.events import AnyEvent, PingAnswered, Received
from herzschlag.agents.protocol.messages import AnyMessage, Heartbeat
from herzschlag.backends.simulation.queue import EventQueue
from herzschlag.faults import primitives as p
from herzschlag.faults.line_quality import line_course
from herzschlag.history.heartbeats import Arrival
from herzschlag.history.sent import PING, PONG, Passing, SentPacket
from herzschlag.topo.impairments.line import Line
from herzschlag.topo.impairments.values import PERFECT
from herzschlag.topo.spec import GATEWAY, DirectedLink

LATENCY_NS = 200_000
"""The time of an unimpaired packet one way between two namespaces through a switch, with its agent's wake-up."""
PING_BYTES = 36
"""An echo request of an agent, or its answer, with all headers."""

Receive = Callable[[AnyEvent], None]


class Drops:
    """How many packets one fault swallowed: the proof that it had an effect."""

    __slots__ = ("packets",)

    def __init__(self) -> None:
        self.packets = 0


class Rough(NamedTuple):
    """A link on which each packet has a fate of its own."""

    line: Line
    mtu: int | None
    drops: tuple[Drops, ...]

    @property
    def sized(self) -> bool:
        """Whether the size of a packet matters."""
        return self.mtu is not None or any(stage.quality.rate_bit_s for stage in self.line.course.stages)


class End(NamedTuple):
    """A node that datagrams reach over one network."""

    network: str
    node: str
    receive: Receive


class Route(NamedTuple):
    """The fate of one sender's datagrams to a set of nodes, until the conditions change."""

    smooth: tuple[End, ...]
    dropped: tuple[Drops, ...]
    rough: tuple[tuple[End, Rough], ...]


class SimulatedNetwork:
    """All management networks, and the nodes on them."""

    def __init__(
        self,
        queue: EventQueue,
        networks: Sequence[str],
        addresses: Mapping[tuple[str, str], str],
        seed: int,
        size_of: Callable[[AnyMessage], int],
        *,
        counts: bool = False,
    ) -> None:
        """`addresses`: (node, network) to address. `size_of`: bytes of a message on the wire with all headers.
        `counts`: keep what is sent, for `sent`."""
        self._queue = queue
        self._networks = tuple(networks)
        self._whose = {address: where for where, address in addresses.items()}
        self._nodes = tuple(dict.fromkeys(node for node, _ in addresses))
        self._seed = seed
        self._size_of = size_of
        self._receive: dict[str, Receive] = {}
        self._answers: dict[str, Callable[[], bool]] = {}
        self._routes: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Route] = {}
        self._udp_cut: dict[DirectedLink, tuple[Drops, ...]] = {}
        self._icmp_cut: dict[DirectedLink, tuple[Drops, ...]] = {}
        self._rough: dict[DirectedLink, Rough] = {}
        self._beats: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[int, tuple[End, ...]]] = {}
        """Of each sender to each set of nodes, since conditions changed: when its last heartbeat reaches them, and
        which of them."""
        self._arrived: dict[DirectedLink, int] = {}
        """When the last heartbeat on a link reaches its end, but for those in `_beats`."""
        self.lines: dict[DirectedLink, Line] = {}
        """Of every link that was ever impaired."""
        self._sent: list[tuple[int, str, tuple[str, ...], tuple[str, ...], str]] | None = [] if counts else None
        """When, by whom, to whom, by which networks and what: each send, where that is counted."""
        self.watcher: Callable[[tuple[Passing, ...], AnyMessage | None], None] | None = None
        """Called with the packets of every send, one for each receiver and network, and their message, and with every
        ping and answer, for callers that want to see traffic; it changes nothing."""

    def attach(self, node: str, receive: Receive, answers: Callable[[], bool]) -> None:
        """Attach a node to the networks: `receive` gets its packets, `answers` says whether it answers pings."""
        self._receive[node] = receive
        self._answers[node] = answers

    @property
    def now_ns(self) -> int:
        return self._queue.now_ns

    # -- traffic --------------------------------------------------------------------------------------------------

    def send(self, source: str, action: Send) -> None:
        """Send one datagram to each of its receivers on each of its networks."""
        message, to, networks, lives = action.message, action.to, action.networks, action.lives
        beats = type(message) is Heartbeat
        if not beats and min(lives.values(), default=0) < 0:  # Heartbeats, which are most, name the same lives.
            raise AssertionError(f"{source} names lives {lives}: the field has no sign, so it could not be sent")
        if self._sent is not None:
            self._sent.append((self._queue.now_ns, source, to, networks, type(message).__name__))
        key = (source, to, networks)
        route = self._routes.get(key)
        if route is None:
            route = self._routes[key] = self._find_route(source, to, networks)
        smooth, dropped, rough = route
        if smooth:
            if beats:
                self._beats[key] = (self._queue.now_ns + LATENCY_NS, smooth)
            queue = self._queue
            heappush(
                queue.heap, (queue.now_ns + LATENCY_NS, next(queue.order), self._deliver, (smooth, message, lives))
            )
        for drops in dropped:
            drops.packets += 1
        if not rough and self.watcher is None:
            return
        due_ns = {(network, node): self._queue.now_ns + LATENCY_NS for network, node, _ in smooth}
        for (network, node, receive), quality in rough:
            size_bytes = self._size_of(message) if quality.sized else 0
            if quality.mtu is not None and size_bytes > quality.mtu:
                _count(quality.drops)
                continue
            for delay_ns in self._fates(quality, size_bytes):
                at_ns = self._queue.now_ns + delay_ns
                self._queue.put(at_ns, receive, Received(network, message, lives.get(node, 0)))
                due_ns.setdefault((network, node), at_ns)
                if beats:
                    self._arrived[network, source, node] = at_ns
        if self.watcher is not None:
            links = [(network, source, node) for node in to for network in networks if node != source]
            name = type(message).__name__
            self.watcher(tuple(self._passing(link, name, due_ns.get((link[0], link[2]))) for link in links), message)

    def _passing(self, link: DirectedLink, packet: str, due_ns: int | None) -> Passing:
        """A node without power gets nothing."""
        network, source, node = link
        powered = node in self._answers and self._answers[node]()
        return Passing(self._queue.now_ns, due_ns if powered else None, network, source, node, packet)

    def heartbeats(self) -> list[Arrival]:
        """The last heartbeat of every node to every other, by each network; some are long ago."""
        self._note_beats()
        return [Arrival(at_ns, source, node, network) for (network, source, node), at_ns in self._arrived.items()]

    def sent(self) -> list[SentPacket]:
        """Every datagram and echo request so far, if they are counted."""
        return [
            SentPacket(at_ns, source, node, network, packet)
            for at_ns, source, to, networks, packet in self._sent or ()
            for node in to
            for network in networks
        ]

    def _note_beats(self) -> None:
        """Note the last heartbeats by link. A later one of the same sender may reach fewer nodes."""
        for (source, _, _), (at_ns, ends) in self._beats.items():
            for network, node, _ in ends:
                link = (network, source, node)
                self._arrived[link] = max(at_ns, self._arrived.get(link, 0))
        self._beats.clear()

    def ping(self, source: str, address: str) -> None:
        """Send one echo request; the answer reaches `source` as PingAnswered when both ways and the target allow it."""
        found = self._whose.get(address)
        if found is None:
            return
        node, network = found
        if self._sent is not None:
            self._sent.append((self._queue.now_ns, source, (node,), (network,), PING))
        for delay_ns in self._seen_echo((network, source, node), PING):
            self._queue.put(self._queue.now_ns + delay_ns, self._answer_ping, (network, source, node, address))

    def _deliver(self, argument: tuple[tuple[End, ...], AnyMessage, dict[str, int]]) -> None:
        smooth, message, lives = argument
        for network, node, receive in smooth:
            receive(Received(network, message, lives.get(node, 0)))

    def _answer_ping(self, argument: tuple[str, str, str, str]) -> None:
        network, source, node, address = argument
        if self._answers[node]():
            for delay_ns in self._seen_echo((network, node, source), PONG):
                self._queue.put(self._queue.now_ns + delay_ns, self._receive[source], PingAnswered(address))

    def _seen_echo(self, link: DirectedLink, packet: str) -> tuple[int, ...]:
        delays_ns = self._echo(link)
        if self.watcher is not None:
            due_ns = self._queue.now_ns + delays_ns[0] if delays_ns else None
            self.watcher((self._passing(link, packet, due_ns),), None)
        return delays_ns

    def _echo(self, link: DirectedLink) -> tuple[int, ...]:
        """The delays of the copies of one ICMP packet that get through `link`."""
        cut = self._icmp_cut.get(link)
        if cut is not None:
            _count(cut)
            return ()
        rough = self._rough.get(link)
        return (LATENCY_NS,) if rough is None else self._fates(rough, PING_BYTES)

    def _fates(self, quality: Rough, size_bytes: int) -> tuple[int, ...]:
        """The delays of the copies of one packet that get through; nothing when it is lost, or damaged, for then its
        receiver drops it."""
        now_ns = self._queue.now_ns
        due_ns, damaged_at = quality.line.carry(now_ns, size_bytes)
        for at_ns in due_ns:
            quality.line.left(now_ns, at_ns, at_ns)
        if not due_ns or damaged_at is not None:
            _count(quality.drops)
            return ()
        return tuple(LATENCY_NS + at_ns - now_ns for at_ns in due_ns)

    # -- conditions -----------------------------------------------------------------------------------------------

    def set_conditions(self, active: Iterable[tuple[p.AnyCondition, Drops]]) -> None:
        """Put exactly these conditions in force, each with the counter of its fault."""
        self._note_beats()
        udp: dict[DirectedLink, list[Drops]] = {}
        icmp: dict[DirectedLink, list[Drops]] = {}
        impaired: dict[DirectedLink, list[tuple[p.Impaired, Drops]]] = {}
        limits: dict[DirectedLink, list[tuple[int, Drops]]] = {}
        for condition, drops in active:
            match condition:
                case p.LinkCut(network=network, src=src, dst=dst):
                    self._cut([(network, src, dst)], drops, udp, icmp)
                case (
                    p.PortDown(network=network, node=node)
                    | p.CarrierDown(network=network, node=node)
                    | p.AddressGone(network=network, node=node)
                    | p.AddressWrong(network=network, node=node)
                ):
                    self._cut(self._links((network,), node, "both"), drops, udp, icmp)
                case p.RouteMissing(network=network, node=node):
                    self._cut(self._links((network,), node, "out"), drops, udp, icmp)
                case p.Blocked(host=host, what=what, direction=direction):
                    self._cut(self._links(self._networks, host, direction), drops, udp if what == "8182" else icmp)
                case p.GatewaySilent():
                    self._cut(self._links(self._networks, GATEWAY, "out"), drops, icmp)
                case p.Impaired(network=network, src=src, dst=dst):
                    impaired.setdefault((network, src, dst), []).append((condition, drops))
                case p.MtuLimit(network=network, node=node, mtu=mtu):
                    for link in self._links((network,), node, "both"):
                        limits.setdefault(link, []).append((mtu, drops))
                case _:
                    pass  # a condition of nodes, datastores or VMs, not of the networks
        self._udp_cut = {link: tuple(found) for link, found in udp.items()}
        self._icmp_cut = {link: tuple(found) for link, found in icmp.items()}
        self._rough = {
            link: self._combine(link, impaired.get(link, []), limits.get(link, []))
            for link in sorted({*impaired, *limits})
        }
        for link in self.lines.keys() - self._rough.keys():
            self.lines[link].change(PERFECT, self._queue.now_ns)
        self._routes.clear()

    def _links(self, networks: Sequence[str], node: str, direction: p.Direction) -> list[DirectedLink]:
        out = direction in ("out", "both")
        into = direction in ("in", "both")
        return [
            link
            for network in networks
            for other in self._nodes
            if other != node
            for link, wanted in (((network, node, other), out), ((network, other, node), into))
            if wanted
        ]

    @staticmethod
    def _cut(links: Iterable[DirectedLink], drops: Drops, *tables: dict[DirectedLink, list[Drops]]) -> None:
        for link in links:
            for table in tables:
                counters = table.setdefault(link, [])
                if drops not in counters:
                    counters.append(drops)

    def _combine(
        self, link: DirectedLink, impaired: list[tuple[p.Impaired, Drops]], limits: list[tuple[int, Drops]]
    ) -> Rough:
        if link not in self.lines:
            self.lines[link] = Line(self._seed, link)
        line = self.lines[link]
        line.change(line_course([condition for condition, _ in impaired]), self._queue.now_ns)
        return Rough(
            line=line,
            mtu=min((mtu for mtu, _ in limits), default=None),
            drops=tuple(dict.fromkeys([drops for _, drops in impaired] + [drops for _, drops in limits])),
        )

    def _find_route(self, source: str, to: tuple[str, ...], networks: tuple[str, ...]) -> Route:
        smooth: list[End] = []
        dropped: list[Drops] = []
        rough: list[tuple[End, Rough]] = []
        for network in networks:
            for node in to:
                link = (network, source, node)
                if network not in self._networks or node not in self._receive or node == source:
                    continue
                if link in self._udp_cut:
                    dropped.extend(self._udp_cut[link])
                    continue
                end = End(network, node, self._receive[node])
                if link in self._rough:
                    rough.append((end, self._rough[link]))
                else:
                    smooth.append(end)
        return Route(tuple(smooth), tuple(dropped), tuple(rough))


def _count(counters: Iterable[Drops]) -> None:
    for drops in counters:
        drops.packets += 1
