"""Records as they arrive in the file: in protocol time, and only when their line is whole."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import msgspec
import pytest

from herzschlag.backends.mininet.record_tail import RecordTail, RunClock
from herzschlag.history.kinds import Counters, Machinery

CLOCK = RunClock(zero_ns=1_000, speed=10.0)


def test_the_clocks_agree_both_ways() -> None:
    assert CLOCK.protocol_ns(1_000) == 0
    assert CLOCK.protocol_ns(1_050) == 500
    assert CLOCK.real_ns(500) == 1_050


@pytest.mark.parametrize(
    ("kind", "name", "value", "becomes"),
    [
        ("disk", "first_ns", 1_050, 500),  # an instant
        ("lock", "given_up_ago_ns", 50, 500),  # a length of the protocol
        ("lateness", "max_ns", 50, 50),  # a length of real time
        ("config", "generation", 50, 50),
        ("disk", "max_ns", 50, 50),  # no field of that kind, whatever its name ends with
    ],
)
def test_every_field_is_converted_by_its_unit(kind: str, name: str, value: object, becomes: object) -> None:
    assert CLOCK.in_protocol_time(kind, {name: value}) == {name: becomes}


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
    tail.write(1_010, Machinery(what="the stage", because="a test"))
    os.close(tail.open(tmp_path / "records.jsonl"))
    tail.write(1_020, Counters(id="cut", dropped=3))
    assert [(item.at_ns, item.seq) for item in tail.records] == [(100, 0), (200, 1)]
    tail.close()
    tail.close()


def test_a_second_lab_never_writes_into_the_records_of_the_first(tmp_path: Path) -> None:
    os.close(RecordTail(CLOCK).open(tmp_path / "records.jsonl"))
    with pytest.raises(FileExistsError):
        RecordTail(CLOCK).open(tmp_path / "records.jsonl")


@pytest.mark.skipif(sys.platform != "linux", reason="files without a name are opened again by Linux alone")
def test_without_a_path_the_records_lie_in_a_file_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it can be left behind; the lab's processes append, the reader begins at its start."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tail = RecordTail(CLOCK)
    writer = tail.open(None)
    assert list(tmp_path.iterdir()) == []
    for number in range(2):
        line = {"at_ns": CLOCK.zero_ns + number, "node": "host-98", "kind": "role", "from": "slave", "to": "master"}
        os.write(writer, msgspec.json.encode(line) + b"\n")
        tail.read()
    os.close(writer)
    tail.close()
    assert [record.fields["to"] for record in tail.records] == ["master", "master"]


@pytest.mark.parametrize("phase_ns", [0, 1, 37, 99])
@pytest.mark.parametrize("now_ns", [1_000, 1_036, 1_037, 1_099])
def test_a_run_begins_on_the_heartbeat_grid_of_its_own_phase(now_ns: int, phase_ns: int) -> None:
    """So that labs beside each other send at different instants, each of them at whole intervals of its own clock."""
    clock = RunClock.on_grid(now_ns, 100, phase_ns, 10.0)
    assert clock.zero_ns <= now_ns < clock.zero_ns + 100
    assert clock.zero_ns % 100 == phase_ns
