"""Stand-ins for tests of the controller: a switch in memory, and native threads.

The switch has a flow table that answers "would this packet come out there?", and misbehaves when told to.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace

from herzschlag.controller.links import Change, Rule, SwitchState
from herzschlag.controller.messages import ControlError, ErrorCode
from herzschlag.controller.switch import RuleCount
from herzschlag.controller.threads import Threads


def native_threads() -> Threads:
    """As those of os-ken, with nothing of a framework in them."""

    def spawn(body: Callable[..., None], *words: object) -> None:
        threading.Thread(target=body, args=words, daemon=True).start()

    return Threads(SimpleNamespace(Queue=queue.Queue, Semaphore=threading.Semaphore, spawn=spawn))


class FakeSwitch:
    """A fake of OpenFlowSwitch; a change takes effect when its end is awaited, as behind a real barrier."""

    def __init__(self, dpid: int) -> None:
        self.dpid = dpid
        self.table: dict[tuple[int, int | None, str | None], Rule] = {}
        self.ports_down: set[int] = set()
        self.changes: list[Change] = []
        self.silent = False
        self._counts: Counter[int] = Counter()

    def read(self, deadline_ns: int) -> SwitchState:
        return SwitchState(frozenset(self.table.values()), frozenset(self.ports_down))

    def counters(self, deadline_ns: int) -> dict[int, RuleCount]:
        return {
            rule.cookie: RuleCount(self._counts[rule.cookie], 100 * self._counts[rule.cookie])
            for rule in self.table.values()
        }

    def begin(self, change: Change) -> Callable[[int], int]:
        def finish(deadline_ns: int) -> int:
            if self.silent:
                raise ControlError(ErrorCode.TIMEOUT, f"switch {self.dpid:#x} has not answered in time")
            self.changes.append(change)
            for rule in change.remove:
                del self.table[rule.key]
                del self._counts[rule.cookie]
            for rule in change.add:
                self.table[rule.key] = rule
            self.ports_down = (self.ports_down | set(change.ports_down)) - set(change.ports_up)
            return time.monotonic_ns()

        return finish

    def packet(self, in_port: int, eth_dst: str) -> int | None:
        """The one port this packet comes out of, or None."""
        ports = self.copies(in_port, eth_dst)
        assert len(ports) <= 1, f"a packet for {eth_dst} came out of ports {ports}"
        return next(iter(ports), None)

    def copies(self, in_port: int, eth_dst: str) -> list[int]:
        """The ports this packet comes out of; the best of all matching rules decides and counts it."""
        if in_port in self.ports_down:
            return []
        matching = [
            rule for rule in self.table.values() if rule.in_port in (None, in_port) and rule.eth_dst in (None, eth_dst)
        ]
        if not matching:
            return []
        best = max(matching, key=lambda rule: rule.priority)
        assert [rule.priority for rule in matching].count(best.priority) == 1, "two rules of one priority match"
        self._counts[best.cookie] += 1
        return [port for port in best.out_ports if port not in self.ports_down]
