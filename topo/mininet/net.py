"""The Mininet that makes a lab: the stock one decides what the lab has and when, and ours has all of it made at once.

    LabNet(HerzschlagTopo(spec), workshop, controller)
      build()   constructors of hosts, switches and links note what they are given; then all nodes are started, all
                links made, the switches begun, all addresses, neighbours and routes given: each in one batch
      start()   the switches' ports are all there, and the switches obey the controller
      stop()    switches, nodes and links have ended

Two of Mininet's habits are kept away: it would set limits of the whole machine (`Mininet.init`), and its clean-up ends
processes by name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mininet.net import Mininet
from mininet.topo import Topo

from herzschlag.topo.mininet.links import LabIntf, LabLink
from herzschlag.topo.mininet.nodes import LabHost, LabSwitch
from herzschlag.topo.mininet.workshop import Workshop


class LabNet(Mininet):  # type: ignore[misc]
    def __init__(
        self, topo: Topo, workshop: Workshop, datapath: str, controller: Callable[..., Any] | None = None
    ) -> None:
        """`controller`: what makes Mininet's controllers, as `LabController`; None: the switches have none."""
        self.workshop = workshop
        Mininet.inited = True  # its initialisation would raise limits of the whole machine
        super().__init__(
            topo=topo,
            host=partial(LabHost, workshop=workshop),
            switch=partial(LabSwitch, workshop=workshop, datapath=datapath),
            link=LabLink,
            intf=LabIntf,
            controller=controller,
            autoStaticArp=True,
            build=False,
        )

    def buildFromTopo(self, topo: Topo | None = None) -> None:
        super().buildFromTopo(topo)
        self.workshop.make_hosts(self.hosts)
        self.workshop.make_links(self.links)
        for switch in self.switches:
            switch.note_ports()
        self.workshop.begin_switches(self.switches)  # they take their time, in which the hosts are set up

    def build(self) -> None:
        super().build()
        self.workshop.set_up(self.hosts)
        for link in self.links:
            link.become_real()

    def addHost(self, name: str, cls: Any = None, **params: Any) -> Any:
        self._check_change()
        host = super().addHost(name, cls, **params)
        if self.built:
            self.workshop.make_hosts([host])
        return host

    def addSwitch(self, name: str, cls: Any = None, **params: Any) -> Any:
        self._check_change()
        switch = super().addSwitch(name, cls, **params)
        switch.note_bridge()
        self.workshop.begin_switches([switch])  # making a datapath takes longer than making nodes and links
        return switch

    def addLink(self, node1: Any, node2: Any, *ports: int | None, **params: Any) -> Any:
        self._check_change()
        link = super().addLink(node1, node2, *ports, **params)
        if self.built:
            self.workshop.make_links([link])
            link.switch_end.node.note_port(link.switch_end)
            self.staticArp()
            self.workshop.set_up(self.hosts)
            link.become_real()
        return link

    def delNode(self, node: Any, nodes: list[Any] | None = None) -> None:
        self._check_change()
        super().delNode(node, nodes)
        self.workshop.await_end()

    def _check_change(self) -> None:
        if self.built:
            self.workshop.check_change()

    def staticArp(self) -> None:
        """Everybody on a switch is everybody's neighbour there: Mininet's own knows a single interface of each host."""
        for switch in self.switches:
            ends = [link.node_end for link in self.links if link.switch_end.node is switch]
            tables = {
                index: [end.neighbour_message(index) for end in ends if end.ip is not None]
                for index in {end.index for end in ends}
            }
            for end in ends:
                end.neighbours = tables[end.index]

    def stop(self) -> None:
        self._check_change()
        super().stop()
        self.workshop.await_end()
