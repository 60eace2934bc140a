"""Which processes get namespaces directly, by their capabilities; the others get a user namespace."""

from __future__ import annotations

import pytest

from herzschlag.topo.sandbox.launcher import rules


@pytest.mark.parametrize(
    ("effective", "directly"),
    [
        ("000001ffffffffff", True),
        ("000001ffffdfffff", False),  # without CAP_SYS_ADMIN
        ("00000000a82425fb", False),  # what Docker leaves, and CAP_SYS_ADMIN
        ("00000000a82435fb", True),  # and CAP_NET_ADMIN
        ("0000000000000000", False),
    ],
)
def test_namespaces_are_made_directly_with_both_rights(effective: str, directly: bool) -> None:
    assert rules(f"Name:\tpython\nCapPrm:\t000001ffffffffff\nCapEff:\t{effective}\nThreads:\t1\n") is directly


def test_a_status_without_capabilities_promises_nothing() -> None:
    assert not rules("Name:\tpython\n")
