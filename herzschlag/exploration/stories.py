"""Faults that belong together, or with a setting: each alone shows nothing of what they show on the same host.

This module decides which, and how they follow each other. A schedule in six begins with such a story, so that faults
drawn one by one stay as frequent as they nearly were; what it begins with can still be made shorter, fault by fault.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from herzschlag import faults as f
from herzschlag.exploration.clusters import Chooser
from herzschlag.faults import Fault
from herzschlag.topo.spec import GATEWAY, TopologySpec

TOLD = (False, False, False, False, False, True)


class Part(NamedTuple):
    """One fault of a story."""

    kinds: tuple[str, ...]
    """Of which it is one."""
    after_s: tuple[float, ...]
    """How long after the one before it begins."""
    length_s: tuple[float | None, ...]
    make: Callable[[Chooser, TopologySpec, str], Fault]
    """The last argument is the host that the story is about."""


class Story(NamedTuple):
    parts: tuple[Part, ...]
    setting: str = ""
    """Of `clusters.SETTINGS`, without which it shows nothing."""


def halves(c: Chooser, lab: TopologySpec) -> tuple[tuple[str, ...], ...]:
    """All hosts on two sides, at least one on each."""
    sides: tuple[list[str], list[str]] = ([lab.moids[0]], [])
    for host in lab.moids[1:]:
        sides[c.one_of((1, 0))].append(host)
    if not sides[1]:
        sides[1].append(sides[0].pop())
    return tuple(tuple(side) for side in sides)


def first_vm(host: str) -> str:
    """Of those that every host has."""
    return f"vm-{host.removeprefix('host-')}-1"


def _fails(c: Chooser, lab: TopologySpec, host: str) -> Fault:
    del c, lab
    return f.Reconfigure(options={f"vm.{first_vm(host)}.power_on_fails": True})


def _ends_there(c: Chooser, lab: TopologySpec, host: str) -> Fault:
    del lab
    return c.one_of((f.VmCrash(vm=first_vm(host)), f.PowerOff(host=(host,))))


def _off(c: Chooser, lab: TopologySpec, host: str) -> Fault:
    del c, lab
    return f.PowerOff(host=(host,))


STORIES: dict[str, Story] = {
    "a host without network and storage": Story(
        (
            Part(("isolate",), (10.0, 5.0), (50.0, 100.0, 150.0), lambda c, lab, host: f.Isolate(host=(host,))),
            Part(
                ("storage",),
                (0.0, 1.0, 2.0),
                (50.0, 100.0, 150.0),
                lambda c, lab, host: f.Storage(host=(host,), access="apd", datastore="all"),
            ),
        )
    ),
    "a VM ends in one of two halves": Story(
        (
            Part(("split",), (10.0, 5.0), (100.0, 150.0, 200.0), lambda c, lab, host: f.Split(groups=halves(c, lab))),
            Part(("vm-crash", "power-off"), (30.0, 40.0, 60.0), (None,), _ends_there),
        )
    ),
    "one of two isolation addresses answers": Story(
        (
            Part(
                ("isolate",), (10.0, 5.0), (70.0, 100.0), lambda c, lab, host: f.Isolate(host=(host,), keep=(GATEWAY,))
            ),
            Part(
                ("cut-pair",),
                (0.0, 1.0),
                (70.0, 100.0),
                lambda c, lab, host: f.CutPair(a=host, b=GATEWAY, networks=c.one_of(("A", "B"))),
            ),
        ),
        setting="isolation addresses",
    ),
    "a master dies that knew what a user had switched off": Story(
        (
            Part(
                ("vm-power",),
                (5.0, 10.0),
                (None,),
                lambda c, lab, host: f.VmPower(vm=first_vm(c.one_of(lab.moids)), on=False),
            ),
            Part(("power-off",), (20.0, 30.0), (100.0, 40.0), _off),
        )
    ),
    "storage that hangs for as long as component protection waits": Story(
        (
            Part(
                ("storage",),
                (10.0, 5.0),
                (200.0, 150.0, 340.0),
                lambda c, lab, host: f.Storage(host=(host,), access="apd", datastore="all"),
            ),
        ),
        setting="component protection",
    ),
    "a VM that no host can start": Story(
        (
            Part(("reconfigure",), (5.0, 2.0), (420.0,), _fails),
            Part(("power-off",), (10.0, 20.0), (100.0, 40.0), _off),
        )
    ),
}


def choose(c: Chooser, allowed: Collection[str], faults_max: int) -> Story | None:
    """The story with which a schedule begins, if any: one of those whose faults are allowed."""
    if not c.one_of(TOLD):
        return None
    fit = [
        s
        for s in STORIES.values()
        if len(s.parts) <= faults_max and all(k in allowed for p in s.parts for k in p.kinds)
    ]
    return c.one_of(fit) if fit else None


def told(c: Chooser, story: Story, lab: TopologySpec) -> Sequence[tuple[Fault, float, float | None]]:
    """Each of its faults, the second at which it begins, and how long it lasts."""
    host, at_s = c.one_of(lab.moids), 0.0
    found = []
    for part in story.parts:
        at_s += c.one_of(part.after_s)
        found.append((part.make(c, lab, host), at_s, c.one_of(part.length_s)))
    return found
