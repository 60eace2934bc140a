"""Hosts, their links and their VMs: what is cut, by sign and by word."""

from __future__ import annotations

import pytest

from tests.support.pictures import drawn, layer, said, troubles


def test_a_host_has_its_name_its_role_and_its_vms() -> None:
    picture = drawn(vms={"host-98": (("vm-1", "on"), ("vm-2", "starting")), "host-99": (), "host-100": ()})
    assert {"host-98", "slave", "host-99", "master", "vCenter", "gateway"} <= set(said(layer(picture, "cluster")))
    assert said(layer(picture, "vms")) == ["vm-1", "vm-2 starts", "no VM runs here", "no VM runs here"]


def test_vms_without_room_are_counted() -> None:
    many = {"host-98": tuple((f"vm-{number}", "on") for number in range(5)), "host-99": (), "host-100": ()}
    assert said(layer(drawn(vms=many), "vms"))[:2] == ["vm-0", "and 4 more VMs"]


@pytest.mark.parametrize(
    "how, word", [("cut", "cut"), ("down", "port down"), ("out", "no way out"), ("in", "no way in"), ("part", "part 2")]
)
def test_a_link_that_does_not_carry_says_so(how: str, word: str) -> None:
    picture = drawn(links={"A|host-98": how, "B|host-98": how}, groups={"A|host-98": 2, "B|host-98": 2})
    assert said(layer(picture, "cuts")) == [word, word]
    assert troubles(picture) == []


def test_a_host_without_power_has_no_cut_links() -> None:
    roles = {"host-98": "off", "host-99": "master", "host-100": "slave"}
    picture = drawn(roles=roles, links={"A|host-98": "cut"})
    assert said(layer(picture, "cuts")) == []
    assert "no power" in said(layer(picture, "cluster"))


def test_gateway_and_vcenter_say_their_trouble() -> None:
    words = said(layer(drawn(gateway="silent", vcenter="down"), "cluster"))
    assert {"answers no ping", "down"} <= set(words)
    assert "isolation address" not in words


def test_bad_lines_and_beliefs_are_told() -> None:
    picture = drawn(impaired=frozenset({"A|host-98"}), beliefs={"host-98": (("host-99", "fdmUnreachable"),)})
    assert said(layer(picture, "cuts")) == ["lossy"]
    assert said(layer(picture, "beliefs")) == ["host-99 says: agent unreachable"]
