"""Draws random schedules: a cluster, and faults of the whole language at any moment, healed or not.

Every choice is one of a list, the simplest first, made by a `Chooser`: a random generator, or Hypothesis, whose
shrinking then leads to the fewest faults, the roundest times and the fewest hosts. This module decides what can be
drawn and how likely, `clusters.py` of what cluster. What the lab cannot have is drawn again as nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from herzschlag import faults as f
from herzschlag.exploration import stories
from herzschlag.exploration.clusters import Chooser, draw_cluster
from herzschlag.exploration.stories import first_vm, halves
from herzschlag.faults import Fault, FaultError
from herzschlag.faults.lines import Block, Impair, MissingRoute, Mtu, WrongAddress
from herzschlag.scenarios.expectations import Count, Expectations
from herzschlag.scenarios.model import Cluster, Profile, Scenario, Step
from herzschlag.scenarios.validation import check
from herzschlag.topo.spec import GATEWAY, TopologySpec
from herzschlag.wrong_input import InputError

T = TypeVar("T")
LAST_S = 150.0
"""How long a run goes on after everything is healed: two elections, restarts, and the polls between."""
BEGIN_S = (10.0, 5.0, 20.0, 2.0, 8.0, 12.0, 30.0, 3.0, 15.0, 25.0, 40.0, 60.0, 1.0, 7.3, 33.7)
"""Distance of a fault from the one before."""
LENGTH_S = (None, 40.0, 20.0, 12.0, 2.0, 5.0, 9.0, 15.0, 26.0, 35.0, 70.0, 100.0, 150.0, 150.0, 200.0, 340.0)
"""How long it lasts; None: until all is healed at the end."""


COUNTS = (False,) * 7 + (True,)
"""Whether packets are counted, which takes a while: without it no rule sees who sends what to whom."""
COUNTED = Expectations(count=(Count(name="packets are counted", record={"kind": "sent"}, at_least=1),))

Moments = Callable[[Scenario], Mapping[str, float]]
"""What happens in a schedule that is drawn so far, each with the protocol second since ready of its first time."""
OFFSET_S = (0.0, 1.0, -1.0, 2.0, 5.0, 10.0)
"""How long after such a moment a fault begins."""

Make = Callable[[Chooser, TopologySpec], Fault]


def _hosts(c: Chooser, lab: TopologySpec) -> tuple[str, ...]:
    """One host, mostly; sometimes two."""
    first = c.one_of(lab.moids)
    if len(lab.moids) > 2 and c.one_of((1, 1, 1, 2)) == 2:
        return tuple(sorted({first, c.one_of(lab.moids)}))
    return (first,)


def _networks(c: Chooser) -> str:
    return c.one_of(("all", "A", "B"))


def _two(c: Chooser, names: Sequence[str]) -> tuple[str, str]:
    a = c.one_of(names)
    return a, c.one_of([name for name in names if name != a])


def _bridge(c: Chooser, lab: TopologySpec) -> Fault:
    over = c.one_of(lab.moids)
    others = [host for host in lab.moids if host != over]
    sides: tuple[list[str], list[str]] = (others[:1], others[1:2])
    for host in others[2:]:
        sides[c.one_of((1, 0))].append(host)
    if not sides[1]:
        raise FaultError("groups", "two hosts need no bridge: there are two sides only with three")
    return f.Bridge(over=over, groups=tuple(tuple(side) for side in sides), networks=_networks(c))


def _options(c: Chooser, lab: TopologySpec) -> dict[str, str | int | float | bool]:
    """Of the cluster or of one VM, as a user changes them while everything runs."""
    vm = f"vm.{_vm(c, lab)}"
    return c.one_of(
        (
            {"host_monitoring": False},
            {f"{vm}.power_on_fails": True},
            {"isolation_response": "powerOff"},
            {"isolation_response": "none"},
            {"vm_monitoring": True},
            {f"{vm}.priority": "disabled"},
            {f"{vm}.isolation_response": "shutdown"},
            {"vmcp_apd": "aggressive"},
            {"vmcp_pdl": True},
            {"das.perHostConcurrentFailoversLimit": 1},
        )
    )


def _pair(c: Chooser, lab: TopologySpec) -> Fault:
    a, b = _two(c, (*lab.moids, GATEWAY, "vcenter"))
    return f.CutPair(a=a, b=b, networks=_networks(c))


def _one_way(c: Chooser, lab: TopologySpec) -> Fault:
    a, b = _two(c, (*lab.moids, GATEWAY))
    return f.OneWay(src=a, dst=b, networks=_networks(c))


def _vm(c: Chooser, lab: TopologySpec) -> str:
    return first_vm(c.one_of(lab.moids))


def _datastore(c: Chooser, lab: TopologySpec) -> str:
    return c.one_of(("all", *(d.name for d in lab.datastores)))


def _bad_lines(c: Chooser, lab: TopologySpec) -> Fault:
    src, networks = c.one_of(("all", *lab.moids)), _networks(c)
    match c.one_of(("loss", "delay", "bursts", "ramp", "flapping")):
        case "loss":
            return Impair(src=src, networks=networks, loss=c.one_of((0.2, 0.1, 0.5)))
        case "delay":
            return Impair(
                src=src, networks=networks, delay_ms=c.one_of((100.0, 500.0)), jitter_ms=c.one_of((0.0, 90.0))
            )
        case "bursts":
            return Impair(src=src, networks=networks, loss=0.2, burst_packets=c.one_of((4.0, 10.0)))
        case "ramp":
            return Impair(src=src, networks=networks, to={"loss": c.one_of((1.0, 0.5))}, over_s=c.one_of((30.0, 10.0)))
        case _:
            return Impair(src=src, networks=networks, flap_period_s=c.one_of((10.0, 4.0, 30.0)))


KINDS: Mapping[str, Make] = {
    "power-off": lambda c, lab: f.PowerOff(host=_hosts(c, lab)),
    "isolate": lambda c, lab: f.Isolate(
        host=_hosts(c, lab),
        networks=_networks(c),
        manner=c.one_of(("silent", "nftables", "port-down", "host-carrier", "address")),
    ),
    "freeze": lambda c, lab: f.Freeze(host=_hosts(c, lab)),
    "crash-agent": lambda c, lab: f.CrashAgent(host=_hosts(c, lab), watchdog=c.one_of((False, True))),
    "split": lambda c, lab: f.Split(groups=halves(c, lab), networks=_networks(c)),
    "cut-pair": _pair,
    "one-way": _one_way,
    "network-down": lambda c, lab: f.NetworkDown(networks=_networks(c), manner=c.one_of(("silent", "port-down"))),
    "storage": lambda c, lab: f.Storage(
        host=_hosts(c, lab),
        access=c.one_of(("apd", "pdl", "read-only")),
        datastore=_datastore(c, lab),
    ),
    "gateway-down": lambda c, lab: f.GatewayDown(),
    "gateway-silent": lambda c, lab: f.GatewaySilent(),
    "crash-vcenter": lambda c, lab: f.CrashVcenter(),
    "block": lambda c, lab: Block(
        host=_hosts(c, lab), what=c.one_of(("8182", "icmp")), direction=c.one_of(("both", "in", "out"))
    ),
    "impair": _bad_lines,
    "duplicate": lambda c, lab: Impair(
        src=c.one_of(("all", "all", *lab.moids)), networks=_networks(c), duplicate=c.one_of((1.0, 0.2))
    ),
    "slow-storage": lambda c, lab: f.Storage(
        host=_hosts(c, lab), access="slow", delay_ms=c.one_of((2000.0, 500.0, 7000.0)), datastore=_datastore(c, lab)
    ),
    "stale-storage": lambda c, lab: f.Storage(host=_hosts(c, lab), access="stale", datastore=_datastore(c, lab)),
    "full-storage": lambda c, lab: f.Storage(host="all", access="full", datastore=_datastore(c, lab)),
    "mtu": lambda c, lab: Mtu(host=_hosts(c, lab), mtu=c.one_of((1000, 1400)), networks=_networks(c)),
    "wrong-address": lambda c, lab: WrongAddress(host=_hosts(c, lab), networks=_networks(c)),
    "missing-route": lambda c, lab: MissingRoute(host=_hosts(c, lab), networks=_networks(c)),
    "clock-offset": lambda c, lab: f.ClockOffset(
        host=_hosts(c, lab), offset_s=c.one_of((5.0, -5.0, 20.0, 60.0, -60.0))
    ),
    "maintenance": lambda c, lab: f.EnterMaintenance(host=_hosts(c, lab)),
    "vm-crash": lambda c, lab: f.VmCrash(vm=_vm(c, lab)),
    "vm-power": lambda c, lab: f.VmPower(vm=_vm(c, lab), on=c.one_of((False, False, True))),
    "vm-hang": lambda c, lab: f.VmHang(vm=_vm(c, lab)),
    "bridge": _bridge,
    "switch-reboot": lambda c, lab: f.SwitchReboot(
        networks=_networks(c), off_s=c.one_of((2.0, 10.0)), dark_s=c.one_of((0.0, 30.0, 50.0))
    ),
    "reconfigure": lambda c, lab: f.Reconfigure(options=_options(c, lab)),
}
"""Kind of fault to how one is drawn. The first is the simplest."""


def draw(
    chooser: Chooser,
    *,
    hosts: tuple[int, int] = (3, 4),
    faults: tuple[int, int] = (1, 4),
    kinds: Sequence[str] = tuple(KINDS),
    allowed: Collection[str] = frozenset(KINDS),
    last_s: float = LAST_S,
    moments: Moments | None = None,
    profile: Profile = "vsphere-5.1",
) -> Scenario:
    """A schedule: at least `hosts[0]` and at most `hosts[1]` hosts, likewise faults; `kinds` names the faults to choose
    from, and half of those in a cluster with special settings are such as show them, where they are `allowed`; one
    schedule in six begins with a story, of faults that are allowed. All faults are healed before the last `last_s`
    seconds. With `moments` some faults begin relative to what the cluster does because of those before."""
    story = stories.choose(chooser, allowed, faults[1])
    cluster, telling = draw_cluster(chooser, hosts=hosts, profile=profile, also=story.setting if story else "")
    telling = tuple(kind for kind in telling if kind in allowed)
    lab = cluster.topology()
    draft = _Draft(cluster, COUNTED if chooser.one_of(COUNTS) else Expectations(), last_s)
    if story:
        for fault, begin_s, length_s in stories.told(chooser, story, lab):
            draft.add(f.kind_of(fault), fault, begin_s, length_s)
    at_s = max((step.at_s for step in draft.steps), default=0.0)
    for _ in range(len(draft.steps), chooser.one_of(range(faults[0], faults[1] + 1))):
        shows = bool(telling) and chooser.one_of((True, False))
        kind = chooser.one_of(telling if shows else kinds)
        if moments is not None and draft.steps and chooser.one_of((False, False, True)):
            begin_s = _at_a_moment(chooser, moments(draft.scenario(60.0)), at_s)
        else:
            begin_s = at_s + chooser.one_of(BEGIN_S)
        at_s = max(at_s, begin_s)
        length_s = chooser.one_of(LENGTH_S)
        try:
            draft.add(kind, KINDS[kind](chooser, lab), begin_s, length_s)
        except FaultError:
            continue  # This lab cannot have it.
    return draft.scenario(last_s)


class _Draft:
    """A schedule that is being drawn."""

    def __init__(self, cluster: Cluster, expect: Expectations, last_s: float) -> None:
        self._cluster = cluster
        self._expect = expect
        self._last_s = last_s
        self._tried = 0
        self.steps: list[Step] = []

    def add(self, kind: str, fault: Fault, begin_s: float, length_s: float | None) -> None:
        """The next fault, unless this lab cannot have it, or not beside the others."""
        self._tried += 1
        length_s = length_s if lasts(fault) else None
        self.steps.append(Step(at_s=begin_s, fault=fault, id=f"{self._tried} {kind}", for_s=length_s))
        try:
            check(self.scenario(self._last_s))
        except (FaultError, InputError):
            self.steps.pop()

    def scenario(self, settle_s: float) -> Scenario:
        return Scenario(
            name="explored",
            title="A schedule drawn at random",
            cluster=self._cluster,
            steps=healed(self.steps),
            expect=self._expect,
            settle_s=settle_s,
        )


def _at_a_moment(chooser: Chooser, found: Mapping[str, float], at_s: float) -> float:
    if not found:
        return at_s + chooser.one_of(BEGIN_S)
    return max(0.0, found[chooser.one_of(sorted(found))] + chooser.one_of(OFFSET_S))


def healed(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Every fault that can be undone ends: those without a length when the last of all has ended or begun, and 40 s
    passed."""
    last_s = max((step.end_s or step.at_s for step in steps), default=0.0)
    end_s = max(
        [last_s, *(step.at_s + 40.0 for step in steps if step.for_s is None and lasts(step.fault))], default=0.0
    )
    return tuple(
        step
        if step.for_s is not None or not lasts(step.fault)
        else Step(at_s=step.at_s, fault=step.fault, id=step.id, for_s=end_s - step.at_s)
        for step in steps
    )


def lasts(fault: Fault) -> bool:
    """Whether it goes on until it is healed: what happens once does not, and a switch boots by itself."""
    return fault.undoable and not isinstance(fault, f.SwitchReboot)


class RandomChooser:
    """Choices by a random generator."""

    def __init__(self, generator: random.Random) -> None:
        self._generator = generator

    def one_of(self, options: Sequence[T]) -> T:
        return options[self._generator.randrange(len(options))]
