"""Stories: faults that belong together are drawn whole, now and then, and only of kinds that are allowed."""

from __future__ import annotations

import random

import pytest

from herzschlag.exploration import stories
from herzschlag.exploration.clusters import SETTINGS
from herzschlag.exploration.drawing import KINDS, RandomChooser, draw
from herzschlag.faults import kind_of
from herzschlag.scenarios.model import Cluster


def test_one_schedule_in_six_begins_with_one() -> None:
    generator = random.Random(0)
    found = [stories.choose(RandomChooser(generator), KINDS, 4) for _ in range(300)]
    assert 30 <= sum(one is not None for one in found) <= 70
    assert {id(one) for one in found if one} == {id(one) for one in stories.STORIES.values()}


def test_none_is_told_with_a_fault_that_is_not_allowed_or_with_too_many() -> None:
    chooser = RandomChooser(random.Random(1))
    without = [stories.choose(chooser, KINDS.keys() - {"power-off"}, 4) for _ in range(100)]
    assert not any("power-off" in part.kinds for one in without if one for part in one.parts)
    short = [stories.choose(chooser, KINDS, 1) for _ in range(100)]
    assert all(len(one.parts) == 1 for one in short if one)


@pytest.mark.parametrize("name", stories.STORIES)
def test_its_faults_follow_each_other(name: str) -> None:
    story = stories.STORIES[name]
    assert not story.setting or story.setting in SETTINGS
    told = stories.told(RandomChooser(random.Random(2)), story, Cluster(hosts=3).topology())
    assert [begin_s for _, begin_s, _ in told] == sorted(begin_s for _, begin_s, _ in told)
    for part, (fault, _, _) in zip(story.parts, told, strict=True):
        assert kind_of(fault) in part.kinds
        assert set(part.kinds) <= KINDS.keys()


def test_its_faults_are_steps_of_the_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    story = stories.STORIES["a host without network and storage"]
    monkeypatch.setattr(stories, "choose", lambda *_: story)
    for number in range(20):
        first, second, *_ = draw(RandomChooser(random.Random(number)), faults=(1, 2)).steps
        assert (kind_of(first.fault), kind_of(second.fault)) == ("isolate", "storage")


def test_both_halves_have_hosts() -> None:
    for number in range(20):
        lab = Cluster(hosts=4).topology()
        sides = stories.halves(RandomChooser(random.Random(number)), lab)
        assert all(sides)
        assert sorted(host for side in sides for host in side) == sorted(lab.moids)
