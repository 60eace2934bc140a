"""Planted faults: agents broken on purpose at one place, to prove that a checker would notice.

This module decides what a planted fault is, how it gets into the cores for the length of one simulated run, and what
counts as caught: the checker that was named says `violated`, and says why. The faults themselves are the lists beside
this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from inspect import getattr_static
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from herzschlag import agents
from herzschlag.backends.opening import open_session
from herzschlag.checkers import check_all
from herzschlag.checkers.verdict import Finding
from herzschlag.history.records import History
from herzschlag.running.conductor import Conductor, NotReady
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import make_plan

OWN_SCENARIOS = Path(__file__).parent / "scenarios"
"""The scenarios for faults that no shipped scenario shows."""

Patch = Callable[[Any], Any]
"""A function that gets what is at the place and returns its replacement."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    name: str
    core: str
    """The file of the cores that is broken, without `agents/` and `.py`."""
    broken: str
    """What it does wrong, in one line."""
    place: str
    """Dotted name of a function, method or attribute. What a module imports is broken in that module alone."""
    patch: Patch
    scenario: str
    """A shipped one, or one of `scenarios/` here."""
    checker: str
    says: str
    """A word of the finding that shows that the checker saw this fault, and not something else."""


def play(scenario: Scenario) -> History:
    """The history of one run in virtual time, as far as the run gets."""
    plan = make_plan(scenario)
    with open_session("simulation", plan) as session:
        conductor = Conductor(session, scenario, plan)
        with suppress(NotReady):  # The history shows it: it has neither `ready` nor `end`.
            conductor.play()
        return conductor.history()


def nothing(original: Any) -> Any:
    """A call that does nothing."""
    return lambda *_, **__: None


def never(original: Any) -> Any:
    """A question that is always answered with no."""
    return lambda *_, **__: False


@cache
def scenario_of(name: str) -> Scenario:
    own = OWN_SCENARIOS / f"{name.partition('@')[0]}.toml"
    return load(str(own)) if own.exists() else load(name)


@cache
def load_cores() -> None:
    """Load every module of the agents. One that is loaded while another is broken keeps what it imports from that."""
    for found in walk_packages(agents.__path__, f"{agents.__name__}."):
        if not found.name.endswith(".__main__"):
            import_module(found.name)


@contextmanager
def in_place(fault: Planted) -> Iterator[None]:
    """The cores are broken in here, and whole again afterwards."""
    load_cores()
    owner, name = _owner_of(fault.place)
    original = getattr_static(owner, name)
    setattr(owner, name, fault.patch(original))
    try:
        yield
    finally:
        setattr(owner, name, original)


def _owner_of(place: str) -> tuple[Any, str]:
    """The module or class in which the name is, and the name."""
    *path, name = place.split(".")
    for length in range(len(path), 0, -1):
        try:
            owner: Any = import_module(".".join(path[:length]))
        except ModuleNotFoundError:
            continue
        for part in path[length:]:
            owner = getattr(owner, part, None)
        if not hasattr(owner, name):
            raise LookupError(
                f"{place} is gone; {_nearest(import_module('.'.join(path[:length])), path[length:], name)}"
            )
        return owner, name
    raise LookupError(f"{place}: there is no module of that name")


def _nearest(module: Any, owner: list[str], name: str) -> str:
    """The name in the module that is most similar to one that no longer exists."""
    classes = {key: value for key, value in vars(module).items() if isinstance(value, type)}
    names = [*vars(module), *(f"{key}.{attribute}" for key, value in classes.items() for attribute in vars(value))]
    wanted = ".".join([*owner, name])
    near = get_close_matches(wanted, names, n=5, cutoff=0.4) or get_close_matches(name, names, n=5, cutoff=0.3)
    return f"{module.__name__} has {', '.join(near) if near else 'nothing like it'}"


def findings_of(fault: Planted, scenario: Scenario | None = None) -> tuple[Finding, ...]:
    """What all checkers say of a run with the fault in place; judged when the cores are whole again."""
    scenario = scenario or scenario_of(fault.scenario)
    with in_place(fault):
        history = play(scenario)
    return check_all(history, scenario)


def judged(checker: str, scenario: Scenario, fault: Planted | None = None) -> Finding:
    """What this checker says of a run, with the fault in place where one is given."""
    found = check_all(play(scenario), scenario) if fault is None else findings_of(fault, scenario)
    return next(one for one in found if one.checker == checker)


def sees(fault: Planted, finding: Finding) -> bool:
    """Whether the finding is about this fault."""
    told = (finding.because, *(f"{d.name}: {d.because}" for d in finding.details if d.verdict == "violated"))
    return (
        finding.checker == fault.checker and finding.verdict == "violated" and any(fault.says in text for text in told)
    )
