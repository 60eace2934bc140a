"""The search finds what breaks a rule, and makes it as short as it can be."""

from __future__ import annotations

import time

from herzschlag.checkers.verdict import Finding
from herzschlag.exploration.playing import Played
from herzschlag.exploration.searching import Order, replay, search, signature
from herzschlag.faults import kind_of
from herzschlag.history.records import History
from herzschlag.scenarios.model import Scenario


def player(scenario: Scenario) -> Played:
    """A rule broken by every schedule that freezes a host 20 s or longer."""
    bad = any(kind_of(step.fault) == "freeze" and (step.for_s or 0) >= 20 for step in scenario.steps)
    because = f"host-98: frozen at T+{scenario.steps[0].at_s if scenario.steps else 0}"
    finding = Finding(checker="rule", verdict="violated" if bad else "holds", because=because)
    return Played(scenario, "violated" if bad else "holds", (finding,), History())


def order(**given: object) -> Order:
    fields = {"number": 3, "examples": 120, "kinds": ("isolate", "power-off", "freeze"), "for_s": 60.0, **given}
    return Order(**fields)  # type: ignore[arg-type]  # as given


def test_a_violation_comes_back_with_one_fault_and_fewest_hosts() -> None:
    found = search(order(hosts=(3, 6), faults=(1, 5)), player)
    (violation,) = found.violations
    assert [kind_of(step.fault) for step in violation.scenario.steps] == ["freeze"]
    assert violation.scenario.steps[0].at_s % 1 == 0
    assert violation.scenario.cluster.hosts == 3
    assert found.plays > 10


def test_names_and_numbers_do_not_make_two_violations_of_one() -> None:
    found = search(order(), player)
    assert [violation.signature for violation in found.violations] == ["rule violated: #: frozen at #"]


def test_what_is_known_is_not_found_again() -> None:
    assert search(order(known=frozenset({"rule violated: #: frozen at #"})), player).violations == ()


def test_the_same_order_plays_the_same() -> None:
    once, again = (search(order(number=8), player) for _ in range(2))
    assert once.violations == again.violations
    assert once.plays == again.plays


def test_when_the_time_is_over_nothing_is_played() -> None:
    played = []

    def counts(scenario: Scenario) -> Played:
        played.append(scenario)
        return player(scenario)

    assert search(order(for_s=0.0, faults=(3, 5)), counts).plays == 0
    assert not played


def test_schedules_of_another_release_have_its_profile() -> None:
    (violation,) = search(order(profile="vsphere-5.0"), player).violations
    assert violation.scenario.cluster.profile == "vsphere-5.0"


def test_kept_schedules_are_played_as_they_are_while_there_is_time() -> None:
    (violation,) = search(order(), player).violations
    again = replay([violation.scenario, violation.scenario], time.monotonic() + 60, player)
    assert (again.plays, again.violations) == (2, (violation,))
    assert replay([violation.scenario], time.monotonic() - 1, player).plays == 0


def test_our_own_failure_has_its_last_line_as_signature() -> None:
    played = Played(Scenario(name="a", title="A"), "unknown", (), History(), "Traceback\n  x\nKeyError: 'host-98'")
    assert signature(played) == "trouble KeyError: '#'"
