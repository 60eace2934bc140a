"""Which orders an agent takes: those for its present life, that answer what it said just now, and are not superseded.

A host that follows an order starts or stops VMs, takes a configuration, or believes that it was taken in. A program
that records datagrams can send them again, to an agent that was restarted since, or hold them back and let them go
later: the tag is right. So this module decides that an order counts only

- in the life of the agent that it names: one of an earlier life was meant for another state of this host;
- while the message of ours that it answers is at most `Timers.order_answers_ns` old, by our own clock: no clock is
  shared, and none is needed;
- from vCenter, while nothing newer of the same kind, and about the same VM, was taken.

From whom an order is taken is for the role machines: a slave obeys the master that it follows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from herzschlag.agents.protocol.messages import Order, PowerRequest


class SentLately:
    """The sequence numbers of our own messages that an order may still answer."""

    __slots__ = ("_limit_ns", "_marks")

    def __init__(self, limit_ns: int) -> None:
        self._limit_ns = limit_ns
        self._marks: deque[tuple[int, int]] = deque()
        """(when, sequence), oldest first."""

    def note(self, sequence: int, now_ns: int) -> None:
        self._marks.append((now_ns, sequence))
        self._forget(now_ns)

    def holds(self, sequence: int, now_ns: int) -> bool:
        """Whether the message with this number was sent lately."""
        self._forget(now_ns)
        return bool(self._marks) and self._marks[0][1] <= sequence <= self._marks[-1][1]

    def _forget(self, now_ns: int) -> None:
        marks, limit_ns = self._marks, now_ns - self._limit_ns
        while marks and marks[0][0] < limit_ns:
            marks.popleft()


class Superseded:
    """The newest of vCenter's orders of each kind, so that an older one that comes late is refused."""

    def __init__(self) -> None:
        self._newest: dict[Hashable, tuple[int, int]] = {}
        """What the order is about, to (vCenter's life, sequence)."""

    def takes(self, order: Order) -> bool:
        about: Hashable = (PowerRequest, order.vm.name) if isinstance(order, PowerRequest) else type(order)
        stamp = (order.boot, order.sequence)
        if stamp < self._newest.get(about, (0, 0)):
            return False
        self._newest[about] = stamp
        return True
