"""The vCenter stand-in: configures the cluster, powers VMs on for users, has them protected, shows states.

This module decides what each agent is configured with, what is done for users, and which VMs are to be protected (fact
sheet 5, 7.1, 7.7, 9), none of which detection, election and restart need; leaves what is shown to `picture.py`. A pure
core like the agent.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import msgspec

from herzschlag.agents import records
from herzschlag.agents.core import Core
from herzschlag.agents.protocol.actions import AnyAction, KeepConfig, Send, Trace
from herzschlag.agents.protocol.events import Boot, Received, UserMaintenance, UserPower, UserReconfigure, VCenterEvent
from herzschlag.agents.protocol.messages import VCENTER, ClusterView, Configure, Order, PowerRequest, Protect, Report
from herzschlag.agents.records import AnyEntry
from herzschlag.agents.settings import NEVER_NS, ClusterConfig, HostConfig, Timers, VmConfig
from herzschlag.agents.states import HostState
from herzschlag.agents.vcenter.heartbeat_datastores import select_heartbeat_datastores
from herzschlag.agents.vcenter.picture import KnownHost, Picture


class VCenterSettings(msgspec.Struct, frozen=True, kw_only=True):
    timers: Timers
    config: ClusterConfig
    """Used where its own disk holds none yet."""
    placement: dict[str, str]
    """VMs a user powers on at the start, and where."""
    networks: tuple[str, ...] = ("A", "B")
    heartbeat_datastores_per_host: int = 2
    """das.heartbeatDsPerHost, 2 to 5."""
    heartbeat_datastores: tuple[str, ...] | None = None
    """The user's choice; None: all feasible; empty: no datastore heartbeats."""


class VCenterView(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot for tests and reports."""

    master: str
    host_states: dict[str, HostState]
    protected: tuple[str, ...]
    generation: int


class _Request(NamedTuple):
    """What a user wants of a VM. The order's number is greater than the instant in which it was asked."""

    order: int
    vm: VmConfig
    on: bool
    target: str
    """The host that shall do it."""


class VCenter(Core):
    def __init__(self, settings: VCenterSettings) -> None:
        self._s = settings
        self._t = settings.timers
        self._config = settings.config
        self._boot = self._now_ns = self._sequence = 0
        """This life, the instant, and the number of its newest order."""
        self._actions: list[AnyAction] = []
        self._hosts: dict[str, KnownHost] = {}
        self._picture = Picture(settings.timers, self._trace)
        self._where: dict[str, str] = {}
        """VM to the host that last reported it running."""
        self._off: set[str] = set()
        """VMs a user powered off: not to be protected. Kept on its own disk."""
        self._requests: dict[str, _Request] = {}
        """User requests not yet seen fulfilled, by VM."""
        self._orders = 0
        self._confirmed: frozenset[str] = frozenset()
        self._tick_ns = NEVER_NS
        self._dropped: Counter[str] = Counter()
        """Datagrams refused, by reason."""

    # --- the three calls ---

    def handle(self, event: VCenterEvent, now_ns: int) -> list[AnyAction]:
        assert now_ns >= self._now_ns, f"vcenter: time went back from {self._now_ns} to {now_ns}"
        self._now_ns = now_ns
        match event:
            case Boot():
                self._start(event)
            case Received():
                self._received(event)
            case UserPower(vm, on, host):
                self._user_power(vm, on, host)
            case UserMaintenance(host, on):
                hosts = tuple(
                    msgspec.structs.replace(h, maintenance=on) if h.moid == host else h for h in self._config.hosts
                )
                self._change(msgspec.structs.replace(self._config, hosts=hosts), f"maintenance of {host}: {on}")
            case UserReconfigure(config):
                self._change(msgspec.structs.replace(config, hosts=self._config.hosts), "a user changed the options")
        if now_ns >= self._tick_ns:
            self._tick()
        actions, self._actions = self._actions, []
        return actions

    def wake_at_ns(self) -> int | None:
        return None if self._tick_ns == NEVER_NS else self._tick_ns

    def view(self) -> VCenterView:
        return VCenterView(
            master=self._picture.master,
            host_states=dict(self._picture.states),
            protected=tuple(sorted(self._confirmed)),
            generation=self._config.generation,
        )

    # --- what happens ---

    def _start(self, event: Boot) -> None:
        self._boot, self._tick_ns = event.boot, self._now_ns
        if event.config is not None:
            self._off = set(event.config.switched_off)
            self._where = dict.fromkeys(event.config.switched_on, "")
            self._config = msgspec.structs.replace(event.config, switched_off=(), switched_on=())
        self._hosts = {host.moid: KnownHost() for host in self._config.hosts}
        self._picture.begin(self._hosts, self._now_ns, restarted=event.config is not None)
        self._keep()
        if event.config is None:
            for vm, host in self._s.placement.items():
                self._user_power(vm, on=True, host=host)

    def _received(self, event: Received) -> None:
        network, message = event.network, event.message
        host = self._hosts.get(message.sender)
        if host is None:
            self._drop(message.sender, "stranger", "not a host of the cluster")
            return
        stamp = (message.boot, message.sequence)
        if event.to_boot not in (0, self._boot):
            # A replay, or the host has not heard of our new life: then it is newer than all we know, and is answered.
            if stamp > (host.boot, host.sequence):
                host.boot, host.sequence = stamp
                host.config = 0
            self._drop(message.sender, "for-old-life", "meant for an earlier life of vCenter")
            return
        if stamp <= host.newest.get(network, (0, -1)):
            self._drop(message.sender, "replayed", "not newer than the last one")
            return
        host.newest[network] = stamp
        met = message.boot > host.boot
        host.boot, host.sequence = max((host.boot, host.sequence), stamp)
        host.last_ns = self._now_ns
        told = type(message).__name__
        if stamp <= host.newest.get(told, (0, -1)):
            return  # The other network brought this one, or a newer one of its kind.
        host.newest[told] = stamp
        if isinstance(message, Report):
            self._report(message.sender, host, message)
            if met:  # It takes no order before we name its life: it need not wait for our next look.
                self._configure(message.sender)
        elif isinstance(message, ClusterView):
            self._picture.told(message.sender, message, self._now_ns)

    def _report(self, moid: str, host: KnownHost, message: Report) -> None:
        host.config, host.role, host.reported_ns = message.config, message.role, self._now_ns
        gone, host.vms = host.vms - set(message.vms), frozenset(message.vms)
        known = self._where.keys() >= set(message.vms)
        self._where.update((vm, moid) for vm in message.vms if self._runs_there(vm, message))
        if not known:
            self._keep()
        for vm in gone & self._off:
            self._where.pop(vm, None)
        if dict(message.datastores) != host.access:
            host.access = dict(message.datastores)
            self._reselect()
        self._picture.reported(moid, self._now_ns)

    def _runs_there(self, vm: str, said: Report) -> bool:
        """Whether a VM runs on a host that says so. One that does not reach the VM's datastore cannot see that its lock
        is another's: then not if another one said that it has it."""
        home, last = self._config.vm(vm), self._hosts.get(self._where.get(vm, ""))
        reaches = home is None or said.datastores.get(home.datastore, "ok") == "ok"
        return reaches or last is None or vm not in last.vms

    def _user_power(self, name: str, on: bool, host: str) -> None:
        vm = self._config.vm(name)
        target = host or self._where.get(name) or self._s.placement.get(name, "")
        if vm is None or target not in self._hosts:
            because = "no such VM, or no such host"
            self._trace(records.UserRequest(vm=name, on=on, host=target, refused=True, because=because))
            return
        if on:
            if refusal := self._admission(vm, target):
                self._trace(records.UserRequest(vm=name, on=on, host=target, refused=True, because=refusal))
                return
            self._off.discard(name)
        else:
            self._off.add(name)
            target = self._where.get(name) or target  # A vCenter that was restarted may not know yet where it runs.
        self._keep()
        self._orders += 1
        self._requests[name] = _Request(self._now_ns + self._orders, vm, on, target)
        self._trace(records.UserRequest(vm=name, on=on, host=target, refused=False, because="a user asked"))

    def _admission(self, vm: VmConfig, target: str) -> str:
        """Admission control, percentage policy for one host failure: vCenter refuses what the others could not hold if
        the largest host failed; it never hinders a restart (fact sheet 7.7 [DD-AC])."""
        if not self._config.admission_control:
            return ""
        hosts = [h for h in self._config.hosts if not h.maintenance]
        largest = max(hosts, key=lambda h: h.memory_mb)
        room_mb = sum(h.memory_mb for h in hosts if h is not largest)
        asked = {name for name, request in self._requests.items() if request.on}
        names = (self._where.keys() | asked) - self._off - {vm.name}
        used_mb = sum(other.memory_mb for name in names if (other := self._config.vm(name)))
        if used_mb + vm.memory_mb <= room_mb:
            return ""
        return (
            f"admission control: {vm.memory_mb} MB for {vm.name} on {target} would leave {room_mb - used_mb} MB "
            f"less than needed if {largest.moid} failed: power something off or add a host"
        )

    def _change(self, config: ClusterConfig, because: str) -> None:
        self._config = msgspec.structs.replace(config, generation=self._config.generation + 1)
        self._trace(records.Configured(generation=self._config.generation, because=because))
        self._keep()
        self._tick_ns = self._now_ns

    def _reselect(self) -> None:
        """Heartbeat datastores follow what the hosts reach; a lost one is replaced (fact sheet 5 [DD-F])."""
        reach = {host.moid: self._reach(host) for host in self._config.hosts}
        chosen = select_heartbeat_datastores(
            self._config.datastores, reach, self._s.heartbeat_datastores_per_host, self._s.heartbeat_datastores
        )
        hosts = tuple(
            msgspec.structs.replace(h, datastores=reach[h.moid], heartbeat_datastores=chosen[h.moid])
            for h in self._config.hosts
        )
        if hosts != self._config.hosts:
            self._change(msgspec.structs.replace(self._config, hosts=hosts), "access to datastores changed")

    def _reach(self, host: HostConfig) -> tuple[str, ...]:
        access = self._hosts[host.moid].access
        if not access:
            return host.datastores
        return tuple(d.name for d in self._config.datastores if access.get(d.name) == "ok")

    # --- what is due ---

    def _tick(self) -> None:
        self._tick_ns = self._now_ns + self._t.order_repeat_ns
        for moid in self._hosts:
            self._configure(moid)
        for name, (order, vm, on, target) in list(self._requests.items()):
            host = self._hosts[target]
            if (name in host.vms) == on:
                if host.reported_ns >= order:  # What it said before may be of a life that is over.
                    del self._requests[name]
            elif host.config == self._config.generation:
                self._order(PowerRequest, target, order=order, vm=vm, on=on, config=host.config)
        self._picture.listen(self._now_ns)
        self._picture.show(self._now_ns)
        self._ask_protection()

    def _configure(self, moid: str) -> None:
        """A host that we have not heard yet refuses it, but learns our life from it, and reports at once."""
        if self._hosts[moid].config != self._config.generation:
            self._order(Configure, moid, config=self._config)

    def _ask_protection(self) -> None:
        """Every VM that runs and that no user powered off is to be protected (fact sheet 7.1)."""
        view = self._picture.masters_view()
        if view is None:
            return
        master = self._picture.master
        for vm in view.protected:  # A restarted vCenter learns from the master what it had asked for.
            self._where.setdefault(vm, "")
        confirmed = frozenset(view.protected)
        if confirmed != self._confirmed:
            for vm in sorted(confirmed - self._confirmed):
                because = f"{master} has it on its protectedlist"
                self._trace(records.Protection(vm=vm, phase="confirmed", because=because))
            self._confirmed = confirmed
        wanted = (self._where.keys() & self._config.to_protect) - self._off
        if confirmed != wanted:
            self._order(Protect, master, vms={vm: self._where[vm] for vm in sorted(wanted)})

    # --- how ---

    def _keep(self) -> None:
        """Put on our own disk what the next life must know, lest it have a master protect only what it has heard of."""
        off, on = tuple(sorted(self._off)), tuple(sorted(self._where.keys() - self._off))
        self._do(KeepConfig(msgspec.structs.replace(self._config, switched_off=off, switched_on=on)))

    def _do(self, action: AnyAction) -> None:
        self._actions.append(action)

    def _trace(self, entry: AnyEntry) -> None:
        self._actions.append(Trace(entry))

    def _drop(self, sender: str, reason: str, because: str) -> None:
        count = self._dropped[reason] = self._dropped[reason] + 1
        if records.Dropped.is_told(count):
            self._trace(records.Dropped(sender=sender, reason=reason, count=count, because=because))

    def _order(self, order_type: type[Order], to: str, **body: object) -> None:
        self._sequence += 1
        host, now_ns = self._hosts[to], self._now_ns
        order = order_type(
            sender=VCENTER, boot=self._boot, sequence=self._sequence, sent_ns=now_ns, answers=host.sequence, **body
        )
        lives = {to: host.boot} if host.boot else {}
        self._actions.append(Send(order, (to,), self._s.networks, lives))  # type: ignore[arg-type]  # one of AnyMessage
