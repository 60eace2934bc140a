"""The role of a master: which part of it each event concerns, and the order in which due work is done.

It is made when a host becomes master and dropped when the host stops being one, so a new master starts with fresh
counts (fact sheet 7.5). This module decides when to abdicate: on meeting a better master that hears this host. It
leaves hosts to `host_book.py`, VMs to `running_vms.py` and `failover.py`, lists to `ownership.py`, vCenter's view to
`view.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from herzschlag.agents import records
from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.election import better
from herzschlag.agents.ha.master.failover import Failover
from herzschlag.agents.ha.master.host_book import HostBook
from herzschlag.agents.ha.master.ownership import Ownership
from herzschlag.agents.ha.master.running_vms import RunningVms
from herzschlag.agents.ha.master.view import ViewSender
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.ha.roles.alone import Solitude
from herzschlag.agents.ha.roles.role import HostAnswer, Parts, RoleChange, RoleMachine
from herzschlag.agents.ha.vms.inventory import PowerOutcome
from herzschlag.agents.protocol.events import FileRead, FileWritten, LockChanged
from herzschlag.agents.protocol.messages import (
    AnyMessage,
    Heartbeat,
    Inventory,
    InventoryAck,
    Join,
    Protect,
    RestartResult,
)
from herzschlag.agents.states import HostState


class Master(RoleMachine):
    """One reign of one master."""

    role = "master"

    def __init__(self, parts: Parts, because: str, *, company: bool) -> None:
        super().__init__(parts)
        c = self._c
        c.trace(records.Election(phase="won", because=because))
        self.master = c.moid
        c.reigns += 1
        self._solitude = Solitude(c, probe_at_once=not company)
        self._ownership = Ownership(c)
        self._hosts = HostBook(c, self._host_changed)
        self._running = RunningVms(c, self._hosts, self._ownership)
        self._failover = Failover(c, self._hosts, self._running, self._ownership)
        self._view = ViewSender(c, self._hosts, self._ownership, self._failover)
        self._failover.on_pending = self._view.changed
        self._hosts.open()
        self._ownership.check()
        self._running_on(c.moid, self._vms.running(), frozenset())
        self._send_heartbeat()
        self._solitude.declares_isolation()  # It pings at once if the host is alone; it is too early to be sure.

    # --- hosts ---

    def heard(self, peer: Peer) -> None:
        self._hosts.heard(peer)
        self._solitude.agent_heard(peer.moid)

    def heartbeat(self, peer: Peer, message: Heartbeat) -> None:
        if message.role == "master":
            self._hosts.heartbeat(peer, message)
            if peer.hears_us and better(peer.offer, self._c.offer()):
                because = f"{peer.moid} is master as well, hears this host, and is better"
                self._enter(RoleChange("election", because))
        elif not peer.joined and self._hosts.heartbeat(peer, message):
            self._failover.membership_changed()

    def offer(self, peer: Peer) -> None:
        if self._hosts.offer(peer):
            self._failover.membership_changed()

    def message(self, peer: Peer, message: AnyMessage) -> None:
        match message:
            case Join():
                if self._hosts.join(peer, "it asked to be taken in"):
                    self._failover.membership_changed()
            case Inventory() if peer.joined:
                self._inventory(peer, message)
            case RestartResult():
                outcome = PowerOutcome(message.order, message.vm, message.ok, message.because)
                self._failover.power_result(peer.moid, outcome)
            case _:
                pass  # It was sent to another role than ours.

    def heartbeat_seen(self, host: str, datastore: str) -> None:
        self._hosts.heartbeat_seen(host, datastore)

    def ping_answered(self, address: str) -> None:
        self._hosts.ping_answered(address)
        if address in self._c.cluster.isolation_addresses:
            self._solitude.address_answered()

    def _host_changed(self, moid: str, state: HostState, because: str) -> None:
        """The opinion about a host changed."""
        self._view.changed()
        if state not in ("connectedToMaster", "election", "master") and moid in self._c.peers:
            self._failover.host_lost(moid)
        if state == "hostDown":
            self._failover.host_down(moid, f"{moid} is down: {because}")

    # --- VMs ---

    def _inventory(self, peer: Peer, message: Inventory) -> None:
        """A slave's running VMs. The first one after a reboot shows what went down with the old boot."""
        hangs = "apd" in message.datastores.values()
        placeable = self._failover.placeable(peer.moid, message.vms) if hangs else ()
        answered_for = self._failover.protected()
        taken_over = tuple(vm for vm in message.failed if vm in answered_for)
        self._c.order(
            InventoryAck, peer.moid, generation=message.generation, placeable=placeable, taken_over=taken_over
        )
        if message.generation == peer.inventory:
            return
        peer.inventory = message.generation
        self._hosts.inventory_told(peer.moid, message.boot, message.generation)
        peer.datastores = dict(message.datastores)
        vanished = f"vanished with a restart of its host {peer.moid}" if peer.vms_of_old_boot else ""
        peer.vms_of_old_boot = False
        self._running_on(peer.moid, frozenset(message.vms), frozenset(message.failed), vanished)
        self._failover.membership_changed()

    def _running_on(self, moid: str, vms: frozenset[str], failed: Iterable[str], vanished: str = "") -> None:
        """Exactly these VMs run on a host; those of `failed` ended by themselves there. `vanished` is the
        reason to restart the others that ran there; without one they are not restarted."""
        told = self._running.told(moid)
        gone = self._running.exactly(moid, vms)
        for vm in sorted(vms & self._running.on(moid)):
            if self._running.reaches(moid, vm):  # else its lock may be another's: a restart that goes on is not over
                self._failover.runs(vm, moid)
        for vm in gone:
            if vm in failed:
                self._failover.restart(vm, f"it ended on {moid} without a user asking for it", moid)
            elif vanished and vm in told:
                self._failover.restart(vm, vanished, moid)
            elif vanished:
                self._failover.vanished((vm,), vanished, moid)

    def inventory_changed(self) -> None:
        self._running_on(self._c.moid, self._vms.running(), frozenset(self._vms.failed))
        # What another master is responsible for, it learns from our inventory when we join it.
        self._vms.failed.difference_update(self._failover.protected())

    def power_on_done(self, outcome: PowerOutcome) -> None:
        self._failover.power_result(self._c.moid, outcome)

    def placeable(self) -> tuple[str, ...]:
        return self._failover.placeable(self._c.moid, self._vms.running())

    # --- lists and files ---

    def from_vcenter(self, message: AnyMessage) -> bool:
        if type(message) is not Protect:
            return False
        self._ownership.protect(message.vms)
        self._failover.wishes_changed()
        return True

    def answered(self, event: HostAnswer) -> None:
        is_list = event.path == layout.protectedlist_path(self._c.cluster.name)
        match event:
            case FileRead(datastore, _, status, data) if is_list:
                if self._ownership.file_read(datastore, status, data):
                    self._failover.adopt_list(datastore)
            case FileRead():
                self._file_read(event)
            case FileWritten(datastore, _, status) if is_list:
                self._list_written(datastore, status)
            case LockChanged(datastore, _, held) if is_list:
                self._ownership.lock_changed(datastore, held)
                self._view.changed()
            case _:
                pass  # A write that is not waited for, or an answer to a role that is over.

    def _file_read(self, event: FileRead) -> None:
        stopped = self._running.marker_read(event.datastore, event.path, event.status)
        if stopped is not None:
            self._failover.vanished((stopped.vm,), stopped.because, stopped.host)
            return
        for moid in self._c.others:
            if event.path == layout.poweron_path(self._c.cluster.name, moid):
                file = layout.decode_poweron(event.data) if event.status == "ok" else None
                self._poweron_read(moid, event.datastore, file)

    def _poweron_read(self, moid: str, datastore: str, file: layout.PoweronFile | None) -> None:
        """What a host without network heartbeat says of itself and of its VMs."""
        newest = self._hosts.poweron_read(moid, datastore, file)
        if newest is not None:
            new = self._running.poweron_read(moid, newest)
            # A poweron file alone is not a sign of life, and ends no restart (docs/decisions/0009).
            for vm in new if self._hosts.alive(moid) else ():
                self._failover.runs(vm, moid)

    def _list_written(self, datastore: str, status: str) -> None:
        for vm in self._ownership.file_written(datastore, status):
            because = "vCenter asked; the protectedlist is written"
            self._c.trace(records.Protection(vm=vm, datastore=datastore, because=because))
        self._view.changed()

    def access_changed(self, datastore: str) -> None:
        self._ownership.access_changed(datastore)
        if not self._c.works(datastore):
            for moid in self._c.others:
                self._poweron_read(moid, datastore, None)
        self._failover.membership_changed()

    def clock_leapt(self) -> None:
        self._failover.clock_leapt()

    def reconfigured(self) -> None:
        self._hosts.reconfigured()
        self._view.changed()
        self._ownership.reconfigured()
        self._failover.reconfigured()

    # --- what is due ---

    def due_ns(self) -> int:
        hosts_ns = min(self._solitude.due_ns(), self._hosts.due_ns())
        vms_ns = min(self._ownership.due_ns(), self._failover.due_ns())
        due_ns = min(hosts_ns, vms_ns)
        return min(due_ns, self._view.due_ns)

    def check(self) -> None:
        if self._solitude.declares_isolation():
            addresses = ", ".join(self._c.cluster.isolation_addresses) or "none is configured"
            because = f"no agent is heard, no isolation address answers for 5 s ({addresses})"
            self._enter(RoleChange("isolated", because))

    def tick(self) -> None:
        self._send_heartbeat()

    def duties(self) -> None:
        self._hosts.check()
        self._ownership.check()
        self._failover.check()
        self._view.check()

    def _send_heartbeat(self) -> None:
        c = self._c
        self._reporting.heartbeat(self.role, self.master, c.others, c.heard_bits(), reign=c.reigns)

    def leave(self, because: str) -> None:
        """End the watches, free the locks."""
        self._hosts.close()
        self._ownership.release()
        self._c.trace(records.Mastership(phase="left", because=because))

    # --- what is shown ---

    def followed(self) -> list[Peer]:
        return self._hosts.joined()

    def host_states(self) -> dict[str, HostState]:
        return self._hosts.states()

    def owned(self) -> tuple[str, ...]:
        return self._ownership.owned()

    def protected(self) -> tuple[str, ...]:
        return tuple(self._ownership.protected())
