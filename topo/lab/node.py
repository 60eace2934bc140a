"""A node's lasting part: its network namespace and its links, kept while the processes that hold it come and go."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel.netlink import Message, Netlink
from herzschlag.topo.lab.nsenter_children import process_namespace

if TYPE_CHECKING:
    from herzschlag.topo.mininet.links import LabIntf


@dataclass
class Link:
    """A node's end of a link, as Mininet has it, and what is wanted of it."""

    interface: LabIntf
    switch_interface: str
    up: bool = True
    addressed: bool = True

    def up_messages(self) -> list[Message]:
        return self.interface.up_messages(addressed=self.addressed)

    def down_message(self) -> Message:
        return self.interface.down_message()


class Node:
    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self.powered = True
        self.frozen = False
        self.netns = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.netlink = Netlink(self.netns)
        self.links: dict[str, Link] = {}
        """By network."""
        self.hold(pid)

    def hold(self, pid: int) -> None:
        self.pid = pid
        self.holder: int | None = os.pidfd_open(pid)
        self.processes = process_namespace(pid)
        self.powered = True

    def let_go(self) -> None:
        if self.holder is not None:
            os.close(self.holder)
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
