"""Link and interface classes for Mininet, which note what it decides until the lab makes all links at once.

Mininet makes a link by typing `ip link add` into a node's shell, and sets an interface up by typing `ifconfig`. Ours
keep what the constructors are given. Once the lab has made them (`real`), up and down go over netlink, with everything
that an interface loses when it goes down. Whatever else a user asks of an interface is Mininet's own work: it is typed
into the node.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from mininet.link import Intf, Link

from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel.netlink import (
    FIRST_INDEX,
    End,
    Message,
    address_message,
    default_route_message,
    link_message,
    move_message,
    neighbour_message,
    network_route_message,
    no_network_route_message,
    up_message,
)

MTU = 1500


class LabIntf(Intf):  # type: ignore[misc]
    """One end of a link."""

    def __init__(self, name: str, **params: Any) -> None:
        self.real = False
        self.neighbours: Sequence[Message] = ()
        """Everybody who can be reached through it, as messages to the kernel."""
        super().__init__(name, **params)

    @property
    def index(self) -> int:
        """Its number in the node's network namespace."""
        return FIRST_INDEX + int(self.node.ports[self])

    @property
    def mtu(self) -> int:
        return int(self.params.get("mtu", MTU))

    # --- what Mininet's constructors ask for ---

    def setIP(self, ipstr: str, prefixLen: int | None = None) -> Any:
        if self.real:
            return super().setIP(ipstr, prefixLen)
        address, _, length = ipstr.partition("/")
        if not length and prefixLen is None:
            raise LabError(f"{self.node}, {self}: address {ipstr} has no prefix length: write for example {ipstr}/16")
        self.ip, self.prefixLen = address, int(length or prefixLen or 0)
        return ""

    def setMAC(self, macstr: str) -> Any:
        if self.real:
            return super().setMAC(macstr)
        self.mac = macstr
        return ""

    def isUp(self, setUp: bool = False) -> Any:
        return super().isUp(setUp) if self.real else True

    def ifconfig(self, *args: Any) -> Any:
        if self.node.inNamespace and args in (("up",), ("down",)):
            self.node.workshop.set_interface(self, args == ("up",))
            return ""
        return super().ifconfig(*args)

    def updateIP(self) -> str | None:
        """The lab's address, also while the node is off or has lost it: who pings it wants to see that it is gone."""
        address: str | None = self.ip
        return address

    # --- what the kernel is told ---

    def address_message(self, present: bool) -> list[Message]:
        if self.ip is None:
            return []
        return [address_message(self.index, self.ip, int(self.prefixLen), present=present)]

    def up_messages(self, *, addressed: bool = True, routed: bool = True) -> list[Message]:
        """An interface going down loses its neighbours and routes, so going up means giving it everything again. Not
        `routed`: what the kernel adds by itself is removed in the same batch."""
        messages = [up_message(self.index, True)]
        if addressed:
            messages += self.address_message(True)
            if not routed and self.ip is not None:
                messages.append(no_network_route_message(self._own(), self.index))
        messages += self.neighbours
        return messages + self._default_route() if addressed and routed else messages

    def route_messages(self) -> list[Message]:
        """Its routes, which it has from `up_messages` on."""
        if self.ip is None:
            return []
        return [network_route_message(self._own(), self.index), *self._default_route()]

    def _own(self) -> ipaddress.IPv4Interface:
        return ipaddress.IPv4Interface(f"{self.ip}/{self.prefixLen}")

    def move_message(self, netns: int) -> Message:
        """What takes it into another network namespace of its node's, whatever a program has made of it."""
        return move_message(End(self.name, self.mac), index=self.index, netns=netns, mtu=self.mtu)

    def down_message(self) -> Message:
        return up_message(self.index, False)

    def neighbour_message(self, index: int) -> Message:
        """This interface as others see it, through their interface of that number."""
        return neighbour_message(index, self.ip, self.mac)

    def _default_route(self) -> list[Message]:
        gateway = self._gateway()
        return [default_route_message(self.index, gateway)] if gateway else []

    def _gateway(self) -> str | None:
        """The node's gateway, if it is reached through this interface."""
        gateway: str | None = self.node.gateway
        if gateway is None or self.ip is None:
            return None
        own = ipaddress.ip_interface(f"{self.ip}/{self.prefixLen}").network
        return gateway if ipaddress.ip_address(gateway) in own else None


class LabLink(Link):  # type: ignore[misc]
    """A veth pair between a node and a switch."""

    def __init__(self, node1: Any, node2: Any, **params: Any) -> None:
        if node1.inNamespace == node2.inNamespace:
            raise LabError(f"a link between {node1} and {node2} cannot be: it joins a node and a switch")
        super().__init__(node1, node2, **params)
        self.node_end, self.switch_end = self.intf1, self.intf2
        if node2.inNamespace:
            self.node_end, self.switch_end = self.intf2, self.intf1

    @classmethod
    def makeIntfPair(cls, *_: Any, **__: Any) -> None:
        """Made with all others, when Mininet has named the last one: `LabNet.buildFromTopo`."""

    def message(self, netns: int) -> Message:
        """What makes it, with the node's end in that network namespace."""
        node, switch = self.node_end, self.switch_end
        ends = (End(node.name, node.mac), End(switch.name, switch.mac))
        return link_message(*ends, index=node.index, netns=netns, mtu=node.mtu)

    def plug_in_again(self) -> None:
        """After both ends were made anew: the switch still has the old one."""
        end = self.switch_end
        end.node.vsctl(f"-- del-port {end.node} {end.name}")
        end.node.note_port(end)

    def become_real(self) -> None:
        self.intf1.real = self.intf2.real = True

    def delete(self) -> None:
        self.node_end.node.workshop.remove_link(self)
        for interface in (self.intf1, self.intf2):
            interface.node.delIntf(interface)
            interface.link = None

    def stop(self) -> None:
        """Ended by the kernel together with the node it leads to: `LabNet.stop`."""
