"""What a record of the schema looks like in a history, and what the schema refuses."""

from __future__ import annotations

import msgspec
import pytest

from herzschlag.agents import records
from herzschlag.agents.records import fields_of, kind_of


def test_a_word_of_python_is_renamed_at_one_place() -> None:
    entry = records.AgentRole(from_="slave", to="election", master="", because="silence")
    assert kind_of(entry) == kind_of(records.AgentRole) == "role"
    assert fields_of(entry) == {"from": "slave", "to": "election", "master": "", "because": "silence"}


def test_a_field_that_does_not_concern_a_record_is_left_out() -> None:
    entry = records.VmChange(vm="web", from_="on", to="off", because="crash", asked=False)
    assert fields_of(entry) == {"vm": "web", "from": "on", "to": "off", "because": "crash", "asked": False}


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "election", "phase": "offer", "because": "x"},  # a phase that is not written
        {"kind": "election", "phase": "won", "because": "x", "goodness": 3},  # a field that is not written
        {"kind": "election", "phase": "won"},  # a field is missing
        {"kind": "vmm", "vm": "web", "phase": "reset", "because": "x"},  # a kind that is not written
    ],
)
def test_what_the_schema_does_not_know_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, records.AnyEntry)
