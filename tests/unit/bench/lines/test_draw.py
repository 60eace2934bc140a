"""The pictures: a point in the wrong place, or text that cannot be read, would mislead the readers of the page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from bench.lines.draw import LEFT, PLOT_HEIGHT, RIGHT, WIDTH, Curve, chart, runs_of
from bench.lines.share import Share
from herzschlag.curves.strokes import CURVES_MAX

VALUES = (0.0, 0.5, 1.0)
HALF = Curve("one <network>", VALUES, [Share(0, 20), Share(10, 20), Share(20, 20)])
POINTED = HALF._replace(points=[(0.5, Share(1, 5))])


def paths(svg: str, kind: str) -> list[list[tuple[float, float]]]:
    """The corners of each path of this class."""
    root = ElementTree.fromstring(svg)
    drawn = [e.get("d", "") for e in root.iter("{http://www.w3.org/2000/svg}path") if e.get("class") == kind]
    pairs = [re.findall(r"(-?[\d.]+) (-?[\d.]+)", d) for d in drawn]
    return [[(float(x), float(y)) for x, y in found] for found in pairs]


def test_a_curve_goes_from_corner_to_corner() -> None:
    """0 % is at the bottom left, 100 % at the top right, and half of both in the middle."""
    (low, middle, high) = next(found for found in paths(chart([HALF], "loss", "about"), "c0") if len(found) == 3)
    assert (low[0], middle[0], high[0]) == (LEFT, (LEFT + WIDTH - RIGHT) / 2, WIDTH - RIGHT)
    assert low[1] - high[1] == PLOT_HEIGHT
    assert middle[1] == (low[1] + high[1]) / 2


def test_the_band_lies_around_its_curve() -> None:
    svg = chart([HALF], "loss", "about")
    curve = next(found for found in paths(svg, "c0") if len(found) == 3)
    ((*corners,),) = paths(svg, "f0")
    upper, lower = corners[:3], corners[:2:-1]
    for (_, above), (_, at), (_, below) in zip(upper, curve, lower, strict=True):
        assert above <= at <= below
        assert above < below
    assert lower[1][1] - upper[1][1] == pytest.approx((HALF.shares[1].band[1] - HALF.shares[1].band[0]) * 270, abs=0.2)


def test_points_of_real_packets_are_drawn_and_explained() -> None:
    assert len(paths(chart([POINTED], "loss", "about"), "ink")) == 2  # one in the legend
    assert "real packets (1 x 5 runs)" in chart([POINTED], "loss", "about")
    assert "real packets" not in chart([HALF], "loss", "about")


def test_the_legend_says_how_many_runs() -> None:
    assert "one &lt;network&gt; (3 x 20 runs)" in chart([HALF], "loss", "about")
    assert runs_of([4, 5]) == "9 runs"


def test_text_is_large_enough_and_inside_the_picture() -> None:
    root = ElementTree.fromstring(chart([POINTED, HALF], "share of packets lost", "about"))
    _, _, width, height = map(float, root.get("viewBox", "").split())
    assert width <= 720
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        assert float(text.get("font-size", root.get("font-size", "0"))) >= 13
        assert 0 <= float(text.get("x", "-1")) <= width
        assert 0 <= float(text.get("y", "-1")) <= height


def test_there_is_a_dark_page() -> None:
    """Its colours differ from those of the light one, all of them."""
    style = re.search(r"<style>(.*)@media\(prefers-color-scheme:dark\)\{(.*)\}</style>", chart([HALF], "loss", "about"))
    assert style is not None
    light, dark = (dict(re.findall(r"([.\w]+)\{([^}]*)\}", part)) for part in style.groups())
    assert light.keys() == dark.keys()
    assert all(light[name] != dark[name] for name in light)


def test_the_same_values_give_the_same_text() -> None:
    assert chart([POINTED], "loss", "about") == chart([POINTED], "loss", "about")


def test_more_curves_than_colours_are_refused() -> None:
    with pytest.raises(ValueError, match="make two pictures"):
        chart([HALF] * (CURVES_MAX + 1), "loss", "about")
