"""The behaviour of a host that hears no other agent: it pings isolation addresses and, once isolated, responds.

This module connects `isolation.py` (is this isolation?) and `isolation_response.py` (which VMs are stopped) and carries
both out. A master has a `Solitude` as well, because it may turn out to be alone; `Isolated` is the role of a host that
is.
"""

from __future__ import annotations

from herzschlag.agents import records
from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.isolation import IsolationProbe
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.ha.roles.candidate import send_offer
from herzschlag.agents.ha.roles.isolation_response import IsolationResponse, ResponseOrder
from herzschlag.agents.ha.roles.role import HostAnswer, Parts, RoleChange, RoleMachine
from herzschlag.agents.protocol.actions import Ping, PowerOff, QueryLock, ShutDownGuest, WriteFile
from herzschlag.agents.protocol.events import LockState
from herzschlag.agents.settings import NEVER_NS


class Solitude:
    """The silence around a master that may be alone, or around an isolated host. Each of these roles makes its own."""

    def __init__(self, context: Context, *, probe_at_once: bool, isolated: bool = False) -> None:
        self._c = context
        self._isolated = isolated
        self._probe = IsolationProbe(
            context.timers, since_ns=context.now_ns, probe_at_once=probe_at_once, declared=isolated
        )

    def due_ns(self) -> int:
        return self._probe.due_ns()

    def declares_isolation(self) -> bool:
        """Do what is due; True when five seconds passed without any sign."""
        now_ns = self._c.now_ns
        if not self._isolated and self._probe.isolated(now_ns):
            return True
        began = self._probe.probing
        if self._probe.ping_due(now_ns):
            if not began and not self._isolated:
                self._c.trace(records.Isolation(phase="probing", because="no other agent is heard"))
            for address in self._c.cluster.isolation_addresses:
                self._c.do(Ping(address))
        return False

    def agent_heard(self, moid: str) -> None:
        if self._probe.traffic(self._c.now_ns):
            self._c.trace(records.Isolation(phase="cancelled", because=f"{moid} is heard"))

    def address_answered(self) -> None:
        """An isolation address answers: the host is not isolated for the time being."""
        if self._probe.probing:
            self._probe.answered(self._c.now_ns)


class Isolated(RoleMachine):
    """From the declaration of isolation until an agent is heard or an isolation address answers."""

    role = "isolated"

    def __init__(self, parts: Parts, because: str) -> None:
        super().__init__(parts)
        c = self._c
        c.trace(records.Isolation(phase="declared", because=because))
        self._solitude = Solitude(c, probe_at_once=True, isolated=True)
        self._response = IsolationResponse(
            c.timers, c.cluster, self._vms.running(), lambda name: c.access.get(name, "ok"), declared_ns=c.now_ns
        )
        self._look_ns = c.now_ns
        """When the owners of the lists are looked at next."""
        self._vms.write_poweron(isolated=True)

    def heard(self, peer: Peer) -> None:
        self._enter(RoleChange("election", f"{peer.moid} is heard"))

    def ping_answered(self, address: str) -> None:
        if address in self._c.cluster.isolation_addresses:
            self._enter(RoleChange("election", f"isolation address {address} answers"))

    def answered(self, event: HostAnswer) -> None:
        match event:
            case LockState(datastore, path, status, owner) if path == layout.protectedlist_path(self._c.cluster.name):
                other = "" if owner == self._c.moid else owner
                self._carry_out(self._response.owner(datastore, other, status == "lost", self._c.now_ns))
            case _:
                pass  # It answers a role that is over.

    def clock_leapt(self) -> None:
        self._response.clock_leapt(self._c.now_ns)

    def vm_stopped(self, vm: str) -> None:
        self._response.stopped(vm)

    def due_ns(self) -> int:
        look_ns = self._look_ns if self._response.undecided() else NEVER_NS
        return min(self._solitude.due_ns(), self._response.due_ns(), look_ns)

    def check(self) -> None:
        self._solitude.declares_isolation()
        if self._c.now_ns >= self._look_ns:
            self._look_at_owners()
        self._carry_out(self._response.check(self._c.now_ns))

    def tick(self) -> None:
        send_offer(self._c)

    def leave(self, because: str) -> None:
        if self._response.active():
            self._c.trace(records.Isolation(phase="cancelled", because=because))

    def _carry_out(self, orders: list[ResponseOrder]) -> None:
        c = self._c
        for order in orders:
            vm = order.vm
            if order.do == "query-owner":
                self._query_owner(vm.datastore)
                continue
            c.trace(
                records.Isolation(
                    phase="deferred" if order.do == "defer" else "response",
                    vm=vm.name,
                    do=order.do,
                    because=order.because,
                )
            )
            if order.marker:
                marker = layout.PoweroffMarker(vm.name, c.moid, order.because)
                c.do(WriteFile(vm.datastore, layout.marker_path(vm.name), layout.encode_marker(marker)))
            if order.do in ("power-off", "shut-down"):
                # A master that never saw the marker learns it when this host is back.
                self._vms.wanted_again(vm.name)
            if order.do == "power-off":
                c.do(PowerOff(vm.name, order.because))
            elif order.do == "shut-down":
                c.do(ShutDownGuest(vm.name, order.because))

    def _look_at_owners(self) -> None:
        """A dead owner's lock looks alive until it was looked at for as long as a lock watch takes. So that this is
        over when the response is due, it begins with isolation, and anew when a datastore is back."""
        self._look_ns = self._c.now_ns + self._c.timers.owner_poll_ns
        for datastore in self._response.undecided():
            if self._c.works(datastore):
                self._query_owner(datastore)

    def _query_owner(self, datastore: str) -> None:
        self._c.do(QueryLock(datastore, layout.protectedlist_path(self._c.cluster.name)))
