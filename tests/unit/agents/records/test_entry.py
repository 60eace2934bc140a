"""The common parts of all records of the schema."""

from __future__ import annotations

from herzschlag.agents import records
from herzschlag.agents.records.entry import fields_of, kind_of


def test_a_word_of_python_is_renamed_at_one_place() -> None:
    entry = records.AgentRole(from_="slave", to="election", master="", because="silence")
    assert kind_of(entry) == kind_of(records.AgentRole) == "role"
    assert fields_of(entry) == {"from": "slave", "to": "election", "master": "", "because": "silence"}
