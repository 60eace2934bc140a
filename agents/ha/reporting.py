"""What a host says of itself: heartbeats to other agents, reports to vCenter.

This module decides when a report is due: at every change and every few seconds. The role machines decide to whom
heartbeats go, and when.
"""

from __future__ import annotations

from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.vms.inventory import OwnVms
from herzschlag.agents.protocol.actions import Send
from herzschlag.agents.protocol.messages import VCENTER, Heartbeat, Report
from herzschlag.agents.settings import NEVER_NS
from herzschlag.agents.states import Role


class Reporting:
    def __init__(self, context: Context, vms: OwnVms) -> None:
        self._c = context
        self._vms = vms
        self._changed = False
        self.due_ns = NEVER_NS

    def begin(self) -> None:
        """The agent was started: its first report is due at once."""
        self.due_ns = self._c.now_ns

    def changed(self) -> None:
        """Something that reports contain changed: the next `check` sends one."""
        self._changed = True

    def heartbeat(self, role: Role, master: str, to: tuple[str, ...], heard: int, *, reign: int = 0) -> None:
        c = self._c
        if not to:
            return
        beat = Heartbeat(
            sender=c.moid,
            boot=c.boot,
            sequence=c.number(),
            sent_ns=c.now_ns,
            role=role,
            master=master,
            goodness=c.offer()[0],
            heard=heard,
            config=c.cluster.generation,
            inventory=self._vms.generation,
            reign=reign,
        )
        c.lives_held = True
        c.do(Send(beat, to, c.networks, c.lives))  # written out: `Context.send` takes twice the time

    def check(self, role: Role, master: str) -> None:
        if not self._changed and self._c.now_ns < self.due_ns:
            return
        self._changed = False
        self.due_ns = self._c.now_ns + self._c.timers.report_ns
        self._c.send(
            Report,
            (VCENTER,),
            role=role,
            master=master,
            config=self._c.config.generation if self._c.config else 0,
            vms=tuple(sorted(self._vms.running())),
            datastores=dict(self._c.access),
        )
