"""The records of agents, and what the schema refuses."""

from __future__ import annotations

import msgspec
import pytest

from herzschlag.agents import records


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
