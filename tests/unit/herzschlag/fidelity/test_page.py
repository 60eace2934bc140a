"""The picture of what was measured."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from herzschlag.fidelity.loads import Load, Tried
from herzschlag.fidelity.page import allowed_ms, drawn, lasting


def tried(speed: float, labs: int, rate: float, *changed: str) -> Tried:
    return Tried(
        load=Load(speed, labs), runs=10, changed=changed, runs_an_hour=rate, late_ms=2.0 * labs, late_median_ms=4.0
    )


TRIED = (
    tried(12.0, 2, 700),
    tried(12.0, 4, 900, "isolation unknown: late"),
    tried(12.0, 4, 1000),
    tried(10.0, 2, 600),
    tried(10.0, 4, 800, "normal unknown: late"),
)


def test_of_a_load_that_was_tried_twice_the_last_attempt_counts() -> None:
    shown = lasting(TRIED)
    assert [(one.load.speed, one.load.labs) for one in shown] == [(10.0, 2), (10.0, 4), (12.0, 2), (12.0, 4)]
    assert shown[-1].runs_an_hour == 1000


def test_every_load_is_a_point_and_one_that_was_too_much_a_hollow_one() -> None:
    root = ET.fromstring(drawn(TRIED))
    dots = [one.attrib["class"] for one in root.iter() if one.tag.endswith("circle")]
    assert len(dots) == 8
    assert dots.count("c0 page") == 2, "speed 10, 4 labs, in both diagrams"
    texts = [one.text for one in root.iter() if one.tag.endswith("text")]
    assert "labs at once" in texts and "latest timer, ms (may be 50, 48)" in texts


def test_lateness_may_be_what_a_verdict_allows() -> None:
    assert round(allowed_ms(1.0)) == 150
    assert round(allowed_ms(10.0)) == 50
