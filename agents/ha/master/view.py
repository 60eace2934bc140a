"""The view of the cluster that a master sends to vCenter: at every change and every few seconds.

This module decides when one is due. What a view shows comes from the parts that own it: hosts, lists, restarts.
"""

from __future__ import annotations

from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.master.failover import Failover
from herzschlag.agents.ha.master.host_book import HostBook
from herzschlag.agents.ha.master.ownership import Ownership
from herzschlag.agents.protocol.messages import VCENTER, ClusterView


class ViewSender:
    def __init__(self, context: Context, hosts: HostBook, ownership: Ownership, failover: Failover) -> None:
        self._c = context
        self._hosts = hosts
        self._ownership = ownership
        self._failover = failover
        self._changed = True
        self.due_ns = context.now_ns

    def changed(self) -> None:
        """Something that is shown changed: the next `check` sends a view."""
        self._changed = True

    def check(self) -> None:
        now_ns = self._c.now_ns
        if not self._changed and now_ns < self.due_ns:
            return
        self._changed = False
        self.due_ns = now_ns + self._c.timers.report_ns
        self._c.send(
            ClusterView,
            (VCENTER,),
            hosts=self._hosts.states(),
            owned=self._ownership.owned(),
            protected=tuple(self._ownership.protected()),
            pending=self._failover.pending(),
        )
