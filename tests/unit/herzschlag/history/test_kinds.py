"""The kinds of a history follow from the classes: names, units, and what is left out of some records."""

from __future__ import annotations

import pytest

from herzschlag.agents.records import Unit, kind_of
from herzschlag.history.kinds import KINDS, REAL_PACKETS_ONLY, SIMULATION_ONLY, field_docs
from herzschlag.history.records import HEADER


def test_units_are_those_of_the_classes() -> None:
    found = {(kind, name): field.unit for kind, known in KINDS.items() for name, field in known.fields.items()}
    assert found["disk", "first_ns"] is Unit.INSTANT
    assert found["lock", "given_up_ago_ns"] is Unit.LENGTH
    assert found["lateness", "max_ns"] is found["fault", "took_ns"] is Unit.REAL_LENGTH
    assert found["run", "began_wall_ns"] is Unit.WALL_INSTANT
    assert found["restart", "attempt"] is None


def test_a_number_of_nanoseconds_has_a_unit() -> None:
    bare = [
        f"{kind}.{name}"
        for kind, known in KINDS.items()
        for name, field in known.fields.items()
        if name.endswith("_ns") != (field.unit is not None)
    ]
    assert bare == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_and_every_field_says_what_it_means(kind: str) -> None:
    known = KINDS[kind]
    assert kind_of(known.entry) == kind
    assert known.about
    assert set(field_docs(known.entry)) == set(known.entry.__struct_fields__)
    assert not set(known.fields) & set(HEADER)


def test_kinds_that_one_backend_writes_exist() -> None:
    assert set(KINDS) >= REAL_PACKETS_ONLY | SIMULATION_ONLY
    assert {name for name, field in KINDS["vm"].fields.items() if field.optional} == {"order", "asked", "by"}
    assert KINDS["election"].fields["phase"].values == ("started", "won", "lost")
