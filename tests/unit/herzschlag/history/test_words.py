"""How records read: sentences for people, and names of fields for those who match them."""

from __future__ import annotations

import pytest

from herzschlag.history import words
from herzschlag.history.kinds import KINDS
from herzschlag.history.records import SECOND, Record

DOWN = Record(18 * SECOND, 1, "host-99", "host-state", {"host": "host-98", "to": "hostDown", "because": "silence"})


def test_a_line_says_when_who_what_and_why() -> None:
    assert words.line(DOWN) == "    18.00 s  host-99 sees host-98 as failed — silence"


def test_an_exact_line_shows_what_can_be_matched_since_the_cluster_was_ready() -> None:
    assert words.exact_line(DOWN, 6 * SECOND) == (
        "   12.000 s  host-99    host-state host=host-98 to=hostDown — silence"
    )


def test_of_a_fault_an_exact_line_shows_what_it_is_and_not_how_it_is_proved() -> None:
    fields = {"fault": "isolate", "id": "cut", "phase": "begin", "about": "isolate host=host-98", "evidence": {"n": 1}}
    line = words.exact_line(Record(0, 0, "herzschlag", "fault", fields), 0)
    assert line.endswith("fault      phase=begin id=cut about=isolate host=host-98")


def test_named_fields_leave_out_what_is_empty_and_what_is_not_a_word() -> None:
    item = Record(0, 0, "host-99", "restart", {"vm": "web", "target": "", "attempt": 0, "more": [1]})
    assert words.named(item, ("vm", "target", "attempt", "more", "absent")) == "vm=web attempt=0"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_reads_as_one_line(kind: str) -> None:
    fields = {name: field.values[0] if field.values else "word" for name, field in KINDS[kind].fields.items()}
    said = words.sentence(Record(0, 0, "host-99", kind, fields))
    assert said
    assert "\n" not in said
    assert "None" not in said
