"""Printed pictures read back: their layers, their texts with the room that each takes, and hand-written instants."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree

from herzschlag.pictures.instant import Instant, Packet
from herzschlag.pictures.sheet import svg
from herzschlag.pictures.svg import width_of
from herzschlag.report.plans import SHEET_HEIGHT, SHEET_WIDTH
from herzschlag.topo.spec import DatastoreSpec

SVG = "{http://www.w3.org/2000/svg}"
HOSTS = ("host-98", "host-99", "host-100")


class Text(NamedTuple):
    """A line of text, and the box that it fills in the widest font."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def an_instant(**changes: object) -> Instant:
    """Three hosts in good order, with one VM each; `changes` are fields of it."""
    fields: dict[str, object] = {
        "title": "By hand",
        "seconds": 45.2,
        "virtual": True,
        "hosts": HOSTS,
        "networks": ("A", "B"),
        "datastores": (DatastoreSpec(name="vmfs-1", kind="vmfs"),),
        "vms_most": 2,
        "roles": {"host-98": "slave", "host-99": "master", "host-100": "slave"},
        "vms": {host: ((f"vm-{host}", "on"),) for host in HOSTS},
        "beliefs": {},
        "links": {},
        "impaired": frozenset(),
        "groups": {},
        "storage_lost": (),
        "gateway": "",
        "vcenter": "",
        "beating": frozenset(),
        "silent": frozenset(),
        "locks": (),
        "packets": (),
        "missing": "",
        "faults": (),
    }
    return Instant(**{**fields, **changes})  # type: ignore[arg-type]


def a_heart(source: str = "host-98", destination: str = "host-99", *, network: str = "A", lost: bool = False) -> Packet:
    return Packet("Heartbeat", network, source, destination, lost)


def drawn(**changes: object) -> ElementTree.Element:
    """The picture of such an instant, in English."""
    now = an_instant(**changes)
    return ElementTree.fromstring(svg(now, title=now.title, faults=tuple(about for _, about in now.faults)))


def layer(picture: ElementTree.Element, name: str) -> ElementTree.Element:
    found = picture.find(f"{SVG}g[@id='{name}']")
    assert found is not None, f"no layer {name}"
    return found


def texts(element: ElementTree.Element) -> list[Text]:
    """Texts are never inside a moved group, so that their places are what they say."""
    found = []
    for one in element.iter(f"{SVG}text"):
        text, size = one.text or "", float(one.attrib["font-size"])
        x, y, width = (
            float(one.attrib["x"]),
            float(one.attrib["y"]),
            width_of(text, size, bold="font-weight" in one.attrib),
        )
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[one.attrib.get("text-anchor", "start")]
        found.append(Text(text, left, y - size * 0.75, left + width, y + size * 0.22))
    return found


def said(element: ElementTree.Element) -> list[str]:
    return [one.text for one in texts(element)]


def troubles(picture: ElementTree.Element) -> list[str]:
    """Texts that leave the page, and pairs that are on top of each other."""
    found = texts(picture)
    outside = [
        f"{one.text!r} leaves the page"
        for one in found
        if one.left < 0 or one.top < 0 or one.right > SHEET_WIDTH or one.bottom > SHEET_HEIGHT
    ]
    over = [
        f"{a.text!r} and {b.text!r} overlap"
        for a, b in combinations(found, 2)
        if a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom
    ]
    return outside + over
