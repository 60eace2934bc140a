"""The master's reaction to VMs that run nowhere: which are restarted, when, and on which host.

This module decides what failed: VMs of a dead host, VMs that ended by themselves, and those that the protectedlists
have while they run nowhere (`orphans`, 10 s after the election at the earliest: T35, fact sheet 1.2 [DD-R]). It leaves
order, placement and attempts to `restarts.py`, locks to the host that powers on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from herzschlag.agents import records
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.master.host_book import HostBook
from herzschlag.agents.ha.master.ownership import Ownership
from herzschlag.agents.ha.master.restarts import RestartQueue, RestartReport, RestartTarget, fits, reaches
from herzschlag.agents.ha.master.running_vms import RunningVms
from herzschlag.agents.ha.vms.inventory import PowerOutcome
from herzschlag.agents.protocol.actions import PowerOn
from herzschlag.agents.protocol.messages import LockEvidence, OrderId, RestartOrder
from herzschlag.agents.settings import NEVER_NS, VmConfig


class Failover:
    def __init__(self, context: Context, hosts: HostBook, running: RunningVms, ownership: Ownership) -> None:
        self._c = context
        self._hosts = hosts
        self._running = running
        self._ownership = ownership
        self._elected_ns = context.now_ns
        per_host = context.cluster.restarts_per_host
        self._queue = RestartQueue(context.timers, per_host=per_host, may_run=self._may_run_on)
        self._orphans: set[str] = set()
        """On the lists, and not yet known to run where a host itself says so."""
        self._waits_until_ns = context.now_ns + context.timers.restart_delay_ns
        self._orphans_due_ns = self._waits_until_ns
        self._doubts_until_ns = 0
        """This master stood still, and knows as little as a new one: another may have its lists, a user may have
        switched VMs off."""
        self.on_pending: Callable[[], None] = lambda: None
        """Called when the list of VMs that wait for a place grows."""

    def pending(self) -> tuple[str, ...]:
        return self._queue.pending()

    def due_ns(self) -> int:
        return max(min(self._orphans_due_ns, self._queue.due_ns()), self._doubts_until_ns)

    # --- what happens ---

    def clock_leapt(self) -> None:
        """Nothing is restarted for as long as a new master waits: by then it is known who leads."""
        self._doubts_until_ns = self._c.now_ns + self._c.timers.restart_delay_ns

    def host_lost(self, moid: str) -> None:
        """A host is not connected any more: orders it has not answered go elsewhere."""
        self._report(self._queue.host_lost(moid, self._c.now_ns))

    def host_down(self, moid: str, because: str) -> None:
        """A host is dead: its VMs are restarted. Of the others it is kept where they ran: the host, if it lives, may
        stop them when they are to be restarted."""
        protected = self._to_restart()
        names = set(self._running.gone(self._running.on(moid) & protected.keys()))
        last_there = {vm for vm, host in protected.items() if host == moid and vm not in self._running.where}
        self.vanished(names | last_there, because, moid, by_silence=True)

    def vanished(self, vms: Iterable[str], because: str, moid: str, *, by_silence: bool = False) -> None:
        """These went down with their host, or it stopped them. What a new master's predecessor left is restarted when
        its delay is over: a file said perhaps that it runs there, and the predecessor had it restarted elsewhere."""
        if self._c.now_ns < self._waits_until_ns:
            self._orphans.update(vms)
            return
        for vm in sorted(vms):
            self.restart(vm, because, moid, by_silence=by_silence)

    def wishes_changed(self) -> None:
        """vCenter said which VMs are to be protected: what a user switched off need not wait for a host any more."""
        self._report(self._queue.withdraw(self._why_not))

    def reconfigured(self) -> None:
        """The settings of VMs, or the capacity of hosts, are others now."""
        self._queue.reconfigured(self._c.cluster.vm)
        self.wishes_changed()

    def membership_changed(self) -> None:
        """A host joined or left, or capacity changed: VMs that wait may find a place now."""
        self._queue.membership_changed()

    def runs(self, vm: str, moid: str) -> None:
        """The VM was seen running."""
        self._report(self._queue.running(vm, moid, self._c.now_ns))

    def power_result(self, host: str, outcome: PowerOutcome) -> None:
        """A power-on task of ours ended; success shows in the inventory as well."""
        if outcome.ok and outcome.vm in self._queue:
            self._running.runs(outcome.vm, host)
        order = outcome.order - self._elected_ns
        self._report(self._queue.result(outcome.vm, order, outcome.ok, outcome.because, self._c.now_ns))

    def adopt_list(self, datastore: str) -> None:
        """This master now holds a list: the list's VMs that run nowhere are restarted. Until now another one could
        restart them, also on a host whose file was read before that. What became of VMs on other lists is known."""
        self._hosts.read_poweron_again()
        self._orphans |= self._ownership.to_restart().keys() & self._ownership.listed(datastore)
        if self._orphans_due_ns == NEVER_NS:
            self._orphans_due_ns = self._c.now_ns

    def protected(self) -> Collection[str]:
        """The VMs that are on our lists."""
        return self._ownership.protected()

    def restart(self, vm: str, because: str, failed_host: str, *, by_silence: bool = False) -> None:
        """A VM runs nowhere; it is restarted if it is ours to restart. `by_silence`: its host did not say so."""
        config = self._c.cluster.vm(vm)
        if config is None or vm not in self._to_restart():
            return
        if self._c.now_ns < self._doubts_until_ns:
            self._orphans.add(vm)
            self._orphans_due_ns = min(self._orphans_due_ns, self._doubts_until_ns)
            return
        now_ns = self._c.now_ns
        self._report(
            self._queue.add(config, now_ns=now_ns, because=because, failed_host=failed_host, by_silence=by_silence)
        )

    # --- what is due ---

    def check(self) -> None:
        now_ns = self._c.now_ns
        if now_ns < self._doubts_until_ns:
            return
        if now_ns >= self._orphans_due_ns:
            self._restart_orphans()
        if now_ns >= self._queue.due_ns():
            self._place()

    def _why_not(self, name: str) -> str:
        """Why a VM that waits for its restart shall not run any more; empty: it shall."""
        vm = self._c.cluster.vm(name)
        if vm is None:
            return "the cluster no longer has it"
        if vm.priority == "disabled":
            return "its restart priority is disabled now"
        return "" if self._ownership.wanted(name) else "a user switched it off"

    def _to_restart(self) -> dict[str, str]:
        """VM to last host, for those that may be restarted: none while monitoring is off."""
        return self._ownership.to_restart() if self._c.cluster.host_monitoring else {}

    def _restart_orphans(self) -> None:
        protected = self._to_restart()
        undecided: set[str] = set()
        unread = bool(self._orphans) and self._hosts.asks_the_unheard()
        for vm in sorted(self._orphans):
            last = protected.get(vm)
            if last is None or vm in self._queue:
                continue
            host = self._running.where.get(vm)
            if host is not None and self._hosts.speaks(host):
                # Without the datastore it cannot see that the VM's lock is another's: then the list counts.
                if host == last or self._running.reaches(host, vm):
                    continue
            elif host is not None and self._hosts.alive(host):
                undecided.add(vm)  # Its poweron file may be of an earlier life: what it reports when it joins counts.
                continue
            # A poweron file alone is not a sign of life (docs/decisions/0009).
            if host is not None and not self._running.gone((vm,)):
                continue
            if unread or self._may_run_on(last, vm):  # The list may be older: its owner had perhaps moved it since.
                undecided.add(vm)
            else:
                self.restart(vm, f"the protectedlist has it on {last}, and it runs nowhere", last, by_silence=True)
        self._orphans = undecided
        later_ns = self._c.now_ns + self._c.timers.heartbeat_interval_ns
        self._orphans_due_ns = later_ns if undecided or not self._ownership.settled() else NEVER_NS

    def _may_run_on(self, moid: str, vm: str) -> bool:
        """Whether a host may run a VM that it has not reported itself: its poweron file has not been read, or has the
        VM. A dead host's file, which is of before it died, may have it as well."""
        peer = self._c.peers.get(moid)
        if peer is None:
            return False
        if peer.joined:
            return peer.inventory < 0
        return self._hosts.alive(moid) and (not self._hosts.poweron_known(moid) or self._running.lists(moid, vm))

    def _place(self) -> None:
        now_ns = self._c.now_ns
        self.wishes_changed()  # perhaps while an attempt was under way, which failed
        for task in self._queue.repeats(now_ns):
            self._order(task.vm, task.target, task.order, task.attempt)
        self._report(self._queue.place(self._targets(), now_ns))

    def _report(self, reports: list[RestartReport]) -> None:
        for report in reports:
            self._c.trace(
                records.Restart(
                    vm=report.vm.name,
                    phase=report.phase,
                    attempt=report.attempt,
                    target=report.target,
                    because=report.because,
                )
            )
            if report.phase == "ordered":
                self._order(report.vm, report.target, report.order, report.attempt)
            elif report.phase == "pending":
                self.on_pending()

    def _order(self, vm: VmConfig, target: str, order: int, attempt: int) -> None:
        """Send an order, with what we saw of the old lock owner's heartbeat (docs/decisions/0006)."""
        now_ns = self._c.now_ns
        evidence = tuple(
            LockEvidence(datastore, host, stamp, now_ns - since_ns)
            for (host, datastore), (stamp, since_ns) in sorted(self._c.stillness.items())
            if datastore == vm.datastore
        )
        # Unique over the reigns of one boot of this master: its clock never goes back.
        number = self._elected_ns + order
        if target == self._c.moid:
            self._c.do(PowerOn(OrderId(self._c.moid, self._c.boot, number), vm, evidence))
        else:
            reign = self._c.reigns
            self._c.order(RestartOrder, target, order=number, vm=vm, attempt=attempt, reign=reign, evidence=evidence)

    # --- where ---

    def placeable(self, moid: str, vms: Iterable[str]) -> tuple[str, ...]:
        """Those of a host's VMs that VM component protection may end there: another host could run them now. If it is
        aggressive, also those that no host in sight reaches while other hosts are out of sight, as in a partition:
        then it is unknown where they could run (fact sheet 7.6 [AG60-20])."""
        others = [target for target in self._targets() if target.moid != moid]
        in_sight = {moid, self._c.moid, *(other.moid for other in self._hosts.joined())}
        guess = self._c.cluster.vmcp_apd == "aggressive" and any(
            host.moid not in in_sight and not host.maintenance for host in self._c.cluster.hosts
        )
        known = [vm for name in vms if (vm := self._c.cluster.vm(name))]
        return tuple(
            vm.name
            for vm in known
            if any(fits(other, vm) for other in others) or (guess and not any(reaches(other, vm) for other in others))
        )

    def _targets(self) -> list[RestartTarget]:
        found = []
        for host in self._c.cluster.hosts:
            peer = self._c.peers.get(host.moid)
            if host.maintenance or (peer is not None and (not peer.joined or peer.inventory < 0)):
                continue  # What it runs takes its room: one that just thawed may run all that it ran.
            access = self._c.access if peer is None else peer.datastores
            running = [self._c.cluster.vm(vm) for vm in self._running.on(host.moid)]
            found.append(
                RestartTarget(
                    host.moid,
                    frozenset(name for name, state in access.items() if state == "ok"),
                    host.memory_mb - sum(vm.memory_mb for vm in running if vm),
                    host.cpu_mhz - sum(vm.cpu_mhz for vm in running if vm),
                    len(running),
                )
            )
        return found
