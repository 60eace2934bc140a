"""Pictures of any instant of any run: always drawn, every text inside the page, and no two of them in one place."""

from __future__ import annotations

from functools import cache
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herzschlag.languages import LANGUAGES, Language, speaking
from herzschlag.pictures import again
from herzschlag.pictures.instant import instant
from herzschlag.pictures.layers import PACKETS, Layer
from herzschlag.pictures.sheet import svg
from herzschlag.report.model import Model
from herzschlag.scenarios.from_toml import SITUATIONS, load
from tests.support.pictures import SVG, said, troubles

SCENARIOS = (
    *SITUATIONS,
    "lost-heartbeat",
    "split-brain@with-storage",
    "two-hosts@master-dies",
    "nfs-host-dies",
    "case-26",
)


@cache
def model(scenario: str) -> Model:
    return Model(again.played(load(scenario)))


@settings(max_examples=120, deadline=None)
@given(
    scenario=st.sampled_from(SCENARIOS),
    part=st.floats(0, 1),
    language=st.sampled_from(LANGUAGES),
    gone=st.sets(st.sampled_from(list(Layer)), max_size=3),
)
def test_any_instant_is_drawn_and_can_be_read(scenario: str, part: float, language: Language, gone: set[Layer]) -> None:
    made = model(scenario)
    now = instant(made, min(made.end_s, made.begin_s + part * (made.end_s - made.begin_s)))
    with speaking(language):
        faults = tuple(about for _, about in now.faults)
        text = svg(now, title=now.title, faults=faults, wanted=[one for one in Layer if one not in gone])
    picture = ElementTree.fromstring(text)
    assert troubles(picture) == []
    layers = {group.attrib["id"] for group in picture.findall(f"{SVG}g")}
    assert layers == {"cluster", "cuts", *Layer} - gone
    if now.packets and Layer.LEGEND not in gone and {PACKETS[one.kind] for one in now.packets} - gone:
        assert {"its way; with a number: several", "ihr Weg; mit Zahl: mehrere"} & set(said(picture))


@pytest.mark.parametrize("scenario", ["normal", "slave-failure"])
def test_hearts_beat_at_every_tenth_of_a_second(scenario: str) -> None:
    """The cluster is ready then, and of the hosts that live none is ever silent for longer."""
    made = model(scenario)
    for tenth in range(200):
        beats = {one.source for one in instant(made, tenth / 10).packets if one.kind == "Heartbeat" and not one.lost}
        assert beats >= {"host-99", "host-100"}, f"T+{tenth / 10:g}"


def test_an_isolated_host_pings_the_gateway_and_offers_itself() -> None:
    now = instant(model("isolation"), 45.2)
    ours = {(one.kind, one.destination, one.lost) for one in now.packets if one.source == "host-98"}
    assert {("Ping", "gateway", True), ("Election", "host-99", True), ("Report", "vcenter", True)} <= ours
    assert now.roles["host-98"] == "isolated"
    assert {host for _, host in now.beating} == set(now.hosts), "it lives, as the datastores tell"
