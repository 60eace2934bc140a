"""A drawing is XML whatever is written in it, and text is never wider than its room."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from herzschlag.pictures.svg import Drawing, fitted, width_of
from tests.support.pictures import SVG, said

NASTY = "<b>\"'&]]>\u00e4\u2764"


def a_drawing(title: str = "A") -> Drawing:
    return Drawing(100, 50, millimetres=(20, 10), title=title, about=title)


def test_what_a_name_may_hold_is_escaped_everywhere() -> None:
    drawing = a_drawing(NASTY)
    with drawing.layer("hearts", NASTY), drawing.group(NASTY, transform=NASTY):
        drawing.text(1, 2, NASTY)
        drawing.path("M0 0", fill=NASTY)
    picture = ElementTree.fromstring(drawing.svg())
    assert said(picture) == [NASTY]
    assert [one.text for one in picture.iter(f"{SVG}title")] == [NASTY] * 3
    assert picture.find(f"{SVG}g/{SVG}g/{SVG}path").attrib["fill"] == NASTY  # type: ignore[union-attr]


def test_a_sheet_has_its_size_on_paper() -> None:
    picture = ElementTree.fromstring(a_drawing().svg())
    assert (picture.attrib["width"], picture.attrib["height"], picture.attrib["viewBox"]) == (
        "20mm",
        "10mm",
        "0 0 100 50",
    )


@pytest.mark.parametrize("text", ["", "short", "a line that is far too long for its room", NASTY * 4])
@pytest.mark.parametrize("room", [0.0, 8.0, 60.0, 1000.0])
def test_text_is_cut_to_its_room(text: str, room: float) -> None:
    shown = fitted(text, room, 12)
    assert shown == text or shown.endswith("…")
    assert width_of(shown, 12) <= max(room, width_of("…", 12))


def test_bold_and_larger_text_is_wider() -> None:
    assert width_of("host-98", 12) < width_of("host-98", 12, bold=True) < width_of("host-98", 14, bold=True)
