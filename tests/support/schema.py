"""The check of histories against the schema: every record must be valid for its kind; the fields seen are returned."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from herzschlag.history.kinds import KINDS
from herzschlag.history.records import Record


def fields_by_kind(records: Iterable[Record]) -> dict[str, set[str]]:
    """The fields of each kind in these records; every record must have all fields of its kind and no others."""
    found: dict[str, set[str]] = {}
    for item in records:
        assert item.kind in KINDS, f"{item.node} wrote a {item.kind!r}, which the schema does not know"
        try:
            msgspec.convert({"kind": item.kind, **item.fields}, KINDS[item.kind].entry)
        except msgspec.ValidationError as error:
            raise AssertionError(f"record {item.seq}, {item.kind} of {item.node}: {error}: {item.fields}") from None
        found.setdefault(item.kind, set()).update(item.fields)
    return found
