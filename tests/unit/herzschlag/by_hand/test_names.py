"""Names in questions: what does not exist is an error with the nearest name, as a test would pass by it."""

from __future__ import annotations

from typing import Any

import pytest

from herzschlag.by_hand.names import Names
from herzschlag.topo.catalog import two_networks
from herzschlag.wrong_input import InputError

NAMES = Names(two_networks(4), ["web-1", "web-2"])


@pytest.mark.parametrize(
    ("kind", "node", "fields", "says"),
    [
        ("host_state", None, {}, "no record is of the kind 'host_state': did you mean 'host-state'"),
        ("role", "host-1OO", {}, "'host-1OO' is not a node that writes records: did you mean 'host-10"),
        ("role", None, {"too": "master"}, "'too' is not a field of a 'role' record: did you mean 'to'"),
        ("role", None, {"to": "mastr"}, "to of a 'role' record is never 'mastr': did you mean 'master'"),
        ("path", None, {"host": "host-89"}, "'host-89' is not a node of this cluster: did you mean 'host-9"),
        ("path", None, {"network": "C"}, "'C' is not a network of this cluster: known: A, B"),
        ("lock", None, {"datastore": "vmfs1"}, "'vmfs1' is not a datastore of this cluster: did you mean 'vmfs-1'"),
        ("restart", None, {"target": "gateway"}, "'gateway' is not a host of this cluster"),
        ("vm", None, {"vm": "web1"}, "'web1' is not a VM of this cluster: did you mean 'web-1'"),
        ("fault", None, {}, "'fault' is a record of the harness, which only `history"),
    ],
)
def test_a_record_that_never_comes_is_refused(kind: str, node: str | None, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        NAMES.record(kind, node, fields)


@pytest.mark.parametrize(
    ("kind", "node", "fields"),
    [
        ("host-state", "vcenter", {"host": "host-98", "to": "hostDown"}),
        ("path", "host-99", {"host": "gateway", "network": "B", "to": "silent"}),
        ("lateness", "sA", {"process": "switch"}),
        ("machinery", "herzschlag", {}),
        ("role", None, {"master": ""}),
        ("isolation", None, {"vm": None}),
    ],
)
def test_a_record_that_may_come_passes(kind: str, node: str | None, fields: dict[str, Any]) -> None:
    NAMES.record(kind, node, fields)


def test_hosts_and_vms_that_do_not_exist_are_refused() -> None:
    assert (NAMES.host("host-98"), NAMES.vm("web-2"), NAMES.observer("vcenter")) == ("host-98", "web-2", "vcenter")
    for ask, wrong, says in (
        (NAMES.host, "host-1O1", "did you mean 'host-101'"),
        (NAMES.host, 98, "98 is not a host"),
        (NAMES.vm, "web", "did you mean 'web-"),
        (NAMES.observer, "vcentre", "did you mean 'vcenter'"),
    ):
        with pytest.raises(InputError, match=says):
            ask(wrong)
