"""The list of what packets show: each once, and none that any text would match."""

from __future__ import annotations

import re

from herzschlag.languages import speaking
from herzschlag.languages.refusals import of_packets
from herzschlag.languages.texts.packets import PACKETS


def test_each_is_listed_once_and_says_something() -> None:
    assert len(set(PACKETS)) == len(PACKETS)
    assert [text for text in PACKETS if not re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text))] == []


def test_what_a_packet_shows_is_german_within_what_is_said_of_it() -> None:
    with speaking("de"):
        assert of_packets("no packet shows that host-99 pings host-98") == "kein Paket zeigt: host-99 pingt host-98"
        assert of_packets("host-99 pings host-98 (network A)") == "host-99 pingt host-98 (Netz A)"
    assert of_packets("host-99 pings host-98 (network A)") == "host-99 pings host-98 (network A)"
