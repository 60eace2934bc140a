"""The state of a cluster by its records: now, and what the next user of a lab must know about the past."""

from __future__ import annotations

from itertools import count

import pytest

from herzschlag.history.kinds import KINDS
from herzschlag.history.records import Record, record
from herzschlag.history.standing import Standing, latest, snapshot

MASTER = {"from": "election", "to": "master", "master": "host-99", "because": "won"}
_instants = count(1)


def said(node: str, kind: str, **fields: object) -> Record:
    return record(next(_instants), node, kind, fields)


def after(*items: Record) -> Standing:
    standing = Standing()
    for item in items:
        standing.see(item)
    return standing


def test_roles_opinions_and_vms_are_the_last_ones_said() -> None:
    now = after(
        said("host-99", "role", **MASTER),
        said("host-99", "host-state", host="host-98", to="connectedToMaster"),
        said("vcenter", "host-state", host="host-98", to="hostDown"),
        said("host-98", "vm", vm="web", to="starting"),
        said("host-98", "vm", vm="web", to="on"),
        said("host-98", "vm", vm="db", to="on"),
        said("host-98", "vm", vm="db", to="off"),
        said("host-99", "protect", vm="web"),
    )
    assert now.masters == ["host-99"]
    assert now.seen_as("host-98", now.masters) == "connectedToMaster"
    assert now.seen_as("host-98", ("nowhere", "vcenter")) == "hostDown"
    assert now.seen_as("host-97", ("host-99",)) == ""
    assert now.running() == [("web", "host-98")]
    assert now.protected == {"web"}


def test_a_host_without_power_has_no_vms_and_what_it_said_may_be_forgotten() -> None:
    items = (
        said("host-99", "role", **MASTER),
        said("host-99", "host-state", host="host-98", to="hostDown"),
        said("host-99", "vm", vm="web", to="on"),
        said("host-98", "vm", vm="db", to="on"),
    )
    off, forgotten = after(*items), after(*items)
    off.lost_power(["host-99"])
    assert (off.running(), off.masters) == ([("db", "host-98")], ["host-99"])
    forgotten.forget(["host-99"])
    assert (forgotten.running(), forgotten.masters, forgotten.opinions) == ([("db", "host-98")], [], {})


def test_the_next_user_is_told_the_last_record_of_each_thing_and_each_latest_timer() -> None:
    first, second = (said("host-98", "vm", vm="web", to=state) for state in ("starting", "on"))
    other = said("host-98", "vm", vm="db", to="on")
    late, later = (said("host-98", "lateness", process="agent", max_ns=ns) for ns in (9, 3))
    event = said("host-98", "restart", vm="web", phase="done")
    assert latest([first, second, other, late, later, event]) == [second, other, late]


def test_a_path_that_carries_again_is_as_if_it_had_never_been_silent() -> None:
    before = [said("host-98", "role", **MASTER)]
    silent = said("host-98", "path", host="host-99", network="A", to="silent", because="x")
    up = said("host-98", "path", host="host-99", network="A", to="up", because="y")
    assert snapshot([*before, silent]) != snapshot(before) == snapshot([*before, silent, up])


def test_reasons_make_no_difference_to_a_snapshot() -> None:
    one, two = (said("host-98", "config", generation=1, because=why) for why in ("x", "y"))
    assert snapshot([one]) == snapshot([two]) != snapshot([said("host-98", "config", generation=2, because="x")])


def test_a_vcenter_without_a_master_is_a_state() -> None:
    assert list(snapshot([said("vcenter", "vcenter", master="")]).values()) == [("",)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_of_a_state_are_fields_of_its_kind(kind: str) -> None:
    entry = KINDS[kind].entry
    assert {*(entry.state_of or ()), *entry.states} <= set(KINDS[kind].fields)
    assert not (entry.state_of is not None and entry.remembered), "a state, or an event"
