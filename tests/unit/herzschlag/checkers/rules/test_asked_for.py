"""What vCenter has done to a VM: asked for, late, by no user, on another host, and undone by a newer request."""

from __future__ import annotations

import pytest

from herzschlag.checkers.rules.asked_for import CHECKER
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.from_toml import load

SCENARIO = load("normal")

Told = tuple[float, str, str, dict[str, object]]
"""Instant in seconds, node, kind and fields of a record."""


def finding(*records: Told) -> tuple[str, str]:
    made = [(0.0, "herzschlag", "run", {}), (0.0, "herzschlag", "fault", {"phase": "begin"}), *records]
    history = History.ordered(
        Record(round(at_s * SECOND), number, node, kind, fields)  # type: ignore[arg-type]  # values of all kinds
        for number, (at_s, node, kind, fields) in enumerate(made)
    )
    found = CHECKER.check(history, SCENARIO)
    return found.verdict, found.because


def user(at_s: float, on: bool, host: str = "host-98", *, refused: bool = False) -> Told:
    return at_s, "vcenter", "user", {"vm": "vm-98-1", "on": on, "host": host, "refused": refused}


def vm(at_s: float, to: str, host: str = "host-98", by: str = "vcenter") -> Told:
    return at_s, host, "vm", {"vm": "vm-98-1", "from": "off", "to": to, "by": by, "because": "ordered"}


def test_what_users_asked_for_holds() -> None:
    verdict, because = finding(user(1, True), vm(2, "starting"), vm(2, "on"), user(9, False), vm(10, "stopping"))
    assert (verdict, because) == ("holds", "2 orders of vCenter, each asked for")


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ([vm(2, "starting")], "there was no request"),
        ([user(1, True), user(5, False), vm(9, "starting")], "the last request was off, on host-98, at T+5.00"),
        ([user(1, True), vm(9, "starting", "host-99")], "the last request was on, on host-98"),
        ([user(1, True), vm(9, "stopping")], "stopped on host-98 at T+9.00 by an order of vCenter that no user gave"),
        ([user(1, True, refused=True), vm(2, "starting")], "there was no request"),
        ([vm(1, "starting"), user(2, True)], "there was no request"),
    ],
)
def test_what_no_user_asked_for_is_violated(records: list[Told], says: str) -> None:
    verdict, because = finding(*records)
    assert verdict == "violated"
    assert says in because


def test_an_order_that_was_under_way_when_the_user_changed_the_request_is_carried_out() -> None:
    assert finding(user(1, True), user(1.5, False), vm(2, "starting"), vm(2.2, "stopping"))[0] == "holds"


def test_what_masters_and_hosts_do_by_themselves_is_not_vcenters() -> None:
    assert finding(vm(2, "starting", by="host-99"), vm(9, "stopping", by="")) == (
        "nothing",
        "vCenter had no VM started or stopped",
    )
