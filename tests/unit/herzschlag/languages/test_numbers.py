"""A decimal comma where people read German."""

from __future__ import annotations

from herzschlag.languages import number, speaking
from herzschlag.languages.numbers import point


def test_figures_have_the_decimal_sign_of_the_language() -> None:
    assert number(12.345, ".1f") == "12.3"
    with speaking("de"):
        assert number(12.345, ".1f") == "12,3"
        assert number(0.5, "+.2f") == "+0,50"
        assert number(3) == "3"
        assert point("T+12.30") == "T+12,30"
