"""Texts in the language that is spoken."""

from __future__ import annotations

from herzschlag.languages import for_scripts, gettext, ngettext, speaking

KNOWN = "No real packets here: {why}."


def test_english_is_the_source() -> None:
    assert gettext(KNOWN, why="no root") == "No real packets here: no root."
    assert gettext(KNOWN) == KNOWN
    assert [ngettext("{number} host", "{number} hosts", n) for n in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]
    assert for_scripts() == {}


def test_german_is_in_the_catalogue() -> None:
    with speaking("de"):
        assert gettext(KNOWN, why="x") == "Hier gibt es keine echten Pakete: x."


def test_what_no_catalogue_has_stays_english() -> None:
    """The title of a user's own scenario, and nothing at all, which gettext would answer with its head."""
    with speaking("de"):
        assert gettext("my own {scenario}") == "my own {scenario}"
        assert gettext("") == ""
        assert ngettext("{number} thing of mine", "{number} things of mine", 2) == "2 things of mine"


def test_a_page_gets_the_texts_of_its_scripts() -> None:
    assert isinstance(for_scripts("de"), dict)
