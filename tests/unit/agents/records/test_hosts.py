"""The records of hypervisors, vCenter and processes."""

from __future__ import annotations

from herzschlag.agents.records import Disk, VmChange, fields_of


def test_a_field_that_does_not_concern_a_record_is_left_out() -> None:
    entry = VmChange(vm="web", from_="on", to="off", because="crash", asked=False)
    assert fields_of(entry) == {"vm": "web", "from": "on", "to": "off", "because": "crash", "asked": False}


def test_evidence_of_a_disk_reads_in_the_order_of_its_class() -> None:
    entry = Disk(vm="web", datastore="vmfs-1", host="a", boot=1, life=2, first_ns=3, last_ns=4, count=5, torn=0)
    assert list(fields_of(entry).values()) == ["web", "vmfs-1", "a", 1, 2, 3, 4, 5, 0]
