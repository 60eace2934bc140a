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
        # names of hosts, and what became of packets
        ("host-98 and host-99 held it at T+25.00", "host-98 und host-99 hielten sie bei T+25,00"),
        (
            "500 packets met the bad lines: 25 lost, 3 of them while they were down, 2 doubled, 5.1 ms late on average",
            "500 Pakete trafen auf die schlechten Leitungen: 25 verloren, 3 davon während einer Unterbrechung,"
            " 2 verdoppelt, im Mittel 5,1 ms später",
        ),
        # another system
        (
            "host-98 of host-99 on network A: called down after 1.90 s, though it hears nothing since T+0.00;"
            " 0.9 s are allowed",
            "host-98 über host-99 im Netz A: erst nach 1,90 s als unterbrochen gemeldet, obwohl er seit T+0,00 nichts"
            " hört; 0,9 s sind erlaubt",
        ),
        (
            "writes of the client on host-98: 3 of 210 acknowledged are not there, asked of host-99, host-100",
            "Schreibvorgänge des Clients auf host-98: 3 von 210 bestätigten fehlen, gefragt auf host-99, host-100",
        ),
        # a reason with a semicolon in it, after what it is about and before another one
        (
            "vm-98-1: runs nowhere at the end though host-99 could run it; it last ran on host-98; and 2 more",
            "vm-98-1: läuft am Ende nirgends, obwohl host-99 sie ausführen könnte; zuletzt lief sie auf host-98;"
            " und 2 weitere",
        ),
        # a record that a checker quotes
        (
            "no election: it happened at T+10.00: host-98 starts an election — no heartbeat for 3 s; and 2 more",
            "keine Wahl: es geschah bei T+10,00: host-98 beginnt eine Wahl — 3 s lang kein Heartbeat; und 2 weitere",
        ),
        (
            "it happened at T+18.50: host-99 orders the restart of vm-98-1 on host-100",
            "es geschah bei T+18,50: host-99 ordnet den Neustart von vm-98-1 auf host-100 an",
        ),
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
