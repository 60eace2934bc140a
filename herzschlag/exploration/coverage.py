"""What schedules have exercised: each kind of fault by the role it struck and what the cluster was doing, and which
changes followed each other.

This module decides what is told apart, and from that which kinds of faults are tried next: those that have been seen in
the fewest situations. Everything is a name with a count, so that what several searches saw adds up.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from herzschlag.checkers.truth import Truth, fault_of
from herzschlag.exploration.drawing import KINDS
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

ROLES = ("master", "slave", "isolated", "election", "uninitialized", "off", "none")
"""What the struck host was just before; `none`: the fault struck no host alone."""
PHASES = ("calm", "election", "two masters", "isolated", "host lost", "VM off")
"""What the cluster was doing, the most telling first found from the end of this list."""
TRANSITIONS = ("role", "isolation", "restart", "lock", "host-state", "vcenter")
SITUATION, PAIR = "fault", "pair"


def features(history: History, scenario: Scenario) -> Counter[str]:
    """What one schedule exercised."""
    truth = Truth.of(history, scenario)
    found: Counter[str] = Counter()
    for begin in history.where("fault", phase="begin"):
        kind = _kind(str(begin.fields["id"]))
        for role in _roles(begin, truth):
            found[f"{SITUATION} {kind} / {role} / {_phase(begin.at_ns - 1, truth)}"] += 1
    changes = [name for record in history if (name := _change(record))]
    found.update(f"{PAIR} {a} -> {b}" for a, b in pairwise(changes) if a != b)
    return found


def moments(history: History) -> dict[str, float]:
    """Changes after ready, by name, each with the second since ready of its first time."""
    ready = history.of_kind("ready")
    if not ready:
        return {}
    found: dict[str, float] = {}
    for record in history:
        if record.at_ns > ready[0].at_ns and (name := _change(record)):
            found.setdefault(name, float((record.at_ns - ready[0].at_ns) // SECOND))
    return found


def least_seen(counts: Mapping[str, int], kinds: Sequence[str], number: int, generator: random.Random) -> list[str]:
    """Kinds to try next: drawn at random, those more likely that were seen in few situations."""
    seen = Counter(name.split(" / ")[0].removeprefix(f"{SITUATION} ") for name in counts if name.startswith(SITUATION))
    chosen: list[str] = []
    left = list(kinds)
    while left and len(chosen) < number:
        kind = generator.choices(left, [1 / (1 + seen[kind]) for kind in left])[0]
        left.remove(kind)
        chosen.append(kind)
    return [kind for kind in kinds if kind in chosen]


def page(counts: Mapping[str, int], plays: int) -> str:
    """What was exercised and what never, as Markdown."""
    lines = [f"# What {plays} schedules exercised", ""]
    lines += ["How often each kind of fault struck a host of which role, in all situations together.", ""]
    lines += [f"| Fault | {' | '.join(ROLES)} |", f"|---|{'---|' * len(ROLES)}"]
    for kind in KINDS:
        cells = [sum(counts.get(f"{SITUATION} {kind} / {role} / {phase}", 0) for phase in PHASES) for role in ROLES]
        lines.append(f"| {kind} | {' | '.join(map(str, cells))} |")
    lines += [
        "",
        "## By what the cluster was doing",
        "",
        f"| Fault | {' | '.join(PHASES)} |",
        f"|---|{'---|' * len(PHASES)}",
    ]
    for kind in KINDS:
        cells = [sum(counts.get(f"{SITUATION} {kind} / {role} / {phase}", 0) for role in ROLES) for phase in PHASES]
        lines.append(f"| {kind} | {' | '.join(map(str, cells))} |")
    pairs = sorted(name.removeprefix(f"{PAIR} ") for name in counts if name.startswith(PAIR))
    changes = sorted({end for pair in pairs for end in pair.split(" -> ")})
    lines += ["", f"## {len(pairs)} pairs of changes that followed each other, of {len(changes)} changes", ""]
    lines += [
        f"- {change}: before {sum(pair.startswith(f'{change} ->') for pair in pairs)} others" for change in changes
    ]
    never = [kind for kind in KINDS if not any(name.startswith(f"{SITUATION} {kind} /") for name in counts)]
    lines += ["", f"Never begun: {', '.join(never) or 'no kind of fault'}.", ""]
    return "\n".join(lines)


def situations(counts: Iterable[str]) -> int:
    return sum(name.startswith(SITUATION) for name in counts)


def pairs(counts: Iterable[str]) -> int:
    return sum(name.startswith(PAIR) for name in counts)


def _kind(step_id: str) -> str:
    """`drawing.draw` names a step by its number and its kind."""
    return step_id.partition(" ")[2] or step_id


def _roles(begin: Record, truth: Truth) -> set[str]:
    """The roles of the hosts that a fault is about, where it is about few of them."""
    struck = fault_of(begin).primitives(truth.lab)
    ends = {str(getattr(one, name)) for one in struck for name in ("host", "node") if hasattr(one, name)}
    vms = {one.vm for one in struck if isinstance(one, p.VmCrash | p.VmHang | p.VmPower)}
    ends |= {stay.host for vm in vms for stay in truth.running_on(vm, begin.at_ns - 1)}
    cut = [one for one in struck if isinstance(one, p.LinkCut)]
    if cut:
        ends |= {end for end in (cut[0].src, cut[0].dst) if all(end in (one.src, one.dst) for one in cut)}
    hosts = ends & set(truth.lab.moids)
    return {truth.role(host, begin.at_ns - 1) for host in hosts} if 0 < len(hosts) < len(truth.lab.moids) else {"none"}


def _phase(at_ns: int, truth: Truth) -> str:
    roles = [truth.role(host, at_ns) for host in truth.lab.moids]
    if any(not truth.running_on(vm, at_ns) for vm, (_, _, on) in truth.vms.items() if on):
        return "VM off"
    if "off" in roles or "uninitialized" in roles:
        return "host lost"
    if "isolated" in roles:
        return "isolated"
    if roles.count("master") > 1:
        return "two masters"
    return "election" if "election" in roles else "calm"


def _change(record: Record) -> str:
    """A change without names of hosts and VMs, in words; empty: none that counts."""
    if record.kind not in TRANSITIONS:
        return ""
    after = record.get("to") or record.get("phase") or ("seen" if record.get("master") else "none")
    return f"{record.kind} {after}"
