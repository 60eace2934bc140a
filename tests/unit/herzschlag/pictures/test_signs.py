"""Signs differ by shape: a black-and-white print says the same as the screen."""

from __future__ import annotations

import re

import pytest

from herzschlag.pictures import signs
from herzschlag.pictures.layers import PACKETS
from herzschlag.pictures.svg import Drawing
from herzschlag.report.html import static


def shape(draw: object, *arguments: object, **more: object) -> str:
    """What is drawn, all colours but white taken away."""
    drawing = Drawing(10, 10, millimetres=(1, 1), title="", about="")
    before = drawing.svg()
    draw(drawing, *arguments, **more)  # type: ignore[operator]
    return re.sub(r"#(?!ffffff)[0-9a-f]{6}", "ink", drawing.svg().replace(before.removesuffix("</svg>\n"), ""))


def test_every_packet_differs_from_every_other_and_from_a_lost_one() -> None:
    drawn = [shape(signs.packet, kind, 0, 0, lost=lost) for kind in PACKETS for lost in (False, True)]
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize(
    "draw, words",
    [
        (signs.role, ("master", "slave", "election", "isolated", "off", "frozen", "agent-down", "uninitialized")),
        (signs.vm, ("on", "starting", "stopping")),
    ],
)
def test_states_differ(draw: object, words: tuple[str, ...]) -> None:
    more = ("#111111",) if draw is signs.role else ()
    drawn = [shape(draw, word, 0, 0, *more) if draw is signs.role else shape(draw, word, 0, 0) for word in words]
    assert len(set(drawn)) == len(drawn)


def test_what_is_gone_is_hollow() -> None:
    assert shape(signs.lock, 0, 0, left=True) != shape(signs.lock, 0, 0, left=False)
    assert shape(signs.pulse, 0, 0, beats=True) != shape(signs.pulse, 0, 0, beats=False)
    assert shape(signs.cross, 0, 0, half=True) != shape(signs.cross, 0, 0)
    assert shape(signs.arrow, 0, 0, up=True) != shape(signs.arrow, 0, 0, up=False)


def test_hearts_have_one_shape_on_paper_and_on_pages() -> None:
    assert f'const HEART = "{signs.HEART}"' in static("cluster.js")
