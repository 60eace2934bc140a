"""Mininet's prompt for names with hyphens, and for nodes that may be without power."""

from __future__ import annotations

import logging
import select
from typing import Any

from mininet.cli import CLI
from mininet.log import lg, output
from mininet.util import quietRun

from herzschlag.topo.errors import LabError
from herzschlag.topo.mininet.nodes import LabHost

PING_S = "1"
"""Mininet's own default leaves it to ping, which waits ten seconds for each of two nodes that a cut separates."""
_LOOK_S = 0.2
"""How often a shell that says nothing is looked at."""


class LabPrompt(CLI):  # type: ignore[misc]
    """Mininet's prompt, which takes `host-98 ping host-99`: its own ends a command's name at the first hyphen.

    Runs as it is made: LabPrompt(lab.net), or with script=path. Subclass it with do_... methods for more commands.
    """

    identchars = f"{CLI.identchars}-"

    def do_pingall(self, line: str) -> None:
        """Ping between all hosts that have power: pingall [SECONDS for an answer, 1 if none is named]"""
        self.mn.ping(self._powered(), line.strip() or PING_S)

    def do_pingallfull(self, line: str) -> None:
        """Ping between all hosts that have power, and say how long each took."""
        self.mn.pingFull(self._powered())

    def waitForNode(self, node: LabHost) -> None:
        """Mininet's own waits for ever when the node's shell ends, as by `host-98 exit`."""
        if self.isatty():
            quietRun("stty -icanon min 1")
        while node.waiting:
            try:
                ready = select.select([node.stdout, self.stdin], [], [], _LOOK_S)[0]
                if self.stdin in ready:
                    node.write(self.stdin.read(1))
                if node.stdout in ready:
                    output(node.monitor())
                elif node.shell.poll() is not None:
                    node.abandon()
                    raise LabError(f"the shell of {node.name} has ended: its next command opens a new one")
            except KeyboardInterrupt:
                node.sendInt()

    def _powered(self) -> list[Any]:
        output("*** Ping: testing ping reachability\n")
        off = [node for node in self.mn.hosts if node.pid is None]
        if off:
            output(f"*** Without power, left out: {' '.join(node.name for node in off)}\n")
        return [node for node in self.mn.hosts if node.pid is not None]


def print_by(handler: logging.Handler) -> None:
    """Have everything that Mininet says go there."""
    lg.handlers[:] = [handler]
