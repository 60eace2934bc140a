"""A history is ordered, numbered and readable again; files appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herzschlag.history.records import (
    HEADER,
    History,
    HistoryError,
    Record,
    decode,
    encode,
    read_history,
    record,
    write_history,
    write_whole,
)

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
fields = st.dictionaries(st.text(min_size=1, max_size=12).filter(lambda n: n not in HEADER), scalars, max_size=4)
records = st.builds(Record, st.integers(0, 2**62), st.just(-1), st.text(max_size=9), st.text(max_size=9), fields)


@given(st.lists(records, max_size=12))
def test_any_history_survives_a_line_of_json_each(items: list[Record]) -> None:
    history = History.ordered(items)
    assert History(decode(encode(item)) for item in history).records == history.records


@given(st.lists(records, max_size=12))
def test_ordering_keeps_the_order_of_arrival_among_equals(items: list[Record]) -> None:
    history = History.ordered(items)
    assert [item.at_ns for item in history] == sorted(item.at_ns for item in items)
    for at_ns in {item.at_ns for item in items}:
        arrived = [item.fields for item in items if item.at_ns == at_ns]
        assert [item.fields for item in history if item.at_ns == at_ns] == arrived


def test_a_history_that_is_out_of_order_is_refused() -> None:
    with pytest.raises(HistoryError, match=r"History\.ordered"):
        History([Record(5, 0, "a", "k", {}), Record(4, 1, "a", "k", {})])


def test_records_are_found_by_kind_node_and_field() -> None:
    history = History.ordered(
        [
            record(1, "host-98", "role", {"to": "election"}),
            record(2, "host-99", "role", {"to": "master"}),
            record(3, "host-98", "role", {"to": "slave"}),
        ]
    )
    assert [r.at_ns for r in history.of_kind("role", node="host-98")] == [1, 3]
    assert [r.node for r in history.where("role", to="master")] == ["host-99"]
    assert history.last("role", 2, node="host-98") == history[0]
    assert history.last("role", 0) is None
    assert history.end_ns == 3


def test_a_file_that_cannot_be_read_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    write_history(path, History.ordered([record(1, "a", "k", {})]))
    path.write_bytes(path.read_bytes() + b'{"at_ns": 2}\n')
    with pytest.raises(HistoryError, match=r"line 2: a record without seq, node, kind"):
        read_history(path)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_whole(path, b"old")
    with pytest.raises(TypeError):
        write_whole(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["run.json"]


def test_the_last_record_is_the_newest_with_these_values_up_to_an_instant() -> None:
    """Among records of one instant it is the one that was written last."""
    told = [(1, "host-98", "slave"), (3, "host-99", "slave"), (3, "host-98", "master"), (3, "host-98", "slave")]
    history = History([Record(at_ns, n, node, "role", {"to": to}) for n, (at_ns, node, to) in enumerate(told)])

    def seq(at_ns: int, **wanted: str) -> int | None:
        found = history.last("role", at_ns, **wanted)
        return None if found is None else found.seq

    assert (seq(0), seq(2), seq(3)) == (None, 0, 3)
    assert (seq(3, node="host-99"), seq(3, to="master"), seq(2, to="master")) == (1, 2, None)
    assert history.last("vm", 9) is None
