"""Packets on the links that carried them: out at the sender, in at the receiver, lost ones at the sender alone."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from herzschlag.pictures.instant import Packet
from herzschlag.report.plans import Plan, sheet
from tests.support.pictures import HOSTS, SVG, a_heart, drawn, layer, said

PLAN = sheet(HOSTS, ("A", "B"), 2)
ARROW = re.compile(r"M([\d.]+) [\d.]+v(-?\d+)")


def ways(layer: ElementTree.Element) -> list[tuple[str, str, str, str]]:
    """Of each arrow: the node and network of its link, on which side it is, and where it points."""
    assert isinstance(PLAN, Plan)
    found = []
    for path in layer.iter(f"{SVG}path"):
        if not (arrow := ARROW.match(path.attrib["d"])):
            continue
        x = float(arrow[1])
        links = [(abs(PLAN.link_x(node, net) - x), node, net) for node in PLAN.places for net in ("A", "B")]
        _, node, network = min(links)
        side = "left" if x < PLAN.link_x(node, network) else "right"
        found.append((node, network, side, "up" if arrow[2].startswith("-") else "down"))
    return found


def test_a_heart_goes_up_at_its_sender_and_down_at_its_receiver() -> None:
    hearts = layer(drawn(packets=(a_heart(),)), "hearts")
    assert ways(hearts) == [("host-98", "A", "left", "up"), ("host-99", "A", "right", "down")]


def test_a_lost_heart_never_comes_in() -> None:
    picture = drawn(packets=(a_heart(lost=True, network="B"),))
    assert ways(layer(picture, "hearts")) == [("host-98", "B", "left", "up")]
    assert "heartbeat, lost" in said(layer(picture, "legend"))
    assert "heartbeat" not in said(layer(picture, "legend"))


def test_a_report_goes_up_at_the_host_and_up_at_vcenter() -> None:
    report = Packet("Report", "A", "host-100", "vcenter", False)
    assert ways(layer(drawn(packets=(report,)), "reports")) == [
        ("host-100", "A", "left", "up"),
        ("vcenter", "A", "right", "up"),
    ]


def test_several_on_one_way_are_one_sign_with_their_number() -> None:
    both = (a_heart("host-99", "host-98"), a_heart("host-99", "host-100"))
    hearts = layer(drawn(packets=both), "hearts")
    assert len(ways(hearts)) == 3
    assert said(hearts) == ["2"]


def test_each_kind_is_in_its_layer_and_an_empty_layer_is_there() -> None:
    picture = drawn(packets=(Packet("Election", "A", "host-98", "host-100", False),))
    assert len(ways(layer(picture, "election"))) == 2
    assert ways(layer(picture, "hearts")) == []
