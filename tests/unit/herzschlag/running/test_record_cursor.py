"""The position of a test in the records of a cluster that does not stop for it: what it sees, and what is new."""

from __future__ import annotations

from typing import Any

import pytest

from herzschlag.history.records import SECOND, Record
from herzschlag.running.record_cursor import Present


class Growing:
    """A session's records, which grow when a test says so."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.present = Present(lambda: self.records)

    def arrive(self, at_s: float, node: str, kind: str, **fields: Any) -> Record:
        made = Record(round(at_s * SECOND), len(self.records), node, kind, fields)
        self.records.append(made)
        return made


@pytest.fixture
def growing() -> Growing:
    return Growing()


def test_the_last_word_of_a_host_counts(growing: Growing) -> None:
    assert growing.present.role("host-98") == "uninitialized"
    growing.arrive(1, "host-98", "role", to="election")
    growing.arrive(2, "host-98", "role", to="slave")
    growing.arrive(3, "host-99", "host-state", host="host-98", to="hostDown")
    assert growing.present.role("host-98") == "slave"
    assert growing.present.state_of("host-98", "host-99") == "hostDown"
    assert growing.present.state_of("host-98", "vcenter") == "unknown"


def test_vms_of_a_host_that_lost_its_power_run_no_more(growing: Growing) -> None:
    """No host reports it, since the only one that could is off."""
    for host, vm in (("host-98", "a"), ("host-99", "b")):
        growing.arrive(1, host, "vm", vm=vm, to="on")
    assert sorted(growing.present.running()) == [("a", "host-98"), ("b", "host-99")]
    growing.present.lost_power(["host-98"])
    assert growing.present.running() == [("b", "host-99")]


def test_what_arrived_together_with_the_record_awaited_is_not_seen_yet(growing: Growing) -> None:
    """A condition that was true at that record must find the cluster as it was then."""
    awaited = growing.arrive(5, "host-98", "role", to="election")
    growing.arrive(5, "host-98", "role", to="master")
    growing.present.see(awaited)
    assert growing.present.role("host-98") == "election"
    growing.present.see_all()
    assert growing.present.role("host-98") == "master"


def test_records_before_the_last_call_are_old(growing: Growing) -> None:
    growing.arrive(5, "host-98", "role", to="election")
    growing.present.go_on_now(6 * SECOND)
    found = growing.present.watch("role", "host-98", {}, None)
    assert found() is None
    growing.arrive(5.5, "host-98", "role", to="slave")
    assert found() is None, "it was written before the call and arrived after it"
    new = growing.arrive(7, "host-98", "role", to="master")
    assert found() is new


def test_of_the_instant_of_a_fault_everything_is_new(growing: Growing) -> None:
    at_once = growing.arrive(5, "host-98", "vm", vm="a", to="off")
    growing.present.go_on_at(5 * SECOND)
    assert growing.present.watch("vm", None, {}, None)() is at_once


def test_waiting_twice_for_the_same_gives_the_next_one(growing: Growing) -> None:
    first = growing.arrive(5, "host-98", "vm", vm="a", to="off")
    second = growing.arrive(5, "host-98", "vm", vm="b", to="off")
    assert growing.present.watch("vm", None, {"to": "off"}, None)() is first
    growing.present.go_on_from(first)
    assert growing.present.watch("vm", None, {"to": "off"}, None)() is second
    growing.present.go_on_from(second)
    assert growing.present.watch("vm", None, {"to": "off"}, None)() is None
    assert growing.present.watch("vm", None, {"to": "off"}, first)() is second, "from a record that the test names"


def test_a_record_is_found_by_all_that_is_asked_for(growing: Growing) -> None:
    growing.arrive(1, "host-98", "vm", vm="a", to="on")
    growing.arrive(1, "host-99", "vm", vm="a", to="off")
    wanted = growing.arrive(1, "host-98", "vm", vm="a", to="off")
    assert growing.present.watch("vm", "host-98", {"to": "off"}, None)() is wanted
    assert growing.present.of_kind("vm", "host-98", {"to": "off"}) == [wanted]


def test_late_arrivals_come_in_order_of_their_time(growing: Growing) -> None:
    """Records of several hosts arrive as their files are read, not as they were written."""
    found = growing.present.watch("role", None, {}, None)
    growing.arrive(3, "host-99", "role", to="slave")
    earlier = growing.arrive(2, "host-98", "role", to="master")
    assert found() is earlier
