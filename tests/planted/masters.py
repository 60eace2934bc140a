"""Planted faults of masters: which host is alive, which master owns what, what is restarted."""

from __future__ import annotations

from typing import Any

from herzschlag.agents.ha.master.restarts import rank, reaches
from herzschlag.agents.settings import MINUTE
from tests.planted.plant import Planted, nothing


def _no_steps(original: Any) -> Any:
    return lambda *args, **kwargs: []


def _no_watch(verdict_ns: Any) -> Any:
    return lambda self: self._ping_over_ns()


def _polls_once(ask_again: Any) -> Any:
    def broken(self: Any, now_ns: int) -> Any:
        steps = ask_again(self, now_ns)
        self._next_poll_ns = 2**62
        return steps

    return broken


def _pings_little(ping_over_ns: Any) -> Any:
    return lambda self: self._ping_began_ns


def _kept_grudge(heard: Any) -> Any:
    """Datagrams arrive again, but the opinion stays."""

    def broken(self: Any, now_ns: int) -> Any:
        self.last_heard_ns = now_ns
        return []

    return broken


def _partitioned_is_dead(host_changed: Any) -> Any:
    def broken(self: Any, moid: str, state: str, because: str) -> None:
        host_changed(self, moid, state, because)
        if state == "networkPartitionedFromMaster":
            ended = self._running.gone(self._running.on(moid))
            self._failover.vanished(ended, f"{moid} is partitioned", moid)

    return broken


def _no_answer(marker_read: Any) -> Any:
    return lambda self, datastore, path, status: None


def _shows_its_first_view(check: Any) -> Any:
    shown: set[int] = set()

    def broken(self: Any) -> None:
        if id(self) not in shown:
            check(self)
            shown.add(id(self))
        self.due_ns = self._c.now_ns + self._c.timers.report_ns

    return broken


def _in_a_hurry(init: Any) -> Any:
    def broken(self: Any, context: Any, *others: Any) -> None:
        init(self, context, *others)
        self._orphans_due_ns = context.now_ns

    return broken


def _monitored_or_not(to_restart: Any) -> Any:
    return lambda failover: failover._ownership.to_restart()


def _owns_everything(lock_changed: Any) -> Any:
    return lambda self, datastore, held: lock_changed(self, datastore, True)


def _from_the_last_attempt(result: Any) -> Any:
    def broken(self: Any, name: str, *rest: Any) -> Any:
        reports = result(self, name, *rest)
        task = self._tasks.get(name)
        if task is not None and not task.target:
            task.due_ns = rest[-1] + self._t.retry_after_ns[task.attempt]
        return reports

    return broken


def _tries_for_ever(result: Any) -> Any:
    def broken(self: Any, name: str, *rest: Any) -> Any:
        task = self._tasks.get(name)
        if task is not None:
            task.attempt = min(task.attempt, len(self._t.retry_after_ns) - 1)
        reports = result(self, name, *rest)
        if task is not None:
            task.due_ns = rest[-1] + 2 * MINUTE
        return reports

    return broken


def _no_room_needed(fits: Any) -> Any:
    return reaches


def _no_limit(open_for: Any) -> Any:
    return lambda self, vm, per_host: True


def _least_important_first(original: Any) -> Any:
    def broken(vm: Any) -> tuple[int, int, str]:
        agent, priority, name = rank(vm)
        return -agent, -priority, name

    return broken


FAULTS = (
    Planted(
        name="no datastore watch",
        core="ha/master/liveness",
        broken="declares a host dead at T15, before the datastore watch is over",
        place="herzschlag.agents.ha.master.liveness.HostWatch._verdict_ns",
        patch=_no_watch,
        scenario="slave-failure",
        checker="timeline",
        says="slave declared dead: 15.0",
    ),
    Planted(
        name="no continuous ping",
        core="ha/master/liveness",
        broken="does not wait for answers to its pings",
        place="herzschlag.agents.ha.master.liveness.HostWatch._ping_over_ns",
        patch=_pings_little,
        scenario="case-01@unwatched",
        checker="timeline",
        says="slave declared dead: 10.0",
    ),
    Planted(
        name="answers to pings ignored",
        core="ha/master/liveness",
        broken="does not notice that a silent host answers ping",
        place="herzschlag.agents.ha.master.liveness.HostWatch.ping_answered",
        patch=_no_steps,
        scenario="case-32@stays-dead",
        checker="belief",
        says="but it answers ping: fdmUnreachable is right",
    ),
    Planted(
        name="datastore heartbeats ignored",
        core="ha/master/liveness",
        broken="calls a host dead whose datastore heartbeats go on",
        place="herzschlag.agents.ha.master.liveness.HostWatch.heartbeat_seen",
        patch=_no_steps,
        scenario="case-06",
        checker="restart-justified",
        says="which was alive and could show it",
    ),
    Planted(
        name="poweron file read once",
        core="ha/master/liveness",
        broken="does not read the poweron file of a cut-off host again",
        place="herzschlag.agents.ha.master.liveness.HostWatch._ask_again",
        patch=_polls_once,
        scenario="isolation",
        checker="restart-in-time",
        says="had not begun to restart it",
    ),
    Planted(
        name="opinions outlive silence",
        core="ha/master/liveness",
        broken="goes on judging a host that is heard again",
        place="herzschlag.agents.ha.master.liveness.HostWatch.heard",
        patch=_kept_grudge,
        scenario="case-15@18s",
        checker="expectations",
        says="host-99 sees host-98 as",
    ),
    Planted(
        name="partitioned is dead",
        core="ha/master/master",
        broken="restarts the VMs of a host that is only partitioned",
        place="herzschlag.agents.ha.master.master.Master._host_changed",
        patch=_partitioned_is_dead,
        scenario="case-06",
        checker="restart-justified",
        says="which was alive and could show it",
    ),
    Planted(
        name="hosts go unheard",
        core="ha/master/host_book",
        broken="does not notice the datagrams of its hosts",
        place="herzschlag.agents.ha.master.host_book.HostBook.heard",
        patch=nothing,
        scenario="normal",
        checker="expectations",
        says="no doubt about any host",
    ),
    Planted(
        name="markers overlooked",
        core="ha/master/running_vms",
        broken="does nothing about a VM that a cut-off host stopped",
        place="herzschlag.agents.ha.master.running_vms.RunningVms.marker_read",
        patch=_no_answer,
        scenario="isolation",
        checker="restart-in-time",
        says="had not begun to restart it",
    ),
    Planted(
        name="the first view for ever",
        core="ha/master/view",
        broken="shows vCenter what it took hosts for when it was elected, and nothing later",
        place="herzschlag.agents.ha.master.view.ViewSender.check",
        patch=_shows_its_first_view,
        scenario="slave-failure",
        checker="vcenter-belief",
        says="shown as",
    ),
    Planted(
        name="new master in a hurry",
        core="ha/master/failover",
        broken="restarts what its predecessor left at once, not after 10 s",
        place="herzschlag.agents.ha.master.failover.Failover.__init__",
        patch=_in_a_hurry,
        scenario="master-failure",
        checker="timeline",
        says="restarts begin",
    ),
    Planted(
        name="protectedlist not read",
        core="ha/master/failover",
        broken="does not look into the lists it takes over",
        place="herzschlag.agents.ha.master.failover.Failover.adopt_list",
        patch=nothing,
        scenario="case-45",
        checker="vms-run",
        says="runs nowhere at the end",
    ),
    Planted(
        name="restarts though monitoring is off",
        core="ha/master/failover",
        broken="restarts VMs although host monitoring is off",
        place="herzschlag.agents.ha.master.failover.Failover._to_restart",
        patch=_monitored_or_not,
        scenario="case-41@dies",
        checker="expectations",
        says="restart",
    ),
    Planted(
        name="lists kept after isolation",
        core="ha/master/ownership",
        broken="does not let go of its protected lists",
        place="herzschlag.agents.ha.master.ownership.Ownership.release",
        patch=nothing,
        scenario="case-09@powerOff",
        checker="list-owners",
        says="host-99 kept its protectedlist though it was isolated",
    ),
    Planted(
        name="owner without lock",
        core="ha/master/ownership",
        broken="takes a lock that it was denied for held",
        place="herzschlag.agents.ha.master.ownership.Ownership.lock_changed",
        patch=_owns_everything,
        scenario="case-21",
        checker="restart-owned",
        says="host-98 had it started",
    ),
    Planted(
        name="retry clock restarted",
        core="ha/master/restarts",
        broken="counts the delays of further attempts from the last one",
        place="herzschlag.agents.ha.master.restarts.RestartQueue.result",
        patch=_from_the_last_attempt,
        scenario="case-43",
        checker="restart-attempts",
        says="attempt 3 was due 360 s after",
    ),
    Planted(
        name="never gives up",
        core="ha/master/restarts",
        broken="tries to restart a VM every two minutes, for ever",
        place="herzschlag.agents.ha.master.restarts.RestartQueue.result",
        patch=_tries_for_ever,
        scenario="case-43",
        checker="restart-attempts",
        says="360 s are due",
    ),
    Planted(
        name="no room needed",
        core="ha/master/restarts",
        broken="places VMs on hosts that have no memory left",
        place="herzschlag.agents.ha.master.restarts.fits",
        patch=_no_room_needed,
        scenario="case-42",
        checker="placement",
        says="MB of memory and has 4096",
    ),
    Planted(
        name="no limit of restarts",
        core="ha/master/restarts",
        broken="gives a host more than 32 restarts at a time",
        place="herzschlag.agents.ha.master.restarts._Room.open_for",
        patch=_no_limit,
        scenario="case-44",
        checker="placement",
        says="32 at a time are allowed",
    ),
    Planted(
        name="least important first",
        core="ha/master/restarts",
        broken="restarts in reversed order of priority",
        place="herzschlag.agents.ha.master.restarts.rank",
        patch=_least_important_first,
        scenario="priorities",
        checker="restart-order",
        says="lowest, ordered to",
    ),
)
