"""A master's duties: who is alive, who owns what, what must be restarted, and what vCenter is told.

Made when a host becomes master, dropped when it stops being one, so a new master starts with fresh counts
(fact sheet 7.5). Joins `liveness`, `ownership` and `restart`; leaves roles and elections to `agent.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.master.liveness import HostWatch, Step
from herzschlag.agents.ha.master.ownership import Ownership
from herzschlag.agents.ha.master.restarts import Candidate, Report, RestartQueue, fits, reaches
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.protocol.actions import Ping, PowerOn, ReadFile
from herzschlag.agents.protocol.codec import padding_for
from herzschlag.agents.protocol.messages import (
    VCENTER,
    ClusterView,
    Heartbeat,
    Inventory,
    InventoryAck,
    LockEvidence,
    OrderId,
    Protect,
    RestartOrder,
    RestartResult,
    Welcome,
)
from herzschlag.agents.settings import VmConfig
from herzschlag.agents.states import HostState

RESTS = "it is in maintenance mode"


class Mastership:
    """One reign of one master. `check` does what is due; the rest is called when something happens."""

    def __init__(self, context: Context) -> None:
        self._c = context
        now_ns = context.now_ns
        self.elected_ns = now_ns
        self.ownership = Ownership(context)
        self.restarts = RestartQueue(context.timers, per_host=context.cluster.restarts_per_host)
        self.where: dict[str, str] = {}
        """VM to the host it runs on, as far as known."""
        self._states: dict[str, HostState] = {}
        self._orphans: set[str] = set()
        self._orphans_due_ns = now_ns + context.timers.restart_delay_ns
        self._view_due_ns = now_ns
        self._view_changed = True
        self._poweron: dict[str, int] = {}
        """Newest generation read of each host's poweron file."""
        self._stopped: dict[tuple[str, str], str] = {}
        """(datastore, marker path) to the VM whose marker is being read."""
        self._watches = {moid: self._new_watch(peer) for moid, peer in context.peers.items()}
        self._watch_due_ns = now_ns
        self._set_state(context.moid, "master", "it won the election")
        self._see_who_rests()
        self.ownership.check()

    def _new_watch(self, peer: Peer) -> HostWatch:
        """Hosts not heard in the election have been silent long enough to be asked for at once."""
        timers, now_ns = self._c.timers, self._c.now_ns
        host = self._c.cluster.host(peer.moid)
        heard_ns = peer.last_heard_ns if peer.last_heard_ns is not None else now_ns - timers.host_timeout_ns
        began_ns: int | None = None
        moved_ns: int | None = None
        for (moid, datastore), (_, since_ns) in self._c.stands.items():
            if moid == peer.moid and datastore in host.heartbeat_datastores:
                began_ns = min(began_ns or since_ns, since_ns)
        return HostWatch(
            timers,
            last_heard_ns=heard_ns,
            has_heartbeat_datastores=bool(host.heartbeat_datastores),
            state="election" if peer.heard_within(now_ns, timers.host_timeout_ns) else "uninitialized",
            watch_began_ns=began_ns,
            moved_ns=moved_ns,
        )

    def reconfigured(self) -> None:
        """A new configuration arrived during this reign: hosts may have come, gone or changed their datastores."""
        for moid, peer in self._c.peers.items():
            watch = self._watches.get(moid)
            if watch is None:
                self._watches[moid] = self._new_watch(peer)
            else:
                watch.has_heartbeat_datastores = bool(self._c.cluster.host(moid).heartbeat_datastores)
                if self._states.get(moid) == "uninitialized":
                    watch.state = "uninitialized"  # What it found out while the host rested may be news now.
        for moid in sorted(self._watches.keys() - self._c.peers.keys()):
            del self._watches[moid]
            self._states.pop(moid, None)
        self._see_who_rests()
        self._watch_due_ns = self._c.now_ns
        self._view_changed = True
        self.ownership.reconfigured()
        self.restarts.membership_changed()

    def _see_who_rests(self) -> None:
        for moid in self._watches:
            if self._rests(moid):
                self._set_state(moid, "uninitialized", RESTS)

    def _rests(self, moid: str) -> bool:
        return self._c.cluster.host(moid).maintenance

    # --- asked by others ---

    def states(self) -> dict[str, HostState]:
        return dict(self._states)

    def due_ns(self) -> int:
        times = [self._watch_due_ns, self._view_due_ns]
        if self._orphans_due_ns:
            times.append(self._orphans_due_ns)
        times += [t for t in (self.ownership.due_ns(), self.restarts.due_ns()) if t is not None]
        return min(times)

    # --- what is due ---

    def check(self) -> None:
        now_ns = self._c.now_ns
        if now_ns >= self._watch_due_ns:
            for moid, watch in self._watches.items():
                if now_ns >= watch.due_ns():
                    self._carry_out(moid, watch.check(now_ns))
            self._watch_due_ns = min((w.due_ns() for w in self._watches.values()), default=now_ns + 10**12)
        self.ownership.check()
        if self._orphans_due_ns and now_ns >= self._orphans_due_ns:
            self._restart_orphans()
        due_ns = self.restarts.due_ns()
        if due_ns is not None and now_ns >= due_ns:
            self._place()
        if self._view_changed or now_ns >= self._view_due_ns:
            self._send_view()

    # --- hosts ---

    def heard(self, peer: Peer) -> None:
        """Any datagram of a host."""
        watch = self._watches[peer.moid]
        if watch.phase == "heard":
            watch.last_heard_ns = self._c.now_ns
        else:
            self._carry_out(peer.moid, watch.heard(self._c.now_ns))
            self._watch_due_ns = min(self._watch_due_ns, watch.due_ns())

    def heartbeat(self, peer: Peer, message: Heartbeat) -> None:
        """A heartbeat of a slave of ours, or of a master elsewhere."""
        if message.role == "slave" and message.master == self._c.moid:
            if not peer.joined:
                self.join(peer, "its heartbeats follow this master")
        elif message.role == "master" and peer.role == "master":
            peer.joined = False
            self._set_state(peer.moid, "networkPartitionedFromMaster", "it is heard as a master itself")

    def offer(self, peer: Peer) -> None:
        """A host of ours fell into an election."""
        if peer.joined:
            peer.joined = False
            self.restarts.membership_changed()
        if self._states.get(peer.moid) in ("connectedToMaster", "networkPartitionedFromMaster", "uninitialized", None):
            self._set_state(peer.moid, "election", "it sends election offers")

    def join(self, peer: Peer, because: str) -> None:
        """Take a host in: it is connected from now on. Repeats of its Join are answered again."""
        if self._rests(peer.moid):
            return  # It does not know yet that it is in maintenance mode.
        self._c.send(
            Welcome,
            (peer.moid,),
            host=peer.moid,
            host_boot=peer.boot,
            padding=padding_for(self._c.settings.mtu, Welcome),
        )
        if not peer.joined:
            peer.joined = True
            peer.inventory = -1  # What an earlier reign knew is not known to this one: its next inventory counts.
            self._set_state(peer.moid, "connectedToMaster", because)
            self.restarts.membership_changed()

    def heartbeat_seen(self, host: str, datastore: str) -> None:
        watch = self._watches.get(host)
        if watch is not None and datastore in self._c.cluster.host(host).heartbeat_datastores:
            self._carry_out(host, watch.heartbeat_seen(self._c.now_ns))

    def ping_answered(self, address: str) -> None:
        for host in self._c.cluster.hosts:
            if address in host.addresses.values() and host.moid in self._watches:
                self._carry_out(host.moid, self._watches[host.moid].ping_answered(self._c.now_ns))

    def _carry_out(self, moid: str, steps: list[Step]) -> None:
        host = self._c.cluster.host(moid)
        for step in steps:
            match step.do:
                case "watch":
                    self._c.watch(moid)
                case "unwatch":
                    self._c.unwatch(moid)
                case "ping":
                    for network in self._c.networks:
                        self._c.do(Ping(host.addresses[network]))
                case "read-poweron":
                    path = layout.poweron_path(self._c.cluster.name, moid)
                    for datastore in host.heartbeat_datastores:
                        if self._c.works(datastore):
                            self._c.do(ReadFile(datastore, path))
                case "phase":
                    self._c.trace("liveness", host=moid, phase=step.phase, because=step.because)
                case "state":
                    self._set_state(moid, step.state, step.because)

    def _set_state(self, moid: str, state: HostState, because: str) -> None:
        """A host in maintenance mode is not part of HA: silent or not, it is `uninitialized` (fact sheet 3.1 [API-ST]).
        Without power it is down all the same, and its VMs are somebody's to restart."""
        if self._rests(moid) and state not in ("hostDown", "master"):
            state, because = "uninitialized", RESTS
        before = self._states.get(moid, "unknown")
        if state == before:
            return
        self._states[moid] = state
        if moid in self._watches:
            self._watches[moid].state = state
        self._view_changed = True
        self._c.trace("host-state", host=moid, **{"from": before}, to=state, because=because)
        if state not in ("connectedToMaster", "election", "master") and moid in self._c.peers:
            self._c.peers[moid].joined = False
            self._report(self.restarts.host_lost(moid, self._c.now_ns))
        if state == "hostDown":
            self._restart_all_of(moid, f"{moid} is down: {because}")

    # --- VMs ---

    def inventory(self, peer: Peer, message: Inventory) -> None:
        """A slave's running VMs. The first one after a reboot shows what went down with the old life."""
        placeable = self.placeable(peer.moid, message.vms) if "apd" in message.datastores.values() else ()
        self._c.send(InventoryAck, (peer.moid,), host=peer.moid, generation=message.generation, placeable=placeable)
        if message.generation == peer.inventory:
            return
        peer.inventory = message.generation
        peer.datastores = dict(message.datastores)
        self.running_on(
            peer.moid, frozenset(message.vms), frozenset(message.failed), "vanished with a restart of its host"
        )
        self.restarts.membership_changed()

    def running_on(self, moid: str, vms: frozenset[str], failed: frozenset[str], vanished: str = "") -> None:
        """Exactly these VMs run on a host; those of `failed` ended by themselves there."""
        peer = self._c.peers.get(moid)
        known = {vm for vm, host in self.where.items() if host == moid}
        for vm in sorted(vms):
            if self.where.get(vm) != moid:
                self.where[vm] = moid
                self.ownership.moved(vm, moid)
            self._report(self.restarts.running(vm, moid, self._c.now_ns))
        for vm in sorted(known - vms):
            del self.where[vm]
            if vm in failed:
                self._restart(vm, f"it ended on {moid} without a user asking for it", moid)
            elif vanished and peer is not None and peer.vms_of_old_life:
                self._restart(vm, f"{vanished} {moid}", moid)
        if peer is not None:
            peer.vms_of_old_life = False

    def poweron_read(self, moid: str, file: layout.PoweronFile) -> None:
        """The poweron file of a host without network heartbeat: what it says of itself and of its VMs. A copy on a
        datastore that the host cannot write any more may be older than one read before."""
        watch = self._watches[moid]
        if watch.phase == "heard" or file.generation < self._poweron.get(moid, 0):
            return
        self._poweron[moid] = file.generation
        self._carry_out(moid, watch.poweron(file.isolated, self._c.now_ns))
        if watch.state == "hostDown":
            return  # What a dead host wrote last is history.
        known = {vm for vm, host in self.where.items() if host == moid}
        for vm in sorted(set(file.vms) - known):
            if not self._speaks(self.where.get(vm, "")):
                self.where[vm] = moid
                self._report(self.restarts.running(vm, moid, self._c.now_ns))
        for vm in sorted(known - set(file.vms)):
            config = self._c.cluster.vm(vm)
            if config is not None and self._c.works(config.datastore):
                path = layout.marker_path(vm)
                self._stopped[config.datastore, path] = vm
                self._c.do(ReadFile(config.datastore, path))

    def _speaks(self, moid: str) -> bool:
        """Whether the host tells us of its VMs itself: ours, or a connected slave."""
        return moid == self._c.moid or (moid in self._c.peers and self._c.peers[moid].joined)

    def file_read(self, datastore: str, path: str, status: str, data: bytes) -> bool:
        """Answers to our reads. Returns whether the file was one of ours."""
        if path == layout.protectedlist_path(self._c.cluster.name):
            if self.ownership.file_read(datastore, status, data):
                self._adopt_list()
            return True
        vm = self._stopped.pop((datastore, path), None)
        if vm is None:
            return False
        host = self.where.pop(vm, "")
        marker = "its power-off marker is there" if status == "ok" else "there is no power-off marker"
        self._restart(vm, f"{host} stopped it: gone from its poweron file, {marker}", host)
        return True

    def list_written(self, datastore: str, status: str) -> None:
        for vm in self.ownership.file_written(datastore, status):
            self._c.trace("protect", vm=vm, datastore=datastore, because="vCenter asked; the protectedlist is written")
        self._view_changed = True

    def lock_changed(self, datastore: str, held: bool) -> None:
        self.ownership.lock_changed(datastore, held)
        self._view_changed = True

    def protect(self, message: Protect) -> None:
        self.ownership.protect(message.vms)

    def access_changed(self, datastore: str) -> None:
        self.ownership.access_changed(datastore)
        self.restarts.membership_changed()

    def power_result(self, host: str, message: RestartResult) -> None:
        """A power-on task of ours ended; success shows in the inventory as well."""
        if message.ok and message.vm in self.restarts:
            self.where[message.vm] = host
            self.ownership.moved(message.vm, host)
        order = message.order - self.elected_ns
        self._report(self.restarts.result(message.vm, order, message.ok, message.because, self._c.now_ns))

    # --- restarts ---

    def _adopt_list(self) -> None:
        """A list came into our hands: its VMs that run nowhere are restarted, 10 s after the election at the earliest
        (T35, fact sheet 1.2 [DD-R])."""
        self._orphans |= self.ownership.protected().keys()
        if not self._orphans_due_ns:
            self._orphans_due_ns = self._c.now_ns

    def _restart_orphans(self) -> None:
        protected = self.ownership.protected()
        undecided: set[str] = set()
        for vm in sorted(self._orphans):
            last = protected.get(vm)
            if last is None or vm in self.restarts:
                continue
            host = self.where.get(vm)
            if host is not None and (self._speaks(host) or self._watches[host].alive_elsewhere(self._c.now_ns)):
                continue
            # A poweron file alone is no sign of life (docs/decisions/0009).
            self.where.pop(vm, None)
            watch = self._watches.get(last)
            peer = self._c.peers.get(last)
            lives = watch is not None and watch.alive_elsewhere(self._c.now_ns) and not watch.poweron_read
            if peer is not None and (peer.inventory < 0 if peer.joined else lives):
                undecided.add(vm)
            else:
                self._restart(vm, f"the protectedlist has it on {last}, and it runs nowhere", last)
        self._orphans = undecided
        later_ns = self._c.now_ns + self._c.timers.heartbeat_interval_ns
        self._orphans_due_ns = later_ns if undecided or not self.ownership.settled() else 0

    def _restart_all_of(self, moid: str, because: str) -> None:
        names = {vm for vm, host in self.where.items() if host == moid}
        for vm in names:
            del self.where[vm]
        last_there = {v for v, host in self.ownership.protected().items() if host == moid and v not in self.where}
        # A new master restarts what its predecessor left only when its delay is over.
        if self._orphans_due_ns and self._c.now_ns < self._orphans_due_ns:
            self._orphans |= names | last_there
            return
        for vm in sorted(names | last_there):
            self._restart(vm, because, moid)

    def _restart(self, vm: str, because: str, failed_host: str) -> None:
        config = self._c.cluster.vm(vm)
        if config is None or vm not in self.ownership.protected() or not self._c.cluster.host_monitoring:
            return
        self._report(self.restarts.add(config, now_ns=self._c.now_ns, because=because, failed_host=failed_host))

    def _place(self) -> None:
        now_ns = self._c.now_ns
        for task in self.restarts.repeats(now_ns):
            self._order(task.vm, task.target, task.order, task.attempt)
        self._report(self.restarts.place(self._candidates(), now_ns))

    def _report(self, reports: list[Report]) -> None:
        for report in reports:
            self._c.trace(
                "restart",
                vm=report.vm.name,
                phase=report.phase,
                attempt=report.attempt,
                target=report.target,
                because=report.because,
            )
            if report.phase == "ordered":
                self._order(report.vm, report.target, report.order, report.attempt)
            elif report.phase == "pending":
                self._view_changed = True

    def _order(self, vm: VmConfig, target: str, order: int, attempt: int) -> None:
        """Send an order, with what we saw of the old lock owner's heartbeat (docs/decisions/0006)."""
        now_ns = self._c.now_ns
        evidence = tuple(
            LockEvidence(datastore, host, stamp, now_ns - since_ns)
            for (host, datastore), (stamp, since_ns) in sorted(self._c.stands.items())
            if datastore == vm.datastore
        )
        number = self.elected_ns + order  # unique over the reigns of this master's life: its clock never goes back
        if target == self._c.moid:
            self._c.do(PowerOn(OrderId(self._c.moid, self._c.boot, number), vm, evidence))
        else:
            self._c.send(RestartOrder, (target,), order=number, vm=vm, attempt=attempt, evidence=evidence)

    def placeable(self, moid: str, vms: Iterable[str]) -> tuple[str, ...]:
        """Those of a host's VMs that VM component protection may end there: another host could run them now. If it is
        aggressive, also those that no host in sight reaches while other hosts are out of sight, as in a partition:
        then nobody can tell (fact sheet 7.6 [AG60-20])."""
        others = [candidate for candidate in self._candidates() if candidate.moid != moid]
        in_sight = {moid, *(other.moid for other in others)}
        guess = self._c.cluster.vmcp_apd == "aggressive" and any(
            host.moid not in in_sight and not host.maintenance for host in self._c.cluster.hosts
        )
        known = [vm for name in vms if (vm := self._c.cluster.vm(name))]
        return tuple(
            vm.name
            for vm in known
            if any(fits(other, vm) for other in others) or (guess and not any(reaches(other, vm) for other in others))
        )

    def _candidates(self) -> list[Candidate]:
        found = []
        for host in self._c.cluster.hosts:
            peer = self._c.peers.get(host.moid)
            if host.maintenance or (peer is not None and not peer.joined):
                continue
            access = self._c.access if peer is None else peer.datastores
            running = [self._c.cluster.vm(vm) for vm, moid in self.where.items() if moid == host.moid]
            found.append(
                Candidate(
                    host.moid,
                    frozenset(name for name, state in access.items() if state == "ok"),
                    host.memory_mb - sum(vm.memory_mb for vm in running if vm),
                    host.cpu_mhz - sum(vm.cpu_mhz for vm in running if vm),
                    len(running),
                )
            )
        return found

    # --- vCenter ---

    def _send_view(self) -> None:
        self._view_changed = False
        self._view_due_ns = self._c.now_ns + self._c.timers.report_ns
        self._c.send(
            ClusterView,
            (VCENTER,),
            hosts=dict(self._states),
            owned=self.ownership.owned(),
            protected=tuple(self.ownership.protected()),
            pending=self.restarts.pending(),
        )

    # --- the end ---

    def leave(self, because: str) -> None:
        """Stop being master: watches end, locks go free."""
        for moid, watch in self._watches.items():
            if watch.phase != "heard":
                self._c.unwatch(moid)
            self._c.peers[moid].joined = False
        self.ownership.release()
        self._c.trace("mastership", phase="left", because=because)
