"""Clusters drawn at random: the plain one is frequent, every setting is drawn, and each can be played."""

from __future__ import annotations

import random

import pytest

from herzschlag.exploration.clusters import SETTINGS, draw_cluster
from herzschlag.exploration.drawing import KINDS, RandomChooser
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.validation import check
from tests.planted.plant import play


def test_the_plain_cluster_stays_frequent() -> None:
    drawn = [draw_cluster(RandomChooser(random.Random(n)), hosts=(3, 4), profile="vsphere-5.1") for n in range(200)]
    assert 50 <= sum(not one.kinds for one in drawn) <= 110


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_cluster_with_a_setting_becomes_ready(name: str) -> None:
    plain = Cluster(hosts=3, vms_per_host=1)
    setting = SETTINGS[name]
    assert set(setting.kinds) <= KINDS.keys()
    made = [setting.make(RandomChooser(random.Random(n)), plain) for n in range(4)]
    assert any(cluster != plain for cluster in made)
    for cluster in made:
        scenario = Scenario(name="drawn", title="drawn", cluster=cluster)
        check(scenario)
        assert play(scenario).of_kind("end")
