"""Small diagrams as SVG."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from herzschlag.curves.panels import WIDTH, Panel, picture

CURVES = {"speed 1": [(3, 0.0), (64, 50.0), (96, 100.0)], "speed 10": [(3, 5.0)]}


def test_every_point_is_drawn_inside_the_picture() -> None:
    root = ET.fromstring(picture([Panel("CPU < all", CURVES), Panel("nothing", {"speed 1": [(3, 0.0)]})], "about"))
    dots = [one for one in root.iter() if one.tag.endswith("circle")]
    assert len(dots) == 5
    height = float(root.attrib["height"])
    assert all(0 < float(d.attrib["cx"]) < WIDTH and 0 < float(d.attrib["cy"]) < height for d in dots)


def test_more_is_higher() -> None:
    root = ET.fromstring(picture([Panel("CPU", CURVES)], "about"))
    first = [float(one.attrib["cy"]) for one in root.iter() if one.tag.endswith("circle")][:3]
    assert first == sorted(first, reverse=True) and len(set(first)) == 3


def test_a_point_that_failed_is_drawn_hollow() -> None:
    drawn = picture([Panel("CPU", CURVES, failed={("speed 1", 96)})], "about", "labs at once")
    hollow = [one for one in ET.fromstring(drawn).iter() if one.attrib.get("class") == "c0 page"]
    assert len(hollow) == 1 and "labs at once" in drawn
