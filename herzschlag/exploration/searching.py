"""The search: Hypothesis draws schedules, each is played in virtual time, and what breaks a rule is made short.

This module decides when two violations are the same one (the checker, and its words without names and numbers), and how
long one is made shorter. Hypothesis makes the choices of `drawing.py` and so leads to the fewest faults, the roundest
times and the fewest hosts: the first of each list. It is imported by nothing else (decision 34).
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

import msgspec
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from herzschlag.exploration import coverage
from herzschlag.exploration.drawing import KINDS, draw
from herzschlag.exploration.playing import Played, play, simulate
from herzschlag.exploration.shortening import shortened
from herzschlag.history.records import History
from herzschlag.scenarios.model import Profile, Scenario
from herzschlag.scenarios.to_toml import as_toml

T = TypeVar("T")
SHRINK_S = 45.0
"""How long one batch makes violations shorter."""
NAMES = re.compile(r"T\+[\d.]+|\b(?:host|vm|vmfs|nfs)-[\w-]*\d|[\d.]*\d")


class Order(msgspec.Struct, frozen=True):
    """What one batch is to do."""

    number: int
    """Also the seed of its choices."""
    examples: int
    kinds: tuple[str, ...]
    """Kinds of faults that any schedule draws from."""
    allowed: tuple[str, ...] = tuple(KINDS)
    """Kinds that a cluster with special settings may draw besides, to show what is special about it."""
    hosts: tuple[int, int] = (3, 4)
    faults: tuple[int, int] = (1, 4)
    profile: Profile = "vsphere-5.1"
    known: frozenset[str] = frozenset()
    """Violations that need not be found again."""
    for_s: float = 60.0
    """It draws nothing new after so many seconds."""
    shrink_s: float = SHRINK_S
    """How long it makes violations shorter."""


class Violation(msgspec.Struct, frozen=True):
    signature: str
    scenario: Scenario
    because: str


class Batch(msgspec.Struct, frozen=True):
    """What came of it."""

    plays: int
    features: dict[str, int]
    fresh: tuple[tuple[str, str], ...]
    """A situation that no schedule of this batch had reached before, and the schedule as TOML."""
    violations: tuple[Violation, ...]


def signature(played: Played) -> str:
    """What is wrong with a play, without names and numbers; empty: nothing."""
    if played.trouble:
        return f"trouble {NAMES.sub('#', played.trouble.strip().splitlines()[-1])}"[:120]
    bad = sorted(played.bad(), key=lambda finding: finding.verdict != "violated")
    if not bad:
        return ""
    first = bad[0].because.partition(";")[0].partition(" (")[0]
    return f"{bad[0].checker} {bad[0].verdict}: {NAMES.sub('#', first)}"[:120]


def told(played: Played) -> str:
    return played.trouble or "; ".join(f"{f.checker} {f.verdict}: {f.because}" for f in played.bad())


class Broken(Exception):
    """Raised in the body of a Hypothesis test alone; a type for each signature, so that each is made shorter."""


def search(
    order: Order, player: Callable[[Scenario], Played] = play, clock: Callable[[], float] = time.monotonic
) -> Batch:
    """Draw, play and judge; what breaks a rule comes back as short as it could be made in its time, by this clock."""
    return _Search(order, player, clock).run()


def replay(scenarios: Iterable[Scenario], until_s: float, player: Callable[[Scenario], Played] = play) -> Batch:
    """Play schedules that an earlier search kept, as they are, as many as the time allows (monotonic clock)."""
    plays, found = 0, dict[str, Violation]()
    for scenario in scenarios:
        if time.monotonic() >= until_s:
            break
        played = player(scenario)
        plays += 1
        if name := signature(played):
            found.setdefault(name, Violation(name, scenario, told(played)))
    return Batch(plays, {}, (), tuple(found.values()))


class _Search:
    def __init__(self, order: Order, player: Callable[[Scenario], Played], clock: Callable[[], float]) -> None:
        self._order = order
        self._player = player
        self._clock = clock
        self._until_s = clock() + order.for_s
        self._shrink_until_s = 0.0
        self._plays = 0
        self._features: Counter[str] = Counter()
        self._fresh: dict[str, str] = {}
        self._bad: dict[str, type[Broken]] = {}
        """A schedule as TOML to what it raises."""
        self._types: dict[str, type[Broken]] = {}
        self._shortest: dict[str, Violation] = {}

    def run(self) -> Batch:
        order = self._order
        moments = lru_cache(maxsize=256)(lambda text_of: coverage.moments(self._history(text_of.scenario)))

        @st.composite
        def schedules(choose: st.DrawFn) -> Scenario:
            return draw(
                _Hypothesis(choose),
                hosts=order.hosts,
                faults=order.faults,
                kinds=order.kinds,
                allowed=order.allowed,
                moments=lambda scenario: moments(_ByText(as_toml(scenario), scenario)),
                profile=order.profile,
            )

        @seed(order.number)
        @settings(
            max_examples=order.examples,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            print_blob=False,
            report_multiple_bugs=True,
        )
        @given(schedules())
        def body(scenario: Scenario) -> None:
            self._try(scenario)

        try:
            body()
        except* Broken:
            pass  # What was found is kept in `_shortest`.
        if order.shrink_s:
            self._shortest = {name: self._shortened(one) for name, one in self._shortest.items()}
        return Batch(self._plays, dict(self._features), tuple(self._fresh.items()), tuple(self._shortest.values()))

    def _shortened(self, violation: Violation) -> Violation:
        """Without the faults and settings that it does not need."""
        shortest = violation

        def breaks(scenario: Scenario) -> bool:
            nonlocal shortest
            played = self._player(scenario)
            self._plays += 1
            same = signature(played) == violation.signature
            if same:
                shortest = Violation(violation.signature, scenario, told(played))
            return same

        shortened(violation.scenario, breaks)
        return shortest

    def _history(self, scenario: Scenario) -> History:
        """Of a schedule that is drawn so far, which is not judged. Nothing more is played when the time is over: what
        is drawn then is not played either."""
        if self._is_over():
            return History()
        return simulate(scenario)[0] if self._player is play else self._player(scenario).history

    def _is_over(self) -> bool:
        return self._clock() > (self._shrink_until_s or self._until_s)

    def _try(self, scenario: Scenario) -> None:
        text = as_toml(scenario)
        if text not in self._bad:
            self._judge(text, scenario)
        if text in self._bad:
            raise self._bad[text]  # In one line: Hypothesis takes violations of different lines for different ones.

    def _judge(self, text: str, scenario: Scenario) -> None:
        if self._is_over():
            return
        played = self._player(scenario)
        self._plays += 1
        if len(played.history):
            found = coverage.features(played.history, scenario)
            for name in found.keys() - self._features.keys():
                self._fresh[name] = text
            self._features.update(found)
        name = signature(played)
        if not name or name in self._order.known:
            return
        self._shrink_until_s = self._shrink_until_s or self._clock() + self._order.shrink_s
        before = self._shortest.get(name)
        if before is None or _size(scenario) <= _size(before.scenario):
            self._shortest[name] = Violation(name, scenario, told(played))
        self._bad[text] = self._types.setdefault(name, type("Broken", (Broken,), {}))


class _ByText:
    """A schedule, equal to another one of the same text."""

    def __init__(self, text: str, scenario: Scenario) -> None:
        self._text = text
        self.scenario = scenario

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByText) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


class _Hypothesis:
    """Choices by Hypothesis."""

    def __init__(self, choose: st.DrawFn) -> None:
        self._choose = choose

    def one_of(self, options: Sequence[T]) -> T:
        return self._choose(st.sampled_from(options))


def _size(scenario: Scenario) -> tuple[int, int, int, float]:
    hosts = len(scenario.cluster.topology().moids)
    odd = sum(step.at_s % 1 != 0 for step in scenario.steps)
    return len(scenario.steps), hosts, odd, sum(step.at_s + (step.for_s or 0.0) for step in scenario.steps)
