"""Titles of shipped scenarios in German; those of users as they are."""

from __future__ import annotations

from herzschlag.languages import speaking
from herzschlag.languages.titles import title
from herzschlag.scenarios.from_toml import load_family, shipped


def test_a_variants_title_is_that_of_its_family_and_its_own() -> None:
    """The family's title has colons itself, so the first one is not where it ends."""
    whole = load_family("case-01")[0].title
    with speaking("de"):
        assert title(whole).startswith("Ein Slave verliert den Strom: ")
        assert "Slave loses" not in title(whole) and ": mit Heartbeat-Datenspeichern" in title(whole)
    assert title(whole) == whole


def test_every_shipped_title_and_text_is_german() -> None:
    scenarios = [one for name in shipped() for one in load_family(name)]
    with speaking("de"):
        english = [one.name for one in scenarios if title(one.title) == one.title]
    assert english == []


def test_a_users_title_stays() -> None:
    with speaking("de"):
        assert title("My lab: what breaks: first") == "My lab: what breaks: first"
