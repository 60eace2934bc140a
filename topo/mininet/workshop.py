"""The protocol by which our Mininet classes have their work done, in batches.

Mininet decides which nodes, switches and links a lab has, under which names, ports and addresses, and when each begins
and ends. An implementation of this protocol makes them, many at once: the lab's (`topo/lab/making.py`), or that of a
second process in a running lab, which makes nothing (`attached.py`).

Hosts, links, interfaces and switches are those of `herzschlag.topo.mininet.nodes` and `herzschlag.topo.mininet.links`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Workshop(Protocol):
    def check_change(self) -> None:
        """Raises LabError where nothing may be added to a built net, or ended."""

    def make_hosts(self, hosts: Sequence[Any]) -> None:
        """Start every node: namespaces of its own and the process that holds them, whose number is the host's pid."""

    def make_links(self, links: Sequence[Any]) -> None:
        """Make both ends of every link: the switch's end up, the node's end down and without an address."""

    def set_up(self, hosts: Sequence[Any]) -> None:
        """Give every node its addresses, neighbours and route, and let its interfaces go up."""

    def begin_switches(self, switches: Sequence[Any]) -> None:
        """Begin what these switches noted: bridges, ports."""

    def finish_switches(self, switches: Sequence[Any]) -> None:
        """Wait until every port has its number."""

    def configure_switches(self, switches: Sequence[Any], *, wait: bool = False) -> None:
        """Have what these switches noted written down, and `wait` until it is carried out."""

    def set_interface(self, interface: Any, up: bool) -> None:
        """Let a node's end of a link go up, with all that belongs to it, or down."""

    def remove_link(self, link: Any) -> None:
        """Both ends."""

    def end_host(self, host: Any) -> None:
        """End every process of a node, and with the node its links. Does not wait for it: `await_end` does."""

    def await_end(self) -> None:
        """Wait until every node that was told to end has ended, with its links, and have it forget its shell."""

    def holder(self, node: str) -> int:
        """The node's first process. Raises LabError while the node is powered off."""
