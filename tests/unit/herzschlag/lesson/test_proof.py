"""What a run shows of an answer: right ones, wrong ones, and numbers that are off."""

from __future__ import annotations

import msgspec
import pytest

from herzschlag.lesson import proof
from herzschlag.lesson.chapter import Choice, InBoth, Packets, Question, find
from herzschlag.scenarios.expectations import Matcher
from tests.support.lessons import a_run

SCENE = find("master").scene[1]
TEXT = InBoth(de="a", en="a")
BECOMES: Matcher = {"kind": "role", "node": "host-98", "to": "master"}


def asks(**values: object) -> Question:
    return msgspec.structs.replace(Question(ask=TEXT, why=TEXT), **values)


@pytest.mark.parametrize(("number", "fine"), [(25, True), (24, False), (28, False)])
def test_a_number_of_seconds_is_the_second_of_its_record(number: float, fine: bool) -> None:
    assert (proof.wrong(a_run(), SCENE, asks(number=number, shows=(BECOMES,))) == []) is fine


def test_a_record_that_is_missing_is_wrong() -> None:
    said = proof.wrong(a_run(), SCENE, asks(number=5, shows=({"kind": "role", "to": "isolated"},)))
    assert said == ["no record kind=role to=isolated"]


def test_packets_are_counted() -> None:
    pings = Packets(kind="Ping", source="host-98", destination="gateway", from_s=25, until_s=29)
    assert proof.measured(a_run(), SCENE, asks(number=4, packets=pings)) == 4
    assert proof.wrong(a_run(), SCENE, asks(number=9, packets=pings)) == ["9 is 4.00 here"]


@pytest.mark.parametrize(
    ("shows", "never", "true"),
    [
        ((BECOMES,), (), True),
        ((BECOMES | {"at_s": 25},), (), True),
        ((BECOMES | {"at_s": 10},), (), False),
        ((), (BECOMES,), False),
        ((), ({"kind": "isolation", "phase": "declared"},), True),
    ],
)
def test_a_choice_is_true_by_what_comes_and_what_never_comes(
    shows: tuple[Matcher, ...], never: tuple[Matcher, ...], true: bool
) -> None:
    choice = Choice(de="a", en="a", right=True, shows=shows, never=never)
    assert (proof.untrue(a_run(), choice) == []) is true
    assert (proof.wrong(a_run(), SCENE, asks(choices=(choice,))) == []) is true
    assert proof.claims(choice)


def test_the_packets_of_a_scene_are_those_of_its_seconds() -> None:
    found = proof.packets_of(a_run(), SCENE, SCENE.wire[0].packet)
    assert found
    assert all(SCENE.from_s <= a_run().model.seconds(one.sent_ns) < SCENE.until_s for one in found)
