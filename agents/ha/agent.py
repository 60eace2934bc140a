"""The HA agent of one host: joins the small machines, and is the only place where a role changes.

    handle(event, now_ns) -> actions        wake_at_ns() -> when to call with WAKE        view() -> snapshot

Decides roles (table in `states.py`), heartbeats, joining, the agent's own VMs and poweron file. Leaves silence of
other hosts to `liveness`, elections to `election`, isolation to `isolation` and `response`, a master's duties to
`mastership`. Timeline: fact sheet 1.1 to 1.5. No clock, socket, randomness or file.
"""

from __future__ import annotations

import msgspec

from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.election import better
from herzschlag.agents.ha.inbox import Inbox
from herzschlag.agents.ha.master.master import Mastership
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.ha.roles.alone import Solitude
from herzschlag.agents.ha.roles.candidate import Candidacy, send_offer
from herzschlag.agents.ha.roles.follower import Following
from herzschlag.agents.ha.vms.component_protection import ComponentProtection
from herzschlag.agents.ha.vms.inventory import Workload
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
    Inventory,
    InventoryAck,
    Join,
    PowerRequest,
    Protect,
    Report,
    RestartOrder,
    RestartResult,
    Welcome,
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
    """As this host sees them while it is master; else empty."""
    owned: tuple[str, ...]
    protected: tuple[str, ...]
    dropped: dict[str, int]
    """Datagrams not accepted, by reason."""


class Agent:
    """One HA agent. See the module's text for the three calls."""

    def __init__(self, settings: AgentSettings) -> None:
        self._c = Context(settings)
        self._t = settings.timers
        self._interval_ns = settings.timers.heartbeat_interval_ns
        self.role: Role = "uninitialized"
        self.master = ""
        self._workload = Workload(self._c)
        self._guests = GuestMonitor(self._c)
        self._vmcp = ComponentProtection(self._c, self._workload.on_datastore, self._workload.wanted_again)
        # Each role has its own machine, made when the role is entered; the others are None.
        self._candidacy: Candidacy | None = None
        self._following: Following | None = None
        self._mastership: Mastership | None = None
        self._solitude: Solitude | None = None
        self._inbox = Inbox(self._c)
        self._tick_ns = NEVER_NS
        self._report_ns = NEVER_NS
        self._report_changed = False
        self._due_ns = NEVER_NS
        self._own_bit = 0

    # --- the three calls ---

    def handle(self, event: AnyEvent, now_ns: int) -> list[AnyAction]:
        c = self._c
        assert now_ns >= c.now_ns, f"{c.moid}: time went back from {c.now_ns} to {now_ns}"
        c.now_ns = now_ns
        if type(event) is Received:
            if not self._received(event.network, event.message):
                return []
        else:
            self._happened(event)
        if now_ns >= self._due_ns or c.actions or not isinstance(event, Received):
            self._check()
            self._due_ns = self._earliest()
        actions, c.actions = c.actions, []
        return actions

    def wake_at_ns(self) -> int | None:
        return None if self._due_ns == NEVER_NS else self._due_ns

    def view(self) -> AgentView:
        reign = self._mastership
        return AgentView(
            moid=self._c.moid,
            role=self.role,
            master=self.master,
            vms=dict(self._workload.vms),
            host_states=reign.states() if reign else {},
            owned=reign.ownership.owned() if reign else (),
            protected=tuple(reign.ownership.protected()) if reign else (),
            dropped=dict(self._inbox.dropped),
        )

    # --- datagrams ---

    def _received(self, network: str, message: AnyMessage) -> bool:
        """Returns whether anything may have changed: plain heartbeats of healthy peers must cost next to nothing."""
        c = self._c
        peer = c.peers.get(message.sender)
        if peer is None:
            if c.config is None and message.sender != VCENTER:
                return False  # Not configured yet: every host is a stranger.
            self._from_outside(message)
            return True
        if not self._inbox.accept(peer, network, message):
            return True
        reign = self._mastership
        if reign is not None:
            reign.heard(peer)
        if self._solitude is not None or self._candidacy is not None:
            self._heard_an_agent(peer)
        if not self._inbox.is_news(peer, message):
            return bool(c.actions)
        if type(message) is Heartbeat:
            return self._heartbeat(peer, message)
        self._message(peer, message)
        return True

    def _heartbeat(self, peer: Peer, message: Heartbeat) -> bool:
        peer.hears_us = bool(message.heard & self._own_bit)
        reign = self._mastership
        if message.role == "master":
            peer.offer = (message.goodness, peer.moid)
            peer.offer_ns = self._c.now_ns
            if self._following is not None:
                if peer.moid == self.master:
                    self._following.heartbeat(peer)
            elif self._candidacy is not None:
                self._candidacy.master_heard(peer)
            elif reign is not None:
                peer.role, peer.master = message.role, message.master
                reign.heartbeat(peer, message)
                if peer.hears_us and better(peer.offer, self._c.offer()):
                    self._enter_election(f"{peer.moid} is master as well, hears this host, and is better")
                return True
        elif self._candidacy is not None:
            self._candidacy.leads_no_more(peer)
        elif reign is not None and not peer.joined:
            reign.heartbeat(peer, message)
        peer.role, peer.master = message.role, message.master
        return bool(self._c.actions)

    def _message(self, peer: Peer, message: AnyMessage) -> None:
        c, reign = self._c, self._mastership
        match message:
            case Election():
                peer.hears_us = bool(message.heard & self._own_bit)
                peer.offer, peer.offer_ns, peer.role = (message.goodness, peer.moid), c.now_ns, "election"
                if reign is not None:
                    reign.offer(peer)
                elif self._candidacy is not None:
                    self._candidacy.leads_no_more(peer)
                elif self.role == "slave" and peer.moid == self.master:
                    self._enter_election(f"{peer.moid} is in an election, so it is master no more")
            case Join() if reign is not None and message.master == c.moid:
                reign.join(peer, "it asked to be taken in")
            case Welcome() if message.host == c.moid and message.host_boot == c.boot:
                self._welcomed(peer)
            case Inventory() if reign is not None and peer.joined:
                reign.inventory(peer, message)
            case InventoryAck() if message.host == c.moid:
                self._workload.acknowledged(message)
                self._vmcp.answered(frozenset(message.placeable))
            case RestartOrder():
                self._workload.ordered(peer.moid, message)
            case RestartResult() if reign is not None:
                reign.power_result(peer.moid, message)
            case _:
                pass  # Said to another role than ours: late or early, and sent again if it matters.

    def _from_outside(self, message: AnyMessage) -> None:
        if message.sender != VCENTER:
            self._inbox.drop(message.sender, "stranger")
            return
        match message:
            case Configure():
                self._configure(message.config)
            case Protect() if self._mastership is not None:
                self._mastership.protect(message)
            case PowerRequest():
                self._workload.requested(message)
            case _:
                self._inbox.drop(message.sender, "misplaced")

    # --- everything else that happens ---

    def _happened(self, event: AnyEvent) -> None:
        c, reign = self._c, self._mastership
        match event:
            case Wake():
                pass
            case Boot():
                self._boot(event)
            case PingAnswered(address):
                self._ping_answered(address)
            case VmChanged():
                self._vm_changed(event)
            case PowerOnDone():
                self._power_on_done(event)
            case DatastoreChanged(datastore, access, since_ns):
                self._access_changed(datastore, access, since_ns)
            case GuestChanged(vm, silent):
                self._guests.changed(vm, silent)
            case HeartbeatSeen(host, datastore, stamp, moved):
                c.heartbeat_seen(host, datastore, stamp)
                if moved and reign is not None:
                    reign.heartbeat_seen(host, datastore)
            case FileRead() | FileWritten() | LockChanged() | LockState():
                self._answered(event)
            case _:
                raise AssertionError(f"{c.moid} cannot be told {event}: it is vCenter's, or a datagram")

    def _answered(self, event: FileRead | FileWritten | LockChanged | LockState) -> None:
        """The hypervisor's answers about files and locks."""
        reign = self._mastership
        is_list = event.path == layout.protectedlist_path(self._c.cluster.name)
        match event:
            case FileRead(datastore, path, status, data):
                self._file_read(datastore, path, status, data)
            case FileWritten(datastore, _, status) if reign is not None and is_list:
                reign.list_written(datastore, status)
            case LockChanged(datastore, _, held) if reign is not None and is_list:
                reign.lock_changed(datastore, held)
            case LockState(datastore, _, status, owner) if self._solitude is not None:
                self._solitude.owner_known(datastore, status, owner)
            case _:
                pass  # A write nobody waits for, or an answer to a role that is over.

    def _boot(self, event: Boot) -> None:
        c = self._c
        c.boot = event.boot
        c.access = dict(event.datastores)
        self._workload.vms = dict(event.vms)
        self._tick_ns = self._next_tick()
        self._report_ns = c.now_ns
        if event.config is not None:
            self._configure(event.config)

    def _configure(self, config: ClusterConfig) -> None:
        c = self._c
        if c.config is not None and config.generation <= c.config.generation:
            return
        c.configure(config)
        self._own_bit = c.own_bit()
        c.do(KeepConfig(config))
        c.trace("config", generation=config.generation, because="vCenter or the local disk says so")
        member = any(h.moid == c.moid and not h.maintenance for h in config.hosts)
        if member:
            c.do(UseHeartbeatDatastores(config.host(c.moid).heartbeat_datastores))
        if self._mastership is not None and member:
            self._mastership.reconfigured()
        if member and self.role == "uninitialized":
            self._enter_election("it is configured")
        elif not member and self.role != "uninitialized":
            self._enter_uninitialized("it is in maintenance mode, or no longer in the cluster")
        self._write_poweron()
        self._report_changed = True

    def _access_changed(self, datastore: str, access: DatastoreAccess, since_ns: int) -> None:
        self._c.access[datastore] = access
        self._vmcp.access_changed(datastore, access, since_ns)
        if self._mastership is not None:
            self._mastership.access_changed(datastore)
        self._changed_inventory()

    def _file_read(self, datastore: str, path: str, status: str, data: bytes) -> None:
        reign = self._mastership
        if reign is None or reign.file_read(datastore, path, status, data) or status != "ok":
            return
        for moid in self._c.others:
            if path == layout.poweron_path(self._c.cluster.name, moid):
                reign.poweron_read(moid, layout.decode_poweron(data))

    # --- roles ---

    def _become(self, role: Role, because: str, master: str = "") -> None:
        if role not in ROLE_CHANGES[self.role]:
            raise AssertionError(f"{self._c.moid}: {self.role} -> {role} is no legal change ({because}); see states.py")
        self._c.trace("role", **{"from": self.role}, to=role, master=master, because=because)
        self.role = role
        self.master = master
        self._report_changed = True

    def _leave_role(self, because: str) -> None:
        if self._mastership is not None:
            self._mastership.leave(because)
        if self._solitude is not None:
            self._solitude.end(because)
        self._candidacy = self._following = self._mastership = self._solitude = None

    def _enter_election(self, because: str) -> None:
        was_isolated = self.role == "isolated"
        self._leave_role(because)
        self._become("election", because)
        self._candidacy = Candidacy(self._c, because, company=was_isolated)
        if was_isolated:
            self._write_poweron()

    def _enter_master(self, because: str, *, company: bool) -> None:
        c = self._c
        self._leave_role(because)
        self._become("master", because, c.moid)
        c.trace("election", phase="won", because=because)
        self._solitude = Solitude(c, probe_at_once=not company)
        self._mastership = Mastership(c)
        self._mastership.running_on(c.moid, self._workload.running(), frozenset())
        self._heartbeat_to(c.others, c.heard_bits())

    def _enter_slave(self, master: str) -> None:
        because = f"{master} took it in"
        self._leave_role(because)
        self._c.unwatch_all()
        self._become("slave", because, master)
        self._following = Following(self._c, master)

    def _enter_isolated(self, because: str) -> None:
        self._leave_role(because)
        self._become("isolated", because)
        self._c.trace("isolation", phase="declared", because=because)
        self._solitude = Solitude(self._c, probe_at_once=True, isolated=True)
        self._solitude.respond_for(self._workload.running(), self._workload.wanted_again)
        self._write_poweron()

    def _enter_uninitialized(self, because: str) -> None:
        self._leave_role(because)
        self._become("uninitialized", because)

    # --- what is due ---

    def _check(self) -> None:
        now_ns = self._c.now_ns
        if self._c.config is None:
            if now_ns >= self._tick_ns:
                self._tick_ns = self._next_tick()
            self._maybe_report()
            return
        self._guests.check()
        if self._vmcp.check():
            self._ask_where_to_restart()
        if self._following is not None:
            if self._following.lost():
                self._enter_election(f"no heartbeat of {self.master} that hears this host for 10 s")
        elif self._candidacy is not None and now_ns >= self._candidacy.due_ns() and self._candidacy.won():
            company = self._candidacy.company
            self._enter_master(f"no {'better candidate' if company else 'other agent'} was heard", company=company)
        if self._solitude is not None and self._solitude.declares_isolation():
            addresses = ", ".join(self._c.cluster.isolation_addresses) or "none is configured"
            self._enter_isolated(f"no agent is heard, no isolation address answers for 5 s ({addresses})")
        if now_ns >= self._tick_ns:
            self._tick()
        if self._mastership is not None:
            self._mastership.check()
        self._maybe_report()

    def _earliest(self) -> int:
        due = min(self._tick_ns, self._report_ns)
        if self._c.config is None:
            return due
        for machine in (self._following, self._candidacy, self._solitude, self._mastership):
            if machine is not None:
                due = min(due, machine.due_ns())
        for seldom in (self._guests.due_ns(), self._vmcp.due_ns()):
            if seldom is not None:
                due = min(due, seldom)
        return due

    def _next_tick(self) -> int:
        """Next instant of the heartbeat grid, strictly after now."""
        phase_ns = self._c.settings.phase_ns
        return ((self._c.now_ns - phase_ns) // self._interval_ns + 1) * self._interval_ns + phase_ns

    def _tick(self) -> None:
        """Once per heartbeat interval."""
        self._tick_ns = self._next_tick()
        if self._mastership is not None:
            self._heartbeat_to(self._c.others, self._c.heard_bits())
        elif self._following is not None:
            self._heartbeat_to((self.master,), self._following.heard_bit())
            if self._workload.unacknowledged():
                self._workload.send_inventory(self.master)
        elif self._candidacy is not None:
            self._candidacy.tick()
        elif self.role == "isolated":
            send_offer(self._c)
        self._inbox.note_silence(self._watched_peers())

    def _watched_peers(self) -> list[Peer]:
        if self._mastership is not None:
            return [peer for peer in self._c.peers.values() if peer.joined]
        return [self._c.peers[self.master]] if self.role == "slave" else []

    # --- slave ---

    def _welcomed(self, peer: Peer) -> None:
        if self._candidacy is not None:
            self._enter_slave(peer.moid)
        if self.role == "slave" and peer.moid == self.master:
            self._workload.new_master()
            self._workload.send_inventory(self.master)

    # --- isolation ---

    def _heard_an_agent(self, peer: Peer) -> None:
        if self.role == "isolated":
            self._enter_election(f"{peer.moid} is heard")
        elif self._candidacy is not None:
            self._candidacy.company = True
        elif self._solitude is not None:
            self._solitude.agent_heard(peer.moid)

    def _ping_answered(self, address: str) -> None:
        if self._mastership is not None:
            self._mastership.ping_answered(address)
        if self._c.config is None or address not in self._c.config.isolation_addresses:
            return
        if self.role == "isolated":
            self._enter_election(f"isolation address {address} answers")
        elif self._solitude is not None:
            self._solitude.address_answered()

    # --- our own VMs ---

    def _changed_inventory(self) -> None:
        work = self._workload
        work.generation += 1
        self._report_changed = True
        self._write_poweron()
        if self._mastership is not None:
            self._mastership.running_on(self._c.moid, work.running(), frozenset(work.failed))
            work.failed.clear()
        elif self.role == "slave":
            work.send_inventory(self.master)

    def _ask_where_to_restart(self) -> None:
        """VM component protection wants to end VMs: could another host run them? A new inventory asks the master."""
        if self._mastership is not None:
            running = self._workload.running()
            self._vmcp.answered(frozenset(self._mastership.placeable(self._c.moid, running)))
        else:
            self._changed_inventory()

    def _write_poweron(self) -> None:
        if self._c.config is not None and self.role != "uninitialized":
            self._workload.write_poweron(isolated=self.role == "isolated")

    def _vm_changed(self, event: VmChanged) -> None:
        if event.state == "off":
            self._guests.gone(event.vm)
        if event.state == "off" and self._solitude is not None:
            self._solitude.vm_stopped(event.vm)
        if self._workload.changed(event):
            self._changed_inventory()

    def _power_on_done(self, event: PowerOnDone) -> None:
        who, result = self._workload.done(event)
        if who == self._c.moid:
            if self._mastership is not None:
                self._mastership.power_result(who, result)
        elif who != VCENTER:
            self._workload.answer(who, result)

    # --- heartbeats and reports ---

    def _heartbeat_to(self, to: tuple[str, ...], heard: int) -> None:
        self._c.send(
            Heartbeat,
            to,
            role=self.role,
            master=self.master,
            goodness=self._c.offer()[0],
            heard=heard,
            config=self._c.cluster.generation,
            inventory=self._workload.generation,
        )

    def _maybe_report(self) -> None:
        if not self._report_changed and self._c.now_ns < self._report_ns:
            return
        self._report_changed = False
        self._report_ns = self._c.now_ns + self._t.report_ns
        self._c.send(
            Report,
            (VCENTER,),
            role=self.role,
            master=self.master,
            config=self._c.config.generation if self._c.config else 0,
            vms=tuple(sorted(self._workload.running())),
            datastores=dict(self._c.access),
        )
