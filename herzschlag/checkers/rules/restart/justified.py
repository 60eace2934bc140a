"""Every restart is justified: by the truth of the faults, the VM's host was dead or no longer ran the VM.

This module decides that a master may order a VM to be started when it runs nowhere, or when the host it runs on has
neither power, nor a network path to the master, nor any datastore through which it could show signs of life. What a
user has switched off is to stay off. Nothing is restarted while host monitoring is off, and what a new master's
predecessor left, not before the new one's delay of 10 s is over (1.2 [DD-R]), unless the VM's host is back and says
itself that it does not run it.
"""

from __future__ import annotations

from herzschlag.checkers.bad_lines import loses
from herzschlag.checkers.checker import Checker
from herzschlag.checkers.leading import owns_since
from herzschlag.checkers.pace import too_early
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.signs_of_life import may_show_nothing, shows_heartbeat
from herzschlag.checkers.truth import Stay, Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "restart-justified"

NEWS_NS = 3 * SECOND
"""A master that repeats an order may not know yet that the VM has just started: three heartbeats."""
SIGNS_NS = 15 * SECOND
"""A silent host is pinged each 10 s, for as long as 5 s (fact sheet 0 [DD-A])."""
LOSES = 0.1
"""At this share of lost packets five pings in a row fail in one of some thousand times."""
SILENCES = 0.5
"""At this share of lost packets ten heartbeats in a row are lost one time in a thousand."""
USER_NS = 10 * SECOND
"""A user's request passes vCenter, the host and the protectedlist before every master knows it."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    orders = history.where("restart", phase="ordered")
    if truth.vms and not history.of_kind("vm"):
        return unknown(NAME, "no host said anything of its VMs")
    details = [_too_early(order, truth) or _unmonitored(order, truth) or _judge(order, truth) for order in orders]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'restart')}, each of a VM that was gone or whose host was",
        nothing="no VM was restarted",
    )


def _too_early(order: Record, truth: Truth) -> Detail | None:
    """An order for a VM that had ended before the master was elected. None: it came in time, or a clock leapt."""
    vm = str(order.fields["vm"])
    won = truth.history.last("role", order.at_ns, node=order.node, to="master")
    if won is None or any(stay.end_ns >= won.at_ns for stay in truth.stays.get(vm, ()) if stay.begin_ns < order.at_ns):
        return None
    if _host_is_back(vm, order.at_ns, truth):
        return None
    if not too_early(truth, won.at_ns, order.at_ns, truth.timers.restart_delay_ns):
        return None
    why = f"{order.node} had it started {(order.at_ns - won.at_ns) / SECOND:.1f} s after its election,"
    why += f" {truth.timers.restart_delay_ns / SECOND:g} s are due ({order.get('because')})"
    return Detail(name=vm, verdict="violated", because=why, evidence=(won.seq, order.seq))


def _host_is_back(vm: str, at_ns: int, truth: Truth) -> bool:
    """Whether the host that the VM ran on last has lost power or its agent since, and has both again."""
    stays = [stay for stay in truth.stays.get(vm, ()) if stay.begin_ns < at_ns]
    if not stays:
        return False
    last = max(stays, key=lambda stay: stay.begin_ns)
    since = list(truth.between(last.begin_ns, at_ns))
    ends = {p.PowerOff(last.host), p.AgentDown(last.host, True), p.AgentDown(last.host, False)}
    return truth.agent_works(last.host, since[-1]) and any(ends & segment.conditions for segment in since)


def _unmonitored(order: Record, truth: Truth) -> Detail | None:
    """An order though host monitoring is off from the beginning to the end."""
    if not truth.never_monitored:
        return None
    why = f"{order.node} had it started at {truth.told(order.at_ns)} though host monitoring is off"
    return Detail(name=str(order.fields["vm"]), verdict="violated", because=why, evidence=(order.seq,))


def _judge(order: Record, truth: Truth) -> Detail:
    vm = str(order.fields["vm"])
    switch = _last_switch(vm, order, truth)
    if switch is not None and not switch[1]:
        if not _could_learn(vm, switch[0].at_ns, order, truth):
            why = f"a user had switched it off at {truth.told(switch[0].at_ns)}, and no master with its list"
            why += " could be told or note it"
            return Detail(name=vm, verdict="holds", because=why, evidence=(switch[0].seq, order.seq), foreseen=True)
        why = f"{order.node} had it started on {order.get('target')} at {truth.told(order.at_ns)}, after a user had"
        why += f" switched it off at {truth.told(switch[0].at_ns)} ({order.get('because')})"
        return Detail(name=vm, verdict="violated", because=why, evidence=(switch[0].seq, order.seq))
    stays = [s for s in truth.running_on(vm, order.at_ns) if s.begin_ns < order.at_ns - NEWS_NS]
    late = truth.stood_still(order.node, order.at_ns - USER_NS, order.at_ns)
    alive = [] if late else [s for s in stays if not _lost(s, order, truth) and not _unanswered(s, order, truth)]
    wrong = [s for s in alive if not _unread(s, order, truth)]
    if not wrong:
        why = "its host gave no sign" if not late else f"{order.node} had stood still, and knew no better"
        if alive:
            why = f"the poweron file of {alive[0].host} did not tell {order.node} of it"
            evidence = (alive[0].begin, order.seq)
            return Detail(name=vm, verdict="holds", because=why, evidence=evidence, foreseen=True)
        return Detail(name=vm, verdict="holds", because=why if stays else "it ran nowhere")
    if all(_mute_by_choice(stay, order, truth) for stay in wrong):
        why = f"{wrong[0].host} was alive, and could show it on none of the heartbeat datastores that its user chose"
        return Detail(
            name=vm, verdict="holds", because=f"{why} [KB-DSHB]", evidence=(wrong[0].begin, order.seq), foreseen=True
        )
    return Detail(
        name=vm,
        verdict="violated",
        because=f"{order.node} had it started on {order.get('target')} at {truth.told(order.at_ns)} while it ran on"
        f" {wrong[0].host}, which was alive and could show it ({order.get('because')})",
        evidence=(wrong[0].begin, order.seq),
    )


def _last_switch(vm: str, order: Record, truth: Truth) -> tuple[Record, bool] | None:
    """The record of what a user last did to the VM before the order, and whether that was to switch it on."""
    told = [(span.begin, one) for span in truth.spans for one in span.primitives]
    found = [
        (r, one.on)
        for r, one in told
        if isinstance(one, p.VmPower)
        and one.vm == vm
        and r.at_ns < order.at_ns - (0 if one.on else USER_NS)
        and truth.vcenter_runs(r.at_ns)
    ]
    return found[-1] if found else None


def _could_learn(vm: str, since_ns: int, order: Record, truth: Truth) -> bool:
    """Whether at some time since then vCenter could tell the master, and the master write its protectedlist."""
    datastore = truth.vms[vm][0].datastore
    for segment in truth.between(since_ns, order.at_ns):
        for master in truth.lab.moids:
            begin_ns, end_ns = max(segment.begin_ns, since_ns), min(segment.end_ns, order.at_ns)
            instants = end_ns - USER_NS, end_ns - 1
            owns = (owns_since(master, datastore, at_ns, truth) for at_ns in instants)
            leads = end_ns - begin_ns >= USER_NS and None not in owns
            told = truth.vcenter_reaches(master, segment) and not _tells_another(master, instants, truth)
            if leads and told and truth.agent_works(master, segment) and truth.keeps_locks(master, datastore, segment):
                return True
    return False


def _tells_another(master: str, instants: tuple[int, int], truth: Truth) -> bool:
    """Whether vCenter, which is connected to one master only (3.1 [AG50-PART]), was so to another one that led."""
    seen = [(at_ns, truth.history.last("vcenter", at_ns)) for at_ns in instants]
    others = [(at_ns, str(r.fields["master"])) for at_ns, r in seen if r is not None and r.fields["master"] != master]
    return any(truth.role(other, at_ns) == "master" for at_ns, other in others if other)


def _unanswered(stay: Stay, order: Record, truth: Truth) -> bool:
    """Whether the VM runs there by an earlier order of the same master, which lost the host before it was told so: such
    an order goes to another host (7.5), and the VM's lock says no there."""
    if not truth.history.where("vm", node=stay.host, vm=stay.vm, to="on", by=order.node):
        return False
    about = [r for r in truth.history.where("restart", node=order.node, vm=stay.vm) if r.seq < order.seq]
    failed = [r for r in about if r.get("phase") == "failed" and r.get("target") == stay.host]
    done = [r for r in about if r.get("phase") == "done" and r.at_ns >= stay.begin_ns]
    return bool(failed) and failed[-1].at_ns >= stay.begin_ns and not done


def _unread(stay: Stay, order: Record, truth: Truth) -> bool:
    """Whether the master, which did not hear the host, could not read in its poweron file that the VM runs there.

    It reads the file each 30 s [DD-R], so perhaps not since the VM began to run; or the host had no room all the while
    to write the file anew. The VM's lock says no then.
    """
    if stay.host == order.node:
        return False
    since = list(truth.between(stay.begin_ns, order.at_ns - 1))
    if not any(truth.writes_files(stay.host, segment) for segment in since):
        return not _heard(stay.host, order.node, since[-1], truth)
    if order.at_ns - stay.begin_ns > truth.timers.poweron_poll_ns + NEWS_NS:
        return False
    return not any(_heard(stay.host, order.node, s, truth) for s in truth.between(stay.begin_ns, order.at_ns - NEWS_NS))


def _lost(stay: Stay, order: Record, truth: Truth) -> bool:
    """Whether the host could show the master no sign of life, just before the order or when it was last pinged."""
    if stay.host == order.node:
        return False
    return any(_shows_nothing(stay, order, s, truth) for s in truth.between(order.at_ns - SIGNS_NS, order.at_ns - 1))


def _shows_nothing(stay: Stay, order: Record, segment: Segment, truth: Truth) -> bool:
    host = stay.host
    if not truth.powered(host, segment) or p.Frozen(host) in segment.conditions:
        return True
    if p.Maintenance(host) in segment.conditions:
        return True  # It speaks to vCenter alone: no master knows what it runs, and only the lock says no.
    if _vmcp(stay, segment, truth):
        return True
    if not truth.agent_works(host, segment):
        # No process holds its heartbeat file open, or writes down what it runs (5 [POD]): a ping alone shows life.
        pinged = any(
            truth.answers(order.node, truth.lab.address(host, network), segment)
            and not _loses_pings(order.node, host, network, segment)
            for network in truth.lab.networks
        )
        listed = truth.agent_works(host, truth.segment_at(stay.begin_ns)) and truth.writes_files(host, segment)
        return not (pinged and listed)
    shared = any(
        truth.reaches_storage(host, segment, d.name) and truth.sees_storage(order.node, segment, d.name)
        for d in truth.lab.datastores_of(host)
        if (d.hosts is None or order.node in d.hosts) and not _reads_too_slowly(order.node, d.name, segment, truth)
    )
    if _heard(host, order.node, segment, truth):
        return False
    return not shared or bool(may_show_nothing(host, order.node, segment, truth))


def _reads_too_slowly(master: str, datastore: str, segment: Segment, truth: Truth) -> bool:
    """Whether two reads, which show that a heartbeat moves, may take the master longer than it watches a host."""
    read_ns = truth.io_delay_ns(master, segment, datastore) + truth.timers.slot_poll_ns
    return 2 * read_ns >= truth.timers.datastore_watch_ns


def _mute_by_choice(stay: Stay, order: Record, truth: Truth) -> bool:
    """Whether the host was cut off, and had no datastore for its heartbeat that both reached, by the user's choice."""
    if truth.scenario.cluster.heartbeat_datastores is None:
        return False
    lately = truth.between(order.at_ns - SIGNS_NS, order.at_ns - 1)
    return any(
        not _heard(stay.host, order.node, segment, truth) and not shows_heartbeat(stay.host, order.node, segment, truth)
        for segment in lately
    )


def _heard(host: str, master: str, segment: Segment, truth: Truth) -> bool:
    """Whether the two reach each other, and bad lines keep neither's heartbeats from the other: a host that misses
    those of its master follows another one, and speaks to that one alone."""
    ways = (host, master), (master, host)
    return any(
        all(truth.passes(net, a, b, segment, "join") and loses(a, b, net, segment) < SILENCES for a, b in ways)
        for net in truth.lab.networks
    )


def _loses_pings(a: str, b: str, network: str, segment: Segment) -> bool:
    """Whether bad lines between the two may lose every ping of five seconds."""
    return max(loses(a, b, network, segment), loses(b, a, network, segment)) >= LOSES


def _vmcp(stay: Stay, segment: Segment, truth: Truth) -> bool:
    """Its host has lost the VM's datastore: component protection may move it."""
    return not truth.reaches_storage(stay.host, segment, truth.vms[stay.vm][0].datastore)


CHECKER = Checker(NAME, ("restart", "vm", "fault"), _check)
