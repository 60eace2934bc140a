"""A node's lasting part: its links, kept while the processes that hold it come and go.

Each life of a node has a network namespace of its own, into which its links are taken: whatever else the life before
put into its own, addresses, links, routes, neighbours, filters, queues, sysctls, ends with it.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel.netlink import (
    Message,
    Netlink,
    mtu_message,
    remove_message,
    remove_route_message,
    routes_question,
)
from herzschlag.topo.lab.node_processes import NodeProcesses

if TYPE_CHECKING:
    from herzschlag.topo.mininet.links import LabIntf


@dataclass
class Link:
    """A node's end of a link, as Mininet has it, and what is wanted of it."""

    interface: LabIntf
    switch_interface: str
    up: bool = True
    addressed: bool = True
    routed: bool = True
    mtu: int | None = None
    """Limit at the switch's end; None: as large as the link was made."""

    def up_messages(self) -> list[Message]:
        return self.interface.up_messages(addressed=self.addressed, routed=self.routed)

    def down_message(self) -> Message:
        return self.interface.down_message()


class Node:
    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self.powered = True
        self.frozen = False
        self.netns = _network_of(pid)
        """The descriptor's number stays the same for all lives."""
        self.netlink = Netlink(self.netns)
        self.links: dict[str, Link] = {}
        """By network."""
        self.hold(pid)

    def hold(self, pid: int) -> None:
        self.pid = pid
        self.holder: int | None = os.pidfd_open(pid)
        self.processes = NodeProcesses(pid)
        self.powered = True

    def bring_up(self, *links: Link) -> None:
        """Interfaces with all that is wanted of them."""
        messages = [message for link in links for message in link.up_messages()]
        self.netlink.send(messages, missing_ok=not all(link.routed for link in links))

    def give_routes(self, link: Link) -> None:
        """Where the interface is down, or has no address, they come with those."""
        link.routed = True
        if self.powered and link.up and link.addressed:
            self.netlink.send(link.interface.route_messages())

    def drop_routes(self, link: Link) -> None:
        """Every route over the interface: a default route left behind would still reach the gateway."""
        link.routed = False
        told = self.netlink.ask(routes_question())
        gone = [found for answer in told if (found := remove_route_message(answer, link.interface.index)) is not None]
        self.netlink.send(gone, missing_ok=True)

    def move(self, pid: int, root: Netlink) -> list[Link]:
        """Take the links into the network namespace of a new holder. `root`: for the ends at the switches. Returns
        those links that had to be made anew."""
        netns = _network_of(pid)
        made = []
        for link in self.links.values():
            try:
                self.netlink.send([link.interface.move_message(netns)])
            except LabError:  # a program on the node has removed it, or taken it elsewhere
                root.send([remove_message(link.switch_interface)], missing_ok=True)
                root.send([link.interface.link.message(netns)])
                made.append(link)
                if link.mtu is not None:
                    root.send([mtu_message(link.switch_interface, link.mtu)])
        os.dup2(netns, self.netns, inheritable=False)
        os.close(netns)
        self.netlink.close()
        self.netlink = Netlink(self.netns)
        return made

    def let_go(self) -> None:
        if self.holder is not None:
            os.close(self.holder)
            self.processes.close()
        self.holder = None
        self.powered = self.frozen = False

    def kill(self) -> None:
        """Every process of the node; does not wait until they have ended."""
        if self.holder is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.holder, signal.SIGKILL)

    def close(self) -> None:
        """Give up the network namespace, which ends with its last process."""
        self.let_go()
        self.netlink.close()
        os.close(self.netns)

    def link(self, network: str) -> Link:
        if network not in self.links:
            raise LabError(f"{self.name} has no link to network {network!r}: its networks are {', '.join(self.links)}")
        return self.links[network]

    @property
    def netns_path(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self.netns}"


def _network_of(pid: int) -> int:
    return os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
