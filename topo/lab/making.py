"""The maker of a lab: it carries out in batches what Mininet decided (`herzschlag.topo.mininet.workshop`).

Nodes come from one spawner, links from one send over netlink, bridges and ports from one transaction of Open vSwitch.
Every name, port and address is the one that Mininet's objects have; what happens to nodes and links later is left to
`herzschlag.topo.lab.lab`.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel import syscalls
from herzschlag.topo.kernel.netlink import InNetwork, Netlink, remove_message
from herzschlag.topo.lab.holder import Holder
from herzschlag.topo.lab.node import Link, Node
from herzschlag.topo.lab.spawner import Spawner
from herzschlag.topo.lab.storage import Storage
from herzschlag.topo.lab.switches import Switches
from herzschlag.topo.spec import NETWORKS, node_interface

if TYPE_CHECKING:
    from herzschlag.topo.mininet.links import LabIntf, LabLink
    from herzschlag.topo.mininet.nodes import LabHost, LabSwitch

_DEATH_S_MAX = 20.0
_WAKE_S = 0.02
_NETWORK_OF = {node_interface(network): network for network in NETWORKS}


class Making:
    def __init__(self, storage: Storage, switches: Switches, hosts_file: str, stamp: Callable[[str], None]) -> None:
        """`hosts_file`: of every node; `stamp` is told what has just been done."""
        self.nodes: dict[str, Node] = {}
        self.lock = threading.RLock()
        self.root = Netlink()
        self.spawner: Spawner | None = None
        self._storage = storage
        self._switches = switches
        self._hosts_file = hosts_file
        self._stamp = stamp
        self._ending: list[tuple[LabHost, Node]] = []

    def start(self) -> None:
        self.spawner = Spawner()

    def close(self) -> None:
        """End what Mininet has not ended, as when it failed half-way."""
        for node in [*self.nodes.values(), *(node for _, node in self._ending)]:
            node.kill()
            node.close()
        self.nodes, self._ending = {}, []
        if self.spawner is not None:
            self.spawner.close()
        self.root.close()

    def spawn(self, names: Sequence[str]) -> list[int]:
        """Start nodes, in network namespaces of their own. Returns their holders."""
        assert self.spawner is not None, "start comes before spawn"
        storage = self._storage
        return self.spawner.spawn(
            [
                Holder(
                    name=name,
                    hosts=self._hosts_file,
                    steps=storage.steps_of_a_new_life(name),
                    later=storage.views_of_a_new_life(name),
                    writable=storage.writable(name),
                )
                for name in names
            ]
        )

    # --- what Mininet has made ---

    def check_change(self) -> None:
        """Everything is allowed to the process that made the lab."""

    def make_hosts(self, hosts: Sequence[LabHost]) -> None:
        for host, pid in zip(hosts, self.spawn([host.name for host in hosts]), strict=True):
            self.nodes[host.name] = Node(host.name, pid)
            host.pid = pid
        self._stamp("nodes")

    def make_links(self, links: Sequence[LabLink]) -> None:
        ends = [(link, self.nodes[link.node_end.node.name]) for link in links]
        self.root.send([link.message(node.netns) for link, node in ends])
        for link, node in ends:
            node.links[_network(link.node_end)] = Link(link.node_end, link.switch_end.name)
        self._stamp("links")

    def set_up(self, hosts: Sequence[LabHost]) -> None:
        for host in hosts:
            self._set_up(self.nodes[host.name])
        self._stamp("addresses")

    def _set_up(self, node: Node) -> None:
        if self._switches.datapath == "user":
            with InNetwork(node.netns):
                syscalls.transmit_checksums_off(tuple(link.interface.name for link in node.links.values()))
        node.bring_up(*(link for link in node.links.values() if link.up))

    def begin_life(self, node: Node) -> None:
        """Start a node that has no power anew, with its links as they are wanted."""
        (pid,) = self.spawn([node.name])
        node.hold(pid)
        for link in node.move(pid, self.root):
            link.interface.link.plug_in_again()
        self._set_up(node)

    def begin_switches(self, switches: Sequence[LabSwitch]) -> None:
        self._switches.begin([word for switch in switches for word in switch.take_words()])

    def finish_switches(self, switches: Sequence[LabSwitch]) -> None:
        ports = {name: port for switch in switches for name, port in switch.numbers.items()}
        self._switches.finish(ports, [switch.name for switch in switches])
        self._stamp("switches")

    def configure_switches(self, switches: Sequence[LabSwitch], *, wait: bool = False) -> None:
        if words := [word for switch in switches for word in switch.take_words()]:
            self._switches.configure(words, wait=wait)

    def set_interface(self, interface: LabIntf, up: bool) -> None:
        self.carrier(interface.node.name, _network(interface), up)

    def carrier(self, node: str, network: str, up: bool) -> None:
        with self.lock:
            found = self.node(node)
            link = found.link(network)
            link.up = up
            if found.powered:
                if up:
                    found.bring_up(link)
                else:
                    found.netlink.send([link.down_message()])

    def remove_link(self, link: LabLink) -> None:
        with self.lock:
            self.root.send([remove_message(link.switch_end.name)], missing_ok=True)
            del self.node(link.node_end.node.name).links[_network(link.node_end)]

    # --- the end ---

    def end_host(self, host: LabHost) -> None:
        with self.lock:
            if (node := self.nodes.pop(host.name, None)) is not None:
                node.kill()
                self._ending.append((host, node))

    def await_end(self) -> None:
        with self.lock:
            ended, self._ending = self._ending, []
            for host, node in ended:
                self.await_death(node)
                node.close()
                host.pid = None
                host.abandon()
            gone = [link.switch_interface for _, node in ended for link in node.links.values()]
            self.root.send([remove_message(name) for name in gone], missing_ok=True)

    def await_death(self, node: Node) -> None:
        """Until the kernel has ended every process of a node that was killed."""
        deadline = time.monotonic() + _DEATH_S_MAX
        while node.holder is not None and not select.select([node.holder], [], [], _WAKE_S)[0]:
            node.processes.wake_waiters()
            if time.monotonic() >= deadline:
                raise LabError(
                    f"{node.name} did not end within {_DEATH_S_MAX:.0f} s of being killed: some process that forked"
                    " into it does not wait for its children"
                )

    # --- where nodes are ---

    def node(self, name: str) -> Node:
        if name not in self.nodes:
            raise LabError(f"node {name!r} is not in this lab: its nodes are {', '.join(self.nodes) or 'none'}")
        return self.nodes[name]

    def holder(self, node: str) -> int:
        found = self.node(node)
        if not found.powered:
            raise LabError(f"{node} is powered off: power it on before entering it")
        return found.pid


def _network(interface: LabIntf) -> str:
    """Which network an interface leads to; one that a user gave another name is known by that."""
    name: str = interface.name
    return _NETWORK_OF.get(name, name)
