"""What is to be played of other people's systems: every scenario of theirs, by root and by a user. Pure.

This module decides in which order, and what makes a kept run one of another scenario: whatever changes in the scenario
but its words, or in the system's file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

from herzschlag.scenarios.from_toml import load_family, of_systems
from herzschlag.scenarios.model import Scenario

Who = Literal["root", "user"]
WHO: tuple[Who, ...] = ("root", "user")
QUICK_S = 60.0
"""Scenarios that last no longer come first: soon there is something of every system that is quick."""


class Cell(NamedTuple):
    """A scenario as one of the two plays it."""

    scenario: str
    who: Who


class Case(NamedTuple):
    """A scenario as it is now."""

    name: str
    system: str
    digest: str
    lasts_s: float
    """From its first instant to its last, without the start of the lab and the end."""


class Run(Protocol):
    """What is kept of one run."""

    @property
    def cell(self) -> Cell: ...
    @property
    def number(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def left_out(self) -> str: ...


class Try(NamedTuple):
    """A run that is to be played."""

    case: Case
    who: Who
    number: int
    """Counted for each cell, those that were left out too; it is the seed as well."""


def cases(systems: Collection[str] | None = None) -> list[Case]:
    """Of these systems; None: of all."""
    found = (one for name in of_systems() for one in load_family(name))
    return [case(one) for one in found if systems is None or one.cluster.system in systems]


def case(scenario: Scenario) -> Case:
    ends = (step.at_s + (step.for_s or 0) for step in scenario.steps)
    lasts_s = max(ends, default=0.0) + scenario.settle_s
    return Case(scenario.name, scenario.cluster.system, digest(scenario), lasts_s)


def digest(scenario: Scenario) -> str:
    """The same as long as neither what the scenario does and expects nor its system's file changes. Which networks the
    system uses does not count: it says what can be asked of a run, and makes no other one of it."""
    bare = msgspec.structs.replace(scenario, title="", about="", text="", source="")
    system = msgspec.to_builtins(scenario.cluster.foreign())
    system.pop("networks")
    return hashlib.sha256(msgspec.json.encode([bare, system])).hexdigest()[:16]


def wanted(found: Iterable[Case], kept: Sequence[Run], repeat: int, who: Collection[Who] = WHO) -> list[Try]:
    """What is not kept yet: first the scenarios that are quick, of these root's runs, and every one once before any is
    played again. A run that proved nothing keeps its number, and another is wanted."""
    tries: list[tuple[tuple[bool, int, int], Try]] = []
    for one in found:
        for by in WHO:
            if by not in who:
                continue
            ours = [run for run in kept if run.cell == (one.name, by) and run.digest == one.digest]
            sound = sum(not run.left_out for run in ours)
            first = max((run.number for run in ours), default=-1) + 1
            for more in range(max(0, repeat - sound)):
                order = (one.lasts_s > QUICK_S, WHO.index(by), sound + more)
                tries.append((order, Try(one, by, first + more)))
    return [one for _, one in sorted(tries, key=lambda pair: pair[0])]
