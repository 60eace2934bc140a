"""What counts as a false failover: a kind that is overlooked would make lines look better than they are."""

from __future__ import annotations

from typing import Any

import pytest

from bench.lines.outcome import KINDS, kinds_seen, replaced_after_s, settled_after_s, two_masters_s
from herzschlag.history.records import SECOND, History, record

BEGIN_S = 20.0


def history(*told: tuple[float, str, str, dict[str, Any]], end_s: float = 200.0) -> History:
    """Records at seconds after the fault; a cluster that became ready before it, and the end."""
    before = [
        record(0, "host-99", "role", {"from": "election", "to": "master"}),
        record(0, "host-99", "host-state", {"host": "host-98", "to": "networkIsolated"}),
        record(round(BEGIN_S * SECOND), "herzschlag", "fault", {"id": "bad", "phase": "begin"}),
    ]
    after = [record(round((BEGIN_S + at_s) * SECOND), node, kind, fields) for at_s, node, kind, fields in told]
    return History.ordered([*before, *after, record(round((BEGIN_S + end_s) * SECOND), "herzschlag", "end", {})])


def test_what_happened_before_the_fault_does_not_count() -> None:
    assert kinds_seen(history()) == {}
    assert settled_after_s(history()) is None


@pytest.mark.parametrize(
    ("node", "kind", "fields", "expected"),
    [
        ("host-98", "role", {"from": "slave", "to": "election"}, "role"),
        ("host-98", "isolation", {"phase": "declared"}, "isolated"),
        ("host-99", "host-state", {"host": "host-98", "to": "networkIsolated"}, "isolated"),
        ("host-99", "host-state", {"host": "host-98", "to": "networkPartitionedFromMaster"}, "partitioned"),
        ("host-99", "host-state", {"host": "host-98", "to": "hostDown"}, "dead"),
        ("host-98", "vm", {"vm": "vm-98-1", "from": "on", "to": "stopping"}, "stopped"),
        ("host-98", "vm", {"vm": "vm-98-1", "from": "on", "to": "off"}, "stopped"),
        ("host-99", "restart", {"vm": "vm-98-1", "phase": "ordered"}, "restarted"),
    ],
)
def test_each_kind_is_seen(node: str, kind: str, fields: dict[str, Any], expected: str) -> None:
    assert kinds_seen(history((12.5, node, kind, fields))) == {expected: 12.5}


@pytest.mark.parametrize(
    ("node", "kind", "fields"),
    [
        ("vcenter", "host-state", {"host": "host-98", "to": "hostDown"}),
        ("host-99", "host-state", {"host": "host-98", "to": "election"}),
        ("host-99", "host-state", {"host": "host-98", "to": "connectedToMaster"}),
        ("host-98", "isolation", {"phase": "probing"}),
        ("host-98", "isolation", {"phase": "cancelled"}),
        ("host-98", "vm", {"vm": "vm-98-1", "from": "off", "to": "starting"}),
        ("host-98", "vm", {"vm": "vm-98-1", "from": "starting", "to": "on"}),
        ("host-99", "liveness", {"host": "host-98", "phase": "watching"}),
    ],
)
def test_what_changes_nothing_is_not_counted(node: str, kind: str, fields: dict[str, Any]) -> None:
    assert kinds_seen(history((12.5, node, kind, fields))) == {}


def test_the_first_instant_counts_and_kinds_come_in_their_order() -> None:
    seen = kinds_seen(
        history(
            (5, "host-99", "host-state", {"host": "host-98", "to": "hostDown"}),
            (7, "host-98", "role", {"to": "election"}),
            (9, "host-98", "role", {"to": "slave"}),
        )
    )
    assert list(seen.items()) == [("role", 7), ("dead", 5)]
    assert set(seen) < set(KINDS)


def test_a_master_is_replaced_by_another_host_alone() -> None:
    again = history((9, "host-99", "role", {"to": "master"}))
    assert replaced_after_s(again, "host-99") is None
    other = history((9, "host-98", "role", {"to": "election"}), (24, "host-98", "role", {"to": "master"}))
    assert replaced_after_s(other, "host-99") == 24


def test_two_masters_are_counted_from_the_instant_asked_for() -> None:
    told = history(
        (24, "host-98", "role", {"to": "master"}),
        (40.25, "host-98", "role", {"to": "slave"}),
        (50, "host-98", "role", {"to": "master"}),
        (51, "host-99", "role", {"to": "slave"}),
    )
    assert two_masters_s(told, since_ns=round((BEGIN_S + 40) * SECOND)) == 1.25
    assert two_masters_s(told, since_ns=0) == 17.25


def test_two_masters_at_the_end_are_counted_to_the_end() -> None:
    told = history((24, "host-98", "role", {"to": "master"}), end_s=30)
    assert two_masters_s(told, since_ns=0) == 6


def test_it_is_settled_with_the_last_role_or_opinion() -> None:
    told = history(
        (24, "host-98", "role", {"to": "master"}),
        (31, "host-98", "host-state", {"host": "host-100", "to": "connectedToMaster"}),
        (60, "vcenter", "host-state", {"host": "host-100", "to": "connectedToMaster"}),
    )
    assert settled_after_s(told) == 31
