"""A whole sheet: its title, its clock, its layers, and nothing on top of anything else."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from herzschlag.pictures.layers import Layer
from herzschlag.pictures.sheet import svg
from tests.support.pictures import SVG, a_heart, an_instant, drawn, layer, said, troubles

LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"


def test_a_sheet_is_a4_and_says_title_faults_and_clock() -> None:
    picture = drawn(title="A slave is isolated: VMs off after 60 s", faults=((15.2, "host-98 is cut off"), (3.0, "b")))
    assert (picture.attrib["width"], picture.attrib["height"]) == ("297mm", "210mm")
    assert said(layer(picture, "clock")) == ["T+45.2 s"]
    assert {"A slave is isolated", "VMs off after 60 s", "host-98 is cut off; b"} <= set(said(picture))


def test_every_layer_is_a_group_with_a_name_and_a_title() -> None:
    picture = drawn(packets=(a_heart(),))
    groups = {group.attrib["id"]: group for group in picture.findall(f"{SVG}g")}
    assert set(Layer) <= set(groups)
    assert all(group.attrib[LABEL] == group.findtext(f"{SVG}title") for group in groups.values())


@pytest.mark.parametrize("gone", list(Layer))
def test_a_layer_that_is_not_wanted_is_not_there(gone: Layer) -> None:
    now = an_instant(packets=(a_heart(),))
    wanted = [one for one in Layer if one is not gone]
    picture = ElementTree.fromstring(svg(now, title="", faults=(), wanted=wanted))
    assert picture.find(f"{SVG}g[@id='{gone}']") is None
    assert troubles(picture) == []
    if gone is Layer.HEARTS:
        assert "heartbeat" not in said(layer(picture, "legend"))


def test_a_run_without_packets_says_so() -> None:
    words = " ".join(said(drawn(missing="This run has no packet capture")))
    assert "Without packets: this run has no packet capture. T: the first fault" in words


def test_a_sheet_to_draw_packets_on_does_not_speak_of_any() -> None:
    picture = ElementTree.fromstring(svg(an_instant(), title="", faults=(), wanted=[Layer.VMS]))
    assert said(picture)[-1] == "T: the first fault; without one, when the cluster was ready."


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 8])
def test_nothing_overlaps_whatever_number_of_hosts(count: int) -> None:
    hosts = tuple(f"host-{number}" for number in range(98, 98 + count))
    packets = tuple(
        a_heart(one, other, network=network, lost=lost)
        for one in hosts for other in hosts for network in ("A", "B") for lost in (False, True) if one != other
    )  # fmt: skip
    for how in ("ok", "cut", "down", "out", "in", "part"):
        picture = drawn(
            hosts=hosts,
            roles=dict.fromkeys(hosts, "uninitialized"),
            vms={host: tuple((f"vm-{host}-{n}", "stopping") for n in range(9)) for host in hosts},
            vms_most=9,
            links={f"{network}|{host}": how for network in ("A", "B") for host in hosts},
            beliefs=dict.fromkeys(hosts, (("host-98", "networkPartitionedFromMaster"), ("host-99", "hostDown"))),
            storage_lost=tuple((host, "vmfs-1") for host in hosts),
            faults=((1.0, "a very long fault " * 20),),
            title="A very long title: " * 9,
            packets=packets,
        )
        assert troubles(picture) == []
