"""The base of all simulated nodes: a name, power, a clock, processes, and a queue of what these tell each other.

This module decides the order in which the processes of one node hear from each other: first said, first heard, all at
the same instant, none while another is speaking. `host.py` and `vcenter.py` decide which processes there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from herzschlag.agents.protocol.events import AnyEvent
from herzschlag.agents.records import Entry
from herzschlag.backends.simulation.network import SimulatedNetwork
from herzschlag.backends.simulation.process import Clock, Process
from herzschlag.backends.simulation.queue import EventQueue

Record = Callable[[str, Entry], None]
"""The function that makes what a node says a record of this instant."""

STEPS_AT_ONCE_MAX = 100_000
"""More events than this between the processes of one node at one instant mean an endless loop in our code."""


class Node:
    """A node without processes of ours: the gateway. Its kernel answers pings while it has power."""

    def __init__(self, name: str, queue: EventQueue, network: SimulatedNetwork, record: Record) -> None:
        self.name = name
        self.queue = queue
        self.network = network
        self.record = record
        self.clock = Clock(queue)
        self.powered = False
        self.pending: deque[tuple[Process, Any]] = deque()
        network.attach(name, self.receive, self.answers_ping)

    def answers_ping(self) -> bool:
        return self.powered

    def receive(self, event: AnyEvent) -> None:
        """Take in a packet that arrived for this node."""

    def power_on(self) -> None:
        self.powered = True

    def power_off(self) -> None:
        self.powered = False

    def drain(self) -> None:
        """Hand the processes what they have said to each other."""
        pending = self.pending
        for _ in range(STEPS_AT_ONCE_MAX):
            if not pending:
                return
            process, event = pending.popleft()
            if process.alive:
                process.step(event)
        raise AssertionError(f"{self.name}: more than {STEPS_AT_ONCE_MAX} events at {self.queue.now_ns} ns: a loop")
