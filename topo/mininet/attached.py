"""A Mininet for a second process in a running lab: the same graph, over the nodes, links and switches that exist.

    net = attach(spec, datapath, Attached(holders))     # inside the sandbox
    net["host-98"].cmd("ip address")

Such a net makes nothing and ends nothing: those are the business of the process that made the lab.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel.netlink import Netlink
from herzschlag.topo.mininet.links import LabIntf, LabLink
from herzschlag.topo.mininet.net import LabNet
from herzschlag.topo.mininet.nodes import LabHost, LabSwitch
from herzschlag.topo.mininet.topology import HerzschlagTopo
from herzschlag.topo.spec import TopologySpec


class Attached:
    """The workshop of a lab that is made already (`herzschlag.topo.mininet.workshop`)."""

    def __init__(self, holders: Mapping[str, int]) -> None:
        self.holders = holders
        """The first process of every node that has power."""

    def check_change(self) -> None:
        raise LabError("this Mininet did not make the lab: it adds nothing to it and ends nothing of it")

    def make_hosts(self, hosts: Sequence[LabHost]) -> None:
        for host in hosts:
            host.pid = self.holders.get(host.name)

    def make_links(self, links: Sequence[LabLink]) -> None:
        """They are there."""

    def set_up(self, hosts: Sequence[LabHost]) -> None:
        """They have been."""

    def begin_switches(self, switches: Sequence[LabSwitch]) -> None:
        for switch in switches:
            switch.take_words()

    def finish_switches(self, switches: Sequence[LabSwitch]) -> None:
        """They are ready."""

    def configure_switches(self, switches: Sequence[LabSwitch], *, wait: bool = False) -> None:
        """They are configured."""

    def set_interface(self, interface: LabIntf, up: bool) -> None:
        """A change by hand, of which the lab does not know: the next power-on of the node undoes it."""
        descriptor = os.open(f"/proc/{self.holder(interface.node.name)}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            netlink = Netlink(descriptor)
        finally:
            os.close(descriptor)
        try:
            netlink.send(interface.up_messages() if up else [interface.down_message()])
        finally:
            netlink.close()

    def remove_link(self, link: LabLink) -> None:
        self.check_change()

    def end_host(self, host: LabHost) -> None:
        self.check_change()

    def await_end(self) -> None:
        self.check_change()

    def holder(self, node: str) -> int:
        if node not in self.holders:
            raise LabError(f"{node} is powered off: power it on before entering it")
        return self.holders[node]


def attach(spec: TopologySpec, datapath: str, workshop: Attached) -> Any:
    net = LabNet(HerzschlagTopo(spec), workshop, datapath)
    net.build()
    for switch in net.switches:
        switch.work_at_once()
    return net
