"""Many hosts: a tile for each."""

from __future__ import annotations

import pytest

from tests.support.pictures import a_heart, drawn, layer, said, troubles


def many(count: int) -> dict[str, object]:
    hosts = tuple(f"host-{number}" for number in range(10, 10 + count))
    roles = dict.fromkeys(hosts, "slave") | {hosts[0]: "master", hosts[1]: "off", hosts[2]: "uninitialized"}
    return {"hosts": hosts, "roles": roles, "vms": dict.fromkeys(hosts, (("vm-1", "on"),) * 20)}


@pytest.mark.parametrize("count", [9, 16, 64, 96])
def test_every_host_has_a_tile_with_its_role(count: int) -> None:
    picture = drawn(**many(count), packets=(a_heart("host-10", "host-12"),))
    words = said(layer(picture, "cluster"))
    assert [word for word in words if word.startswith("host-")] == [f"host-{n}" for n in range(10, 10 + count)]
    assert words.count("master") == 1
    assert troubles(picture) == []


def test_hearts_are_counted_out_and_in() -> None:
    picture = drawn(**many(9), packets=(a_heart("host-10", "host-12"), a_heart("host-10", "host-11", lost=True)))
    assert said(layer(picture, "hearts")) == ["2/0", "0/1"]
