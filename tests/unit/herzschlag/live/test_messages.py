"""The messages between page and server, which must match their documentation."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.faults import Isolate, OneWay
from herzschlag.live import messages as m

DOCS = Path(__file__).parents[4] / "docs" / "live.md"
decode = msgspec.json.Decoder(m.AnyCommand).decode


@pytest.mark.parametrize("kinds", [m.COMMANDS, m.NEWS])
def test_the_documented_messages_are_those_that_are_sent(kinds: tuple[type[msgspec.Struct], ...]) -> None:
    assert m.table(kinds) in DOCS.read_text(encoding="utf-8"), f"docs/live.md: should hold\n\n{m.table(kinds)}"


def test_every_kind_of_message_says_what_it_means() -> None:
    assert all(kind.__doc__ and len(kind.__doc__) > 10 for kind in (*m.COMMANDS, *m.NEWS))


def test_a_fault_travels_in_the_words_of_scenario_files() -> None:
    given = '{"do": "begin", "fault": {"fault": "isolate", "host": "host-98", "networks": "A", "manner": "port-down"}}'
    assert decode(given) == m.Begin(Isolate(host="host-98", networks="A", manner="port-down"))
    given = '{"do": "begin", "fault": {"fault": "one-way", "src": "host-98", "dst": "all"}}'
    assert decode(given) == m.Begin(OneWay(src="host-98", dst="all"))


@pytest.mark.parametrize(
    "given",
    [
        '{"do": "burn"}',
        '{"do": "begin", "fault": {"fault": "burn"}}',
        '{"do": "begin", "fault": {"fault": "isolate", "host": "host-98", "hots": 1}}',
        '{"do": "next", "again": true}',
        '{"do": "pace", "factor": "fast"}',
        "[]",
        "not JSON",
    ],
)
def test_what_is_not_a_message_is_refused_not_guessed(given: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode(given)
