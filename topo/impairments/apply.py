"""Applies impairments: changes every node's filters and queues at one instant, as nearly as possible.

This module decides the order: everything that takes time comes before the instant (`prepare`), and at it each node
costs one call of the packet filter, one send to the kernel and one to the relay (`apply`). It leaves what is wanted,
and which links the relay serves, to `values.py`, and how the three bring it about to `filters.py`, `queues.py` and
`relay.py`.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import chain

import msgspec

from herzschlag.topo.errors import UnusableMachineError
from herzschlag.topo.impairments.filters import relayed as relayed_script
from herzschlag.topo.impairments.filters import script, way_to_relay
from herzschlag.topo.impairments.line import Counts
from herzschlag.topo.impairments.queues import (
    Layout,
    Message,
    delaying,
    layout,
    longest_ns,
    passed,
    question,
    removal,
    steps,
)
from herzschlag.topo.impairments.relay import Relay
from herzschlag.topo.impairments.relay_messages import set_message
from herzschlag.topo.impairments.values import Block, Course, Impairment, Means, Quality
from herzschlag.topo.kernel.netlink import Netlink, interface_index
from herzschlag.topo.kernel.nftables import Nftables
from herzschlag.topo.kernel.probes import missing_for_delays
from herzschlag.topo.spec import GATEWAY, DirectedLink, TopologySpec

RELAY_ALWAYS = "HERZSCHLAG_RELAY"
"""Environment variable: set it to have the relay serve every bad line, where the kernel has netem as well. Then a
repeat with the same seed loses the same packets there too."""

EMPTY_AFTER_S = 0.02
"""Queues are taken away this long after the last packet should have left; the kernel's timers may be a little late."""


class _Node:
    def __init__(self, networks: Iterable[str], netns: int, netlink: Netlink) -> None:
        self.netlink = netlink
        self.nftables = Nftables(netns)
        self.netns = netns
        self.kernels = Impairment()
        """What the kernel does of its impairment; the rest is the relay's."""
        self.relayed: dict[tuple[str, str], Course] = {}
        self.ways: set[str] = set()
        """The networks on which it has a way to the relay."""
        self.layouts = dict.fromkeys(networks, Layout())
        self.let_go = 0
        """Packets its netems had let go when its impairment began."""
        self.filtered = 0
        """Packets that its filters had dropped in earlier lives of the node."""
        self.empty_at_ns = 0
        """When the last packet will have left that an earlier impairment may have delayed."""
        self.changes = 0


def kernel_serves() -> bool:
    """Whether the kernel does what it can do of bad lines; otherwise the relay does it."""
    return not os.environ.get(RELAY_ALWAYS) and not missing_for_delays()


class Change(msgspec.Struct, frozen=True):
    """One node's, ready to be carried out."""

    node: str
    kernels: Impairment
    relayed: dict[tuple[str, str], Course]
    filters: str
    """Empty: they stay as they are."""
    ways: str
    """What is to take the way to the relay. Empty: what took it before."""
    layouts: dict[str, Layout]
    messages: list[Message]
    to_relay: list[bytes]


class Impairments:
    """What impairs the nodes of one lab, powered or not: it lies in their network namespaces."""

    def __init__(self, spec: TopologySpec, place: Callable[[str], tuple[int, Netlink]], seed: int = 0) -> None:
        """`place`: a node's network namespace and its line to the kernel. `seed`: of what the relay does to packets."""
        self._spec = spec
        self._place = place
        self._seed = seed
        self._relay: Relay | None = None
        self.on_relay: Callable[[int], None] = lambda pid: None
        """Called with the relay's pid when it is started: without it the lab is dead."""
        self._nodes: dict[str, _Node] = {}
        self._lock = threading.Lock()
        self._tidying: list[threading.Timer] = []

    def close(self) -> None:
        for timer in self._tidying:
            timer.cancel()
        self.settle()
        for one in self._nodes.values():
            one.nftables.close()
        self._nodes = {}
        if self._relay is not None:
            self._relay.close()
            self._relay = None

    def start_relay(self) -> None:
        """Start the relay, which takes as long as a Python program takes to come up; otherwise the first link that
        needs it waits for that."""
        if self._relay is None:
            self._relay = Relay(self._spec, self._seed)
            self.on_relay(self._relay.pid)

    def ready_relay(self, senders: Iterable[tuple[str, str]]) -> None:
        """Have what these nodes send on these networks ready to be relayed."""
        with self._lock:
            for node, network in senders:
                self._open(node, network)

    def _open(self, node: str, network: str) -> None:
        self.start_relay()
        assert self._relay is not None
        found = self._node(node)
        if network not in found.ways:
            self._relay.open(node, network, found.netns)
            found.nftables.run(way_to_relay(network))
            for nodes in ([node], []):  # no packet of its own leaves for it; the first change takes twice as long
                found.nftables.run(relayed_script(self._spec, network, nodes))
            found.ways.add(network)

    def warm_up(self) -> None:
        """Do once what takes long the first time only, so that no fault comes late for it: load the library and the
        kernel's modules, open a line to every node's filters, pass a sample through the gateway's. What this machine
        cannot do is reported by the call that needs it."""
        link = (self._spec.networks[0], self._spec.hosts[0].moid)
        sample = {link: Quality(loss=0.5, duplicate=0.5, delay_ns=1)} if kernel_serves() else {}
        with contextlib.suppress(UnusableMachineError):
            for wanted in (Impairment(blocks=(Block("icmp"),), links=sample), Impairment()):
                self.apply(self.prepare({GATEWAY: wanted}))
            with self._lock:
                for node in self._spec.nodes:
                    self._node(node)

    def prepare(self, wanted: Mapping[str, Impairment]) -> list[Change]:
        """Work out what has to be done so that exactly this impairs these nodes. Changes nothing."""
        with self._lock:
            return [self._change(node, one) for node, one in sorted(wanted.items())]

    def _node(self, node: str) -> _Node:
        if node not in self._nodes:
            self._nodes[node] = _Node(self._spec.networks, *self._place(node))
        return self._nodes[node]

    def _change(self, node: str, wanted: Impairment) -> Change:
        found, spec = self._node(node), self._spec
        kernels, relayed = wanted.split(kernel_serves())
        filters = script(spec, node, kernels)
        if filters == script(spec, node, found.kernels):
            filters = ""
        to_relay = self._to_relay(node, found.relayed, relayed)
        ways = "" if relayed.keys() == found.relayed.keys() else self._ways(found, relayed)
        layouts, messages = {}, []
        for network in spec.networks:
            before = found.layouts[network]
            layouts[network] = layout(spec, node, network, kernels, before)
            messages += steps(before, layouts[network], interface_index(network))
        if messages:
            found.changes += 1  # the queues stay as they are from here on: the messages rely on it
            found.let_go = self._let_go(found, layouts)
        return Change(node, kernels, relayed, filters, ways, layouts, messages, to_relay)

    def _to_relay(
        self, node: str, before: Mapping[tuple[str, str], Course], wanted: Mapping[tuple[str, str], Course]
    ) -> list[bytes]:
        messages = []
        for network in self._spec.networks:
            lines = {dst: course for (on, dst), course in wanted.items() if on == network}
            if lines != {dst: course for (on, dst), course in before.items() if on == network}:
                self._open(node, network)
                messages.append(set_message(node, network, lines))
        return messages

    def _ways(self, node: _Node, links: Iterable[tuple[str, str]]) -> str:
        taken: dict[str, list[str]] = {network: [] for network in sorted(node.ways)}
        for network, destination in links:
            taken[network].append(destination)
        return "".join(relayed_script(self._spec, network, nodes) for network, nodes in taken.items())

    def apply(self, changes: list[Change]) -> int:
        """Carry them out; returns the instant at which the last one was in force."""
        with self._lock:
            if to_relay := list(chain.from_iterable(change.to_relay for change in changes)):
                assert self._relay is not None, "it was started when the change was prepared"
                self._relay.send(to_relay)  # first: a packet that gets there should find its line
            for change in changes:
                found = self._nodes[change.node]
                if change.filters:
                    found.nftables.run(change.filters)
                    found.filtered = 0
                if change.ways:
                    found.nftables.run(change.ways)
                if change.messages:
                    found.netlink.send(change.messages)
                    self._mended(found, change.layouts)
                found.kernels, found.relayed, found.layouts = change.kernels, change.relayed, change.layouts
            return time.monotonic_ns()

    def renew(self, node: str, counted: Mapping[str, int]) -> None:
        """Have what impairs a node in force again, in the network namespace of its new life. `counted`: by then."""
        with self._lock:
            before = self._nodes.pop(node, None)
            if before is None:
                return
            before.changes += 1  # its queues ended with the network namespace: no timer is to take them away
            before.nftables.close()
            new = self._node(node)
            new.kernels, new.relayed, new.layouts = before.kernels, before.relayed, before.layouts
            new.empty_at_ns, new.filtered = before.empty_at_ns, counted.get("filtered", 0)
            for network in sorted(before.ways):
                self._open(node, network)
            new.nftables.run(script(self._spec, node, new.kernels) + self._ways(new, new.relayed))
            queues = {interface_index(network): one for network, one in new.layouts.items()}
            new.netlink.send([message for at, one in queues.items() for message in steps(Layout(), one, at)])
            new.let_go = -counted.get("delayed", 0)
            self._mended(new, new.layouts)

    # --- Queues that delay nothing any more ---------------------------------------------------------------------------

    def _mended(self, node: _Node, layouts: Mapping[str, Layout]) -> None:
        """Take queues away that are not needed any more, as soon as no packet can be in them."""
        now_ns = time.monotonic_ns()
        node.empty_at_ns = max(node.empty_at_ns, now_ns + max(longest_ns(one) for one in node.layouts.values()))
        node.changes += 1
        if not any(delaying(one) for one in layouts.values()):
            left_s = (node.empty_at_ns - now_ns) / 1e9 + EMPTY_AFTER_S
            timer = threading.Timer(left_s, self._tidy, (node, node.changes))
            timer.daemon = True
            self._tidying = [one for one in self._tidying if one.is_alive()] + [timer]
            timer.start()

    def _tidy(self, node: _Node, changes: int) -> None:
        with self._lock:
            if node.changes == changes:
                made = [network for network, one in node.layouts.items() if one.classes]
                node.netlink.send([removal(interface_index(network)) for network in made])
                node.layouts = dict.fromkeys(node.layouts, Layout())

    def settle(self) -> None:
        """Wait until nothing is left of impairments that are over."""
        for timer in self._tidying:
            timer.join()

    # --- What shows it ------------------------------------------------------------------------------------------------

    def means(self) -> list[Means]:
        """What impairs anything now."""
        found: set[Means] = {means for one in self._nodes.values() for means in one.kernels.means}
        if any(one.relayed for one in self._nodes.values()):
            found.add("relay")
        return sorted(found)

    def counted(self, node: str) -> dict[str, int]:
        """Packets that the node's filters have dropped and the kernel's queues delayed since its last change."""
        with self._lock:
            found = self._nodes.get(node)
            counts: dict[str, int] = {}
            if found is not None and "nftables" in found.kernels.means:
                counts["filtered"] = found.filtered + found.nftables.packets()
            if found is not None and "netem" in found.kernels.means:
                counts["delayed"] = self._let_go(found, found.layouts) - found.let_go
            return counts

    def lines(self, node: str) -> dict[DirectedLink, Counts]:
        """What happened on the node's lines that the relay serves, since the quality of each last changed."""
        with self._lock:
            found = self._nodes.get(node)
            return self._relay.counts(node) if self._relay and found is not None and found.relayed else {}

    def take_relay_late_ns(self) -> int | None:
        """How much later than planned the relay woke since this was last asked; None: there is none."""
        with self._lock:
            return None if self._relay is None else self._relay.take_late_ns()

    @staticmethod
    def _let_go(node: _Node, layouts: Mapping[str, Layout]) -> int:
        """Packets that have passed those netems of the node which delay in these layouts."""
        counted = {(interface_index(net), handle) for net, one in layouts.items() for handle in delaying(one)}
        if not counted:
            return 0
        told = [found for answer in node.netlink.ask(question()) if (found := passed(answer)) is not None]
        return sum(packets for interface, handle, packets in told if (interface, handle) in counted)
