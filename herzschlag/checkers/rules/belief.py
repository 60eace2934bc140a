"""Belief against truth: every master's opinion of every host, once it has had the legal time to find out.

This module decides from faults and topology what each host really is and what a master may call that. Connected hosts
must be called connected and dead ones down; for a host that is cut off alive, several names can be right, because what
a master learns depends on which signs of life get through. Nothing is asked of a master whose own reach changed too
recently. No host is taken for dead before it was pinged, and its datastore heartbeat watched, for long enough (1.1
[DD-R]).
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.pace import too_early
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.signs_of_life import may_show_nothing, shows_heartbeat
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "belief"


SPARE_NS = 5 * SECOND
"""For joining and booting."""


SAYS_SO_NS = 45 * SECOND
"""The file is read each 30 s while the host is silent (1.3 [DD-R])."""


def legal_delay_ns(scenario: Scenario) -> int:
    """How long a master may take to find a host out: the silence before the datastore watch, and the watch; or the
    silence before its pings, and the pings, where that is longer (0 [DD-A])."""
    timers = scenario.cluster.timers()
    watched_ns = timers.datastore_watch_after_ns + timers.datastore_watch_ns
    return max(watched_ns, timers.host_timeout_ns + timers.icmp_ping_timeout_ns) + SPARE_NS


def reign_ns(master: str, at_ns: int, truth: Truth) -> int:
    """Since when it leads: before that it had nothing to find out."""
    won = truth.history.last("role", at_ns, node=master, to="master")
    return won.at_ns if won is not None else at_ns


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    if not history.of_kind("host-state"):
        return unknown(NAME, "no master said what it takes anyone for")
    delay_ns = legal_delay_ns(scenario)
    details = []
    for segment in truth.segments:
        if truth.impaired(segment):
            continue
        at_ns = segment.end_ns - 1
        for group in truth.groups(segment):
            masters = [host for host in group if truth.role(host, at_ns) == "master"]
            if len(masters) != 1 or not truth.clique(group, segment):
                continue
            since_ns = max(segment.begin_ns, reign_ns(masters[0], at_ns, truth))
            if at_ns - since_ns >= delay_ns or _first_quiet(segment, history):
                details += [_judge(masters[0], host, segment, truth) for host in truth.lab.moids if host != masters[0]]
    details += [d for dead in history.where("host-state", to="hostDown") if (d := _too_early(dead, truth)) is not None]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'opinion')}, each as the truth allows",
        nothing="no state lasted long enough for a master to find it out",
    )


def _first_quiet(segment: Segment, history: History) -> bool:
    """From ready to the first fault there is nothing to find out."""
    ready = history.of_kind("ready")
    return bool(ready) and segment.begin_ns == 0 and segment.end_ns > ready[0].at_ns


def _judge(master: str, host: str, segment: Segment, truth: Truth) -> Detail:
    legal, why = legal_opinions(master, host, segment, truth)
    at_ns = segment.end_ns - 1
    name = f"{master} of {host} at {truth.told(at_ns, 0)}"
    opinion = truth.history.last("host-state", at_ns, node=master, host=host)
    if opinion is None:
        if truth.powered(host, segment):
            return Detail(name=name, verdict="unknown", because="it never said")
        return Detail(name=name, verdict="holds", because="it never met it")
    if opinion.get("to") in legal:
        return Detail(name=name, verdict="holds", because=why, evidence=(opinion.seq,))
    return Detail(
        name=name,
        verdict="violated",
        because=f"{opinion.get('to')} since {truth.told(opinion.at_ns)}, but {why}:"
        f" {' or '.join(sorted(legal))} is right",
        evidence=(opinion.seq,),
    )


def _too_early(dead: Record, truth: Truth) -> Detail | None:
    """A master's verdict before the time since the silence began is over, counted by what it recorded of the silence
    itself. None: it came in time, or a clock leapt."""
    host = str(dead.fields["host"])
    silence = [r for r in truth.history.where("liveness", node=dead.node, host=host) if r.at_ns <= dead.at_ns]
    heard = max((n for n, r in enumerate(silence) if r.get("phase") == "heard"), default=-1)
    for phase, least_ns, what in (
        ("unreachable", truth.timers.icmp_ping_timeout_ns, "it had to be pinged for"),
        ("watching", truth.timers.datastore_watch_ns, "its datastore heartbeat had to be watched for"),
    ):
        began = next((r for r in silence[heard + 1 :] if r.get("phase") == phase), None)
        if began is None or not too_early(truth, began.at_ns, dead.at_ns, least_ns):
            continue
        why = f"taken for dead at {truth.told(dead.at_ns)}, {what} {least_ns / SECOND:g} s from"
        why += f" {truth.told(began.at_ns)} on"
        name = f"{dead.node} of {host}"
        return Detail(name=name, verdict="violated", because=why, evidence=(began.seq, dead.seq))
    return None


def legal_opinions(master: str, host: str, segment: Segment, truth: Truth, older_ns: int = 0) -> tuple[set[str], str]:
    """What a master may call the host at the end of the segment, and the truth behind it. `older_ns`: how old what is
    known of its opinion may be."""
    legal, why = _legal_now(master, host, segment, truth)
    if passes_until_ns(master, host, segment, truth) + older_ns > segment.end_ns:
        # In maintenance mode it is not part of HA, whatever it answers (3.1).
        legal = {*legal, "uninitialized" if p.Maintenance(host) in segment.conditions else "fdmUnreachable"}
    return legal, why


def passes_until_ns(master: str, host: str, segment: Segment, truth: Truth) -> int:
    """Until when the host may still pass for one that answers ping, as it did before the segment: an answer counts for
    as long as a ping is repeated and awaited, and is looked at when the next one is due (3.2). 0: it answered none."""
    counts_ns = 2 * truth.timers.dead_ping_interval_ns + truth.timers.icmp_ping_timeout_ns
    before = (one for one in reversed(truth.segments) if one.end_ns <= segment.begin_ns)
    last = next((one for one in before if _answers(master, host, one, truth)), None)
    return last.end_ns + counts_ns if last else 0


def _answers(master: str, host: str, segment: Segment, truth: Truth) -> bool:
    return any(truth.answers(master, truth.lab.address(host, net), segment) for net in truth.lab.networks)


def _legal_now(master: str, host: str, segment: Segment, truth: Truth) -> tuple[set[str], str]:
    if not truth.powered(host, segment):
        return {"hostDown"}, "it has no power"
    if p.Maintenance(host) in segment.conditions:
        return {"uninitialized", "hostDown", "fdmUnreachable", "connectedToMaster"}, "it is in maintenance mode"
    alive = truth.agent_works(host, segment)
    if alive and truth.linked(master, host, segment):
        return {"connectedToMaster"}, "both reach each other"
    pinged = _answers(master, host, segment, truth)
    if p.Frozen(host) in segment.conditions:
        return ({"fdmUnreachable"}, "its clock stands still") if pinged else ({"hostDown"}, "it stands still")
    shown = shows_heartbeat(host, master, segment, truth)
    if pinged:
        cut_off = {"networkPartitionedFromMaster", "election"} if alive else set[str]()
        return {"fdmUnreachable", *cut_off}, "its agent is not heard, but it answers ping"
    if not alive:
        # Without an agent a VMFS slot still moves, for the hypervisor writes it.
        return {"hostDown", "fdmUnreachable", "networkPartitionedFromMaster"}, "its agent is dead and no ping passes"
    if truth.hears(master, host, segment):
        heard = {"networkPartitionedFromMaster", "election", "fdmUnreachable", "networkIsolated"}
        return heard, "it is heard, but does not hear"
    if why := may_show_nothing(host, master, segment, truth):
        return {"hostDown", "networkPartitionedFromMaster", "networkIsolated"}, why
    if shown and all(_may_come_late(host, master, segment, name, truth) for name in shown):
        late = {"hostDown", "networkPartitionedFromMaster", "networkIsolated"}
        return late, "it is cut off and its storage is too slow to show it in time"
    if shown and _says_so_for_long(master, host, segment, truth):
        why = "it is cut off and its storage shows it alive"
        return {"networkIsolated"}, f"{why}, and isolated for {SAYS_SO_NS / SECOND:g} s by its poweron file"
    if shown:
        return {"networkPartitionedFromMaster", "networkIsolated"}, "it is cut off and its storage shows it alive"
    return {"hostDown"}, "it is cut off from network and storage"


def _says_so_for_long(master: str, host: str, segment: Segment, truth: Truth) -> bool:
    """Whether the master has had the time to read that the host is isolated: nothing keeps the one from writing, or the
    other from reading, wherever its heartbeat datastores are."""
    at_ns = segment.end_ns - 1
    role = truth.history.last("role", at_ns, node=host)
    if role is None or role.get("to") != "isolated":
        return False
    since_ns = max(role.at_ns, reign_ns(master, at_ns, truth), segment.begin_ns)
    names = [d.name for d in truth.lab.datastores_of(host)]
    slow = any(truth.io_delay_ns(end, segment, name) for end in (master, host) for name in names)
    free = truth.writes_everywhere(host, segment)
    free = free and all(truth.sees_storage(end, segment, name) for end in (master, host) for name in names)
    return at_ns - since_ns >= SAYS_SO_NS and free and not slow


def _may_come_late(host: str, master: str, segment: Segment, datastore: str, truth: Truth) -> bool:
    """Whether the datastore watch may end before the master sees a heartbeat move: it looks twice, and each look reads
    twice on VMFS; what it looks for is written late as well."""
    look_ns = 4 * truth.io_delay_ns(master, segment, datastore)
    return look_ns + truth.io_delay_ns(host, segment, datastore) >= truth.watch_ns


CHECKER = Checker(NAME, ("host-state", "role", "fault", "ready"), _check)
