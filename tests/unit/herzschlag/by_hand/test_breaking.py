"""Faults as methods and as values: the same faults, and their fields are looked at."""

from __future__ import annotations

import pytest

from herzschlag import faults
from herzschlag.by_hand.breaking import Breaking, checked, made
from herzschlag.wrong_input import InputError


class Noting(Breaking):
    def __init__(self) -> None:
        self.begun: list[faults.Fault] = []

    def begin(self, fault: faults.Fault, *, id: str = "") -> str:
        self.begun.append(checked(fault))
        return id


def test_every_method_makes_a_fault_that_its_name_says() -> None:
    cluster = Noting()
    cluster.power_off("host-98")
    cluster.isolate("host-98", keep=["gateway"], networks="A")
    cluster.split(["host-98"], ["host-99", "host-100"])
    cluster.cut("host-98", "host-99", networks="B")
    cluster.freeze("host-98")
    cluster.take_storage("host-98", "vmfs-1", access="pdl")
    cluster.silence_gateway()
    assert [fault.describe() for fault in cluster.begun] == [
        "power-off host=host-98",
        "isolate host=host-98 networks=A keep=[gateway]",
        "split groups=[[host-98], [host-99, host-100]]",
        "cut-pair a=host-98 b=host-99 networks=B",
        "freeze host=host-98",
        "storage host=host-98 access=pdl datastore=vmfs-1",
        "gateway-silent",
    ]


def test_a_value_of_a_wrong_type_is_refused_when_the_fault_begins() -> None:
    """A struct takes any value when it is made."""
    with pytest.raises(InputError, match="host: is 98: a text in quotes or a list is wanted"):
        checked(faults.PowerOff(host=98))  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InputError, match="manner: is 'quiet'"):
        checked(faults.Isolate(host="host-98", manner="quiet"))  # type: ignore[arg-type]  # on purpose
    listed = checked(faults.PowerOff(host=["host-98", "host-99"]))  # type: ignore[arg-type]  # on purpose
    assert listed == faults.PowerOff(host=("host-98", "host-99"))


def test_a_fault_by_its_name_says_the_nearest_one() -> None:
    assert made("isolate", {"host": "host-98"}) == faults.Isolate(host="host-98")
    with pytest.raises(InputError, match="no fault is called 'isolat': did you mean 'isolate'"):
        made("isolat", {})
    with pytest.raises(InputError, match="hots: unknown key: did you mean 'host'"):
        made("isolate", {"hots": "host-98"})
