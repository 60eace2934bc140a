"""The same sheet as PDF."""

from __future__ import annotations

import sys

import pytest

from herzschlag.errors import UnusableMachine
from herzschlag.pictures.pdf import pdf
from herzschlag.pictures.sheet import svg
from tests.support.pictures import a_heart, an_instant

SHEET = svg(an_instant(packets=(a_heart(), a_heart(lost=True))), title="Größe & <Maß>", faults=("Störung",))


def test_a_sheet_becomes_one_page_of_a4() -> None:
    data = pdf(SHEET)
    assert data.startswith(b"%PDF-")
    assert data.count(b"/Type /Page\n") == 1 or b"/Count 1" in data
    assert b"/MediaBox [ 0 0 841.8898 595.2756 ]" in data


def test_the_same_sheet_is_the_same_file() -> None:
    assert pdf(SHEET) == pdf(SHEET)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "svglib.svglib", None)
    with pytest.raises(UnusableMachine, match=r"pip install 'herzschlag\[pictures\]'"):
        pdf(SHEET)
