"""What a host does while it hears no other agent: ping isolation addresses, and, once isolated, respond.

Joins `isolation.py` (is this isolation?) and `isolation_response.py` (which VMs are stopped) and carries both out.
Leaves the change of role to `agent.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.isolation import IsolationProbe
from herzschlag.agents.ha.roles.isolation_response import IsolationResponse, Order
from herzschlag.agents.protocol.actions import Ping, PowerOff, QueryLock, ShutDownGuest, WriteFile
from herzschlag.agents.settings import NEVER_NS


class Solitude:
    """Of a master that may be alone, or of an isolated host. Made anew with each of these roles."""

    def __init__(self, context: Context, *, probe_at_once: bool, isolated: bool = False) -> None:
        self._c = context
        self._isolated = isolated
        self._probe = IsolationProbe(
            context.timers, since_ns=context.now_ns, probe_at_once=probe_at_once, declared=isolated
        )
        self._response: IsolationResponse | None = None
        self._wanted_again: Callable[[str], None] = lambda vm: None

    def respond_for(self, vms: Iterable[str], wanted_again: Callable[[str], None]) -> None:
        """Isolation is declared: prepare the response for these running VMs. `wanted_again` is told of each VM that
        is stopped, so that a master which never saw the marker hears of it when the host is back."""
        c = self._c
        self._wanted_again = wanted_again
        self._response = IsolationResponse(
            c.timers, c.cluster, vms, lambda name: c.access.get(name, "ok"), declared_ns=c.now_ns
        )

    def due_ns(self) -> int:
        response_ns = self._response.due_ns() if self._response is not None else None
        return min(self._probe.due_ns(), NEVER_NS if response_ns is None else response_ns)

    def declares_isolation(self) -> bool:
        """Do what is due; True when five seconds passed without any sign."""
        now_ns = self._c.now_ns
        if not self._isolated and self._probe.isolated(now_ns):
            return True
        began = self._probe.probing
        if self._probe.ping_due(now_ns):
            if not began and not self._isolated:
                self._c.trace("isolation", phase="probing", because="no other agent is heard")
            for address in self._c.cluster.isolation_addresses:
                self._c.do(Ping(address))
        if self._response is not None:
            self._carry_out(self._response.check(now_ns))
        return False

    def agent_heard(self, moid: str) -> None:
        if self._probe.traffic(self._c.now_ns):
            self._c.trace("isolation", phase="cancelled", because=f"{moid} is heard")

    def address_answered(self) -> None:
        """An isolation address answers: not isolated, for the time being."""
        if self._probe.probing:
            self._probe.answered(self._c.now_ns)

    def owner_known(self, datastore: str, status: str, owner: str) -> None:
        if self._response is not None:
            other = "" if owner == self._c.moid else owner
            self._carry_out(self._response.owner(datastore, other, status == "lost", self._c.now_ns))

    def vm_stopped(self, vm: str) -> None:
        if self._response is not None:
            self._response.stopped(vm)

    def end(self, because: str) -> None:
        if self._response is not None and self._response.active():
            self._c.trace("isolation", phase="cancelled", because=because)

    def _carry_out(self, orders: list[Order]) -> None:
        c = self._c
        for order in orders:
            vm = order.vm
            if order.do == "query-owner":
                c.do(QueryLock(vm.datastore, layout.protectedlist_path(c.cluster.name)))
                continue
            phase = "deferred" if order.do == "defer" else "response"
            c.trace("isolation", phase=phase, vm=vm.name, do=order.do, because=order.because)
            if order.marker:
                marker = layout.PoweroffMarker(vm.name, c.moid, order.because)
                c.do(WriteFile(vm.datastore, layout.marker_path(vm.name), layout.encode_marker(marker)))
            if order.do in ("power-off", "shut-down"):
                self._wanted_again(vm.name)
            if order.do == "power-off":
                c.do(PowerOff(vm.name, order.because))
            elif order.do == "shut-down":
                c.do(ShutDownGuest(vm.name, order.because))
