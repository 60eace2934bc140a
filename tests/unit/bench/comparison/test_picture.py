"""A picture of each fault: bars as long as the medians, and no text beyond its edges."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from bench.comparison.cases import FAULTS, SUBJECTS
from bench.comparison.kept import Played
from bench.comparison.picture import LEFT, RIGHT, WIDTH, picture
from bench.comparison.seen import Seen

RUNS = [
    Played("etcd", "freeze", number, Seen(noticed_s=1.0 + number, replaced_s=2.0 + number, two_s=0.0))
    for number in range(3)
] + [Played("keepalived", "freeze", 0, Seen(noticed_s=4.0, replaced_s=4.0, two_s=8.0))]


def _widths(drawn: str, kind: str) -> list[float]:
    rows = re.findall(rf'<rect class="{kind}" x="{LEFT}" y="[\d.]+" width="([\d.]+)"', drawn)
    return [float(width) for width in rows]


def test_bars_are_as_long_as_the_medians() -> None:
    drawn = picture("freeze", RUNS)
    ElementTree.fromstring(drawn)
    keepalived, etcd = _widths(drawn, "leads")
    assert keepalived / etcd == pytest.approx(4 / 3, abs=0.01)
    (two,) = _widths(drawn, "two")
    assert two / keepalived == pytest.approx(2, abs=0.01)
    assert ">3.00 s<" in drawn
    assert ">two for 8.0 s<" in drawn


def test_every_text_has_room() -> None:
    longest = Seen(noticed_s=30.0, replaced_s=40.0, two_s=40.0)
    drawn = picture("split", [Played(name, "split", 0, longest) for name in SUBJECTS])
    for x, end, text in re.findall(r'<text x="([\d.]+)" y="[\d.]+"( text-anchor="end")?>([^<]+)<', drawn):
        width = 7 * len(text)
        assert (float(x) - width >= 0) if end else (float(x) + width <= WIDTH), text
    assert LEFT + RIGHT < WIDTH / 2


def test_a_fault_without_runs_has_no_picture() -> None:
    with pytest.raises(ValueError, match="no run of freeze"):
        picture("freeze", [])
    assert "freeze" in FAULTS
