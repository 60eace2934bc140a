"""Records as they arrive in the file: in protocol time, and only when their line is whole."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from herzschlag.backends.mininet.record_tail import RecordTail, RunClock

CLOCK = RunClock(zero_ns=1_000, speed=10.0)


def test_the_clocks_agree_both_ways() -> None:
    assert CLOCK.protocol_ns(1_000) == 0
    assert CLOCK.protocol_ns(1_050) == 500
    assert CLOCK.real_ns(500) == 1_050


@pytest.mark.parametrize(
    ("name", "value", "becomes"),
    [
        ("since_ns", 1_050, 500),  # an instant
        ("given_up_ago_ns", 50, 500),  # a length of the protocol
        ("took_ns", 50, 50),  # a length of real time
        ("generation", 50, 50),
        ("since_ns", None, None),
    ],
)
def test_every_field_is_converted_by_its_unit(name: str, value: object, becomes: object) -> None:
    assert CLOCK.in_protocol_time({name: value}) == {name: becomes}


def test_a_line_that_is_not_whole_yet_waits(tmp_path: Path) -> None:
    tail = RecordTail(CLOCK)
    writer = tail.open(tmp_path / "records.jsonl")
    line = msgspec.json.encode({"at_ns": 1_100, "node": "host-98", "kind": "role", "to": "master"}) + b"\n"
    os.write(writer, line[:20])
    tail.read()
    assert tail.records == []
    os.write(writer, line[20:] + line[:5])
    tail.read()
    (item,) = tail.records
    assert (item.at_ns, item.seq, item.node, item.kind, item.fields) == (1_000, 0, "host-98", "role", {"to": "master"})
    os.write(writer, line[5:])
    os.close(writer)
    tail.close()  # reads for the last time
    assert [item.seq for item in tail.records] == [0, 1]


def test_records_that_are_added_are_numbered_with_the_others(tmp_path: Path) -> None:
    tail = RecordTail(CLOCK)
    tail.read()  # before there is a file
    tail.add(1_010, "herzschlag", "machinery", {"what": "the stage", "because": "a test"})
    os.close(tail.open(tmp_path / "records.jsonl"))
    tail.add(1_020, "herzschlag", "counters", {"dropped": 3})
    assert [(item.at_ns, item.seq) for item in tail.records] == [(100, 0), (200, 1)]
    tail.close()
    tail.close()
