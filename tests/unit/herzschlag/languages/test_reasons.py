"""Reasons of English records and findings, read in German."""

from __future__ import annotations

import pytest

from herzschlag.languages import speaking
from herzschlag.languages.reasons import known, reason


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("no heartbeat for 3 s", "3 s lang kein Heartbeat"),
        ("it was free", "sie war frei"),
        # what a name is may be a reason itself
        (
            "host-98 is down: no network heartbeat, but it answers ping",
            "host-98 ist ausgefallen: kein Heartbeat im Netz, aber er antwortet auf Ping",
        ),
        # figures get a comma, addresses keep their points
        (
            "12.5 s, published 10-15.5 s, allowed 0.15 s either way",
            "12,5 s, veröffentlicht 10-15,5 s, erlaubt 0,15 s mehr oder weniger",
        ),
        ("isolation address 198.18.0.1 answers", "die Isolationsadresse 198.18.0.1 antwortet"),
        # several of them, and what one is about
        ("it leads; no VM was restarted", "er führt; keine VM wurde neu gestartet"),
        ("slave unreachable: as expected", "Slave unerreichbar: wie erwartet"),
        ("what no list has", "what no list has"),
        ("", ""),
    ],
)
def test_a_reason_is_recognized(english: str, german: str) -> None:
    assert reason(english) == english
    with speaking("de"):
        assert reason(english) == german


def test_the_text_that_says_most_is_taken() -> None:
    """`host-98 is down: ...` would match a reason that is nothing but names and a colon."""
    with speaking("de"):
        assert reason("no record kind=vm in the window") == "kein Eintrag kind=vm im Zeitfenster"


def test_what_is_known_is_known_whole() -> None:
    assert known("host-99 owns vmfs-1")
    assert not known("my own reason")
