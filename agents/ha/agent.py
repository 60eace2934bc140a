"""The HA agent of one host: it connects the small machines, and is the only place where a role changes.

    handle(event, now_ns) -> actions        wake_at_ns() -> when to call with WAKE        view() -> snapshot

This module decides which part each event concerns, and the order in which due work is done. It leaves what a role does
to its machine (`roles/`, `master/`), its own VMs to `vms/`, heartbeats and reports to `reporting`. Timeline: fact sheet
1.1 to 1.5. The agent has no clock, socket, randomness or file.
"""

from __future__ import annotations

import msgspec

from herzschlag.agents import records
from herzschlag.agents.core import Core
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.inbox import Inbox
from herzschlag.agents.ha.master.master import Master
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.ha.reporting import Reporting
from herzschlag.agents.ha.roles.alone import Isolated
from herzschlag.agents.ha.roles.candidate import Candidate
from herzschlag.agents.ha.roles.follower import Follower
from herzschlag.agents.ha.roles.role import Parts, RoleChange, RoleMachine, Uninitialized
from herzschlag.agents.ha.vms.component_protection import ComponentProtection
from herzschlag.agents.ha.vms.inventory import OwnVms
from herzschlag.agents.ha.vms.vm_monitoring import GuestMonitor
from herzschlag.agents.protocol.actions import AnyAction, KeepConfig, UseHeartbeatDatastores
from herzschlag.agents.protocol.events import (
    AnyEvent,
    Boot,
    DatastoreChanged,
    FileRead,
    FileWritten,
    GuestChanged,
    HeartbeatSeen,
    LockChanged,
    LockState,
    PingAnswered,
    PowerOnDone,
    Received,
    VmChanged,
    Wake,
)
from herzschlag.agents.protocol.messages import (
    VCENTER,
    AnyMessage,
    Configure,
    Election,
    Heartbeat,
    InventoryAck,
    Order,
    PowerRequest,
    RestartOrder,
)
from herzschlag.agents.settings import NEVER_NS, AgentSettings, ClusterConfig
from herzschlag.agents.states import ROLE_CHANGES, DatastoreAccess, HostState, Role, VmState


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot for tests and reports."""

    moid: str
    role: Role
    master: str
    vms: dict[str, VmState]
    host_states: dict[str, HostState]
    """How a master sees the other hosts; empty in every other role."""
    owned: tuple[str, ...]
    protected: tuple[str, ...]
    dropped: dict[str, int]
    """Datagrams not accepted, by reason."""


class Agent(Core):
    """One HA agent. The module's docstring names its three calls."""

    def __init__(self, settings: AgentSettings) -> None:
        self._c = Context(settings)
        self._interval_ns = settings.timers.heartbeat_interval_ns
        self._leap_ns = settings.timers.leap_ns
        self._vms = OwnVms(self._c)
        self._guests = GuestMonitor(self._c)
        self._vmcp = ComponentProtection(self._c, self._vms.on_datastore, self._vms.wanted_again)
        self._reporting = Reporting(self._c, self._vms)
        self._inbox = Inbox(self._c)
        self._parts = Parts(self._c, self._vms, self._reporting, self._become)
        self._role: RoleMachine = Uninitialized(self._parts)
        self._tick_ns = NEVER_NS
        self._due_ns = NEVER_NS
        self._own_bit = 0

    # --- the three calls ---

    def handle(self, event: AnyEvent, now_ns: int) -> list[AnyAction]:
        c = self._c
        assert now_ns >= c.now_ns, f"{c.moid}: time went back from {c.now_ns} to {now_ns}"
        c.now_ns = now_ns
        if now_ns - self._due_ns > self._leap_ns:
            c.clock_leapt()
            self._guests.clock_leapt()
            self._role.clock_leapt()
        if type(event) is Received:
            if not self._received(event):
                return []
            looks = now_ns >= self._due_ns or bool(c.actions)
        else:
            self._happened(event)
            looks = True
        if looks:
            self._check()
            self._due_ns = self._earliest()
        actions, c.actions = c.actions, []
        return actions

    def wake_at_ns(self) -> int | None:
        return None if self._due_ns == NEVER_NS else self._due_ns

    def view(self) -> AgentView:
        role = self._role
        return AgentView(
            moid=self._c.moid,
            role=role.role,
            master=role.master,
            vms=dict(self._vms.vms),
            host_states=role.host_states(),
            owned=role.owned(),
            protected=role.protected(),
            dropped=dict(self._inbox.dropped),
        )

    # --- roles ---

    def _become(self, change: RoleChange) -> None:
        """The only place where a role changes."""
        was = self._role.role
        if change.to not in ROLE_CHANGES[was]:
            raise AssertionError(
                f"{self._c.moid}: {was} -> {change.to} is not a legal change ({change.because}); see states.py"
            )
        self._role.leave(change.because)
        self._c.trace(records.AgentRole(from_=was, to=change.to, master=change.master, because=change.because))
        self._reporting.changed()
        match change.to:
            case "uninitialized":
                self._role = Uninitialized(self._parts)
            case "election":
                self._role = Candidate(self._parts, change.because, was_isolated=was == "isolated")
            case "slave":
                self._role = Follower(self._parts, change.master)
            case "master":
                self._role = Master(self._parts, change.because, company=change.company)
            case "isolated":
                self._role = Isolated(self._parts, change.because)

    # --- datagrams ---

    def _received(self, event: Received) -> bool:
        """Whether anything may have changed: a plain heartbeat of a healthy peer must cost next to nothing."""
        c = self._c
        message, to_boot = event.message, event.to_boot
        peer = c.peers.get(message.sender)
        if peer is None:
            if message.sender == VCENTER:
                self._from_vcenter(event)
            elif c.config is not None:  # Not configured yet: every host is a stranger.
                self._inbox.drop(message.sender, "stranger")
            return c.config is not None or message.sender == VCENTER
        if not self._inbox.accept(peer, event.network, message, to_boot):
            return True
        self._role.heard(peer)
        if not self._inbox.is_news(peer, message):
            return bool(c.actions)
        if type(message) is Heartbeat:
            peer.heartbeat(message, self._own_bit, c.now_ns)
            self._role.heartbeat(peer, message)
            return bool(c.actions)
        if not isinstance(message, Order) or self._inbox.takes(message, to_boot):
            self._message(peer, message)
        return True

    def _message(self, peer: Peer, message: AnyMessage) -> None:
        match message:
            case Election():
                peer.offered(message, self._own_bit, self._c.now_ns)
                self._role.offer(peer)
            case InventoryAck() | RestartOrder() if not self._role.obeys(peer, message):
                self._inbox.drop(peer.moid, "not-our-master")
            case InventoryAck():
                self._vms.acknowledged(message)
                self._vmcp.answered(frozenset(message.placeable))
            case RestartOrder():
                self._vms.ordered(peer.moid, message)
            case _:
                self._role.message(peer, message)

    def _from_vcenter(self, event: Received) -> None:
        vcenter, message = self._c.vcenter, event.message
        before = vcenter.boot
        if not self._inbox.accept(vcenter, event.network, message, event.to_boot):
            return
        if not self._inbox.is_news(vcenter, message):
            return
        if vcenter.boot != before:
            self._reporting.changed()  # A vCenter that was started does not know that we know it.
            self._due_ns = self._c.now_ns
            if event.to_boot == 0:
                return  # It has not heard us yet, and repeats its order when it has.
        if not isinstance(message, Order) or not self._inbox.takes(message, event.to_boot):
            return
        match message:
            case Configure():
                self._configure(message.config)
            case PowerRequest():
                self._vms.requested(message)
            case _:
                if not self._role.from_vcenter(message):
                    self._inbox.drop(message.sender, "misplaced")

    # --- everything else that happens ---

    def _happened(self, event: AnyEvent) -> None:
        match event:
            case Wake():
                pass
            case Boot():
                self._boot(event)
            case PingAnswered(address):
                self._role.ping_answered(address)
            case VmChanged():
                self._vm_changed(event)
            case PowerOnDone():
                self._power_on_done(event)
            case DatastoreChanged(datastore, access, since_ns):
                self._access_changed(datastore, access, since_ns)
            case GuestChanged(vm, silent):
                self._guests.changed(vm, silent)
            case HeartbeatSeen(host, datastore, stamp, moved):
                self._c.heartbeat_seen(host, datastore, stamp)
                if moved:
                    self._role.heartbeat_seen(host, datastore)
            case FileRead() | FileWritten() | LockChanged() | LockState():
                if type(event) is FileWritten:
                    self._vms.written(event)
                self._role.answered(event)
            case _:
                raise AssertionError(
                    f"{self._c.moid} got {event!r}, which an agent does not handle: it is for vCenter, or a datagram"
                    " that belongs in a Received"
                )

    def _boot(self, event: Boot) -> None:
        c = self._c
        c.boot = event.boot
        c.access = dict(event.datastores)
        self._vms.vms = dict(event.vms)
        self._tick_ns = self._next_tick()
        self._reporting.begin()
        if event.config is not None:
            self._configure(event.config)

    def _configure(self, config: ClusterConfig) -> None:
        c = self._c
        if c.config is not None and config.generation <= c.config.generation:
            return
        c.configure(config)
        self._own_bit = c.own_bit()
        c.do(KeepConfig(config))
        c.trace(records.Configured(generation=config.generation, because="vCenter or the local disk says so"))
        member = any(h.moid == c.moid and not h.maintenance for h in config.hosts)
        if member:
            c.do(UseHeartbeatDatastores(config.host(c.moid).heartbeat_datastores))
            c.watch_anew()
            self._role.reconfigured()
        idle = self._role.role == "uninitialized"
        if member and idle:
            self._become(RoleChange("election", "it is configured"))
        elif not member and not idle:
            self._become(RoleChange("uninitialized", "it is in maintenance mode, or no longer in the cluster"))
        self._write_poweron()
        self._reporting.changed()

    def _access_changed(self, datastore: str, access: DatastoreAccess, since_ns: int) -> None:
        self._c.access[datastore] = access
        if access == "ok":
            self._c.watch_anew()
        self._vmcp.access_changed(datastore, access, since_ns)
        self._role.access_changed(datastore)
        self._changed_inventory()

    # --- our own VMs ---

    def _changed_inventory(self) -> None:
        self._vms.generation += 1
        self._reporting.changed()
        self._write_poweron()
        self._role.inventory_changed()

    def _ask_where_to_restart(self) -> None:
        """VM component protection wants to end VMs: could another host run them? A new inventory asks the master."""
        placeable = self._role.placeable()
        if placeable is None:
            self._changed_inventory()
        else:
            self._vmcp.answered(frozenset(placeable))

    def _write_poweron(self) -> None:
        role = self._role.role
        if self._c.config is not None and role != "uninitialized":
            self._vms.write_poweron(isolated=role == "isolated")

    def _vm_changed(self, event: VmChanged) -> None:
        if event.state == "off":
            self._guests.gone(event.vm)
            self._role.vm_stopped(event.vm)
        if self._vms.changed(event):
            self._changed_inventory()

    def _power_on_done(self, event: PowerOnDone) -> None:
        outcome = self._vms.done(event)
        if event.order.by == self._c.moid:
            self._role.power_on_done(outcome)
        elif event.order.by != VCENTER:
            self._vms.answer(event.order.by, outcome)

    # --- what is due ---

    def _check(self) -> None:
        self._guests.check()
        if self._vmcp.check():
            self._ask_where_to_restart()
        self._role.check()
        if self._c.now_ns >= self._tick_ns:
            self._tick_ns = self._next_tick()
            self._role.tick()
            if self._vms.unwritten:
                self._write_poweron()
            self._inbox.note_silence(self._role.followed())
        self._role.duties()
        self._reporting.check(self._role.role, self._role.master)

    def _earliest(self) -> int:
        own_ns = min(self._tick_ns, self._reporting.due_ns)  # in pairs: those are compiled without a call
        vms_ns = min(self._guests.due_ns(), self._vmcp.due_ns())
        due_ns = min(own_ns, vms_ns)
        return min(due_ns, self._role.due_ns())

    def _next_tick(self) -> int:
        """Next instant of the heartbeat grid, strictly after now."""
        phase_ns = self._c.settings.phase_ns
        return ((self._c.now_ns - phase_ns) // self._interval_ns + 1) * self._interval_ns + phase_ns
