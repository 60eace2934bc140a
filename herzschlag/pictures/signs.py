"""Signs of a picture, each told from the others by its shape alone, so that a black-and-white print says the same.

This module decides how hearts and other packets, roles, locks and cuts look. A sign is some 18 units wide, around the
point that is given.
"""

from __future__ import annotations

from herzschlag.pictures.svg import DIM, INK, PAPER, Drawing

HEART = "M0-2.2C-2.6-7.6-9-5.6-8.4-.4-7.9 4-2.6 6.6 0 9.4 2.6 6.6 7.9 4 8.4-.4 9-5.6 2.6-7.6 0-2.2Z"
CRACK = "M0-2.2l-2.6 3 4.4 1.6-2.2 6.6"
RED, GREEN, BLUE, OCHRE, VIOLET = "#c40d2e", "#1b6e3c", "#1d4f91", "#8a5a00", "#5b3a8c"
_CROSSED = "M-9 9L9-9"


def packet(drawing: Drawing, kind: str, x: float, y: float, *, lost: bool, scale: float = 1) -> None:
    """A packet on its way, by the name of its message; one that was lost is hollow and broken."""
    with drawing.group(transform=f"translate({x:.1f} {y:.1f}) scale({scale:g})"):
        match kind:
            case "Heartbeat":
                drawing.path(HEART, fill=PAPER if lost else RED, stroke=RED)
                if lost:
                    drawing.path(CRACK, stroke=RED)
                return
            case "Ping":  # a ring that goes out
                drawing.add("circle", cx=0, cy=0, r=7.5, fill=PAPER, stroke=BLUE, stroke_width=1.8)
                drawing.add("circle", cx=0, cy=0, r=2.6, fill=BLUE)
            case "HostPing":  # the same to a house: a host
                drawing.path("M-7 7.5V-2L0-8.5 7-2V7.5Z", fill=PAPER, stroke=BLUE, width=1.8)
                drawing.add("circle", cx=0, cy=1.5, r=2.6, fill=BLUE)
            case "Pong":  # and comes back
                drawing.add("circle", cx=0, cy=0, r=7.5, fill=BLUE, stroke=BLUE, stroke_width=1.8)
                drawing.add("circle", cx=0, cy=0, r=3, fill=PAPER)
            case "Election":  # a ballot
                drawing.path("M0-9L9 0 0 9-9 0Z", fill=PAPER, stroke=OCHRE, width=1.8)
                drawing.path("M-3.6 0l2.6 3 4.6-6", stroke=OCHRE, width=2)
            case "RestartOrder" | "RestartResult":  # a VM that is to start, or did
                drawing.path("M-8-8H8V8H-8Z", fill=PAPER, stroke=GREEN, width=1.8)
                drawing.path("M-3-4.5L5 0-3 4.5Z", fill=GREEN if kind == "RestartOrder" else PAPER, stroke=GREEN)
            case _:  # a letter to vCenter
                drawing.path("M-9-6.5H9V6.5H-9Z", fill=PAPER, stroke=VIOLET, width=1.8)
                drawing.path("M-9-6.5L0 1 9-6.5", stroke=VIOLET, width=1.8)
        if lost:
            drawing.path(_CROSSED, stroke=PAPER, width=4)
            drawing.path(_CROSSED, stroke=INK, width=1.8)


def arrow(drawing: Drawing, x: float, y: float, *, up: bool) -> None:
    """Where a packet goes."""
    tip = -1 if up else 1
    drawing.path(f"M{x:.1f} {y - 7 * tip:.1f}v{14 * tip}m-3.5 {-5 * tip}l3.5 {5 * tip} 3.5 {-5 * tip}", width=1.8)


def cross(drawing: Drawing, x: float, y: float, *, half: bool = False) -> None:
    """A line is cut here; `half`: for some."""
    drawing.add("circle", cx=x, cy=y, r=11, fill=PAPER, stroke=INK, stroke_width=1.5)
    drawing.path(f"M{x - 5.5:.1f} {y + 5.5:.1f}l11-11" + ("" if half else "m-11 0l11 11"), stroke=RED, width=3.4)


def lock(drawing: Drawing, x: float, y: float, *, left: bool) -> None:
    """A padlock; that of a holder without power is hollow."""
    with drawing.group(transform=f"translate({x:.1f} {y:.1f})"):
        drawing.path("M-3.2-1v-2.6a3.2 3.2 0 0 1 6.4 0V-1", width=1.5)
        drawing.path("M-5-1H5V6H-5Z", fill=PAPER if left else INK, width=1.3)


def pulse(drawing: Drawing, x: float, y: float, *, beats: bool) -> None:
    """A place in the heartbeat region: its host writes, or no longer does."""
    drawing.path(f"M{x - 9:.1f} {y - 7:.1f}h18v14h-18z", fill=PAPER, stroke=INK if beats else DIM, width=1.2)
    line = "m-7 1h3.5l2-4.5 2.6 8 2-3.5h4" if beats else "m-6 0h12"
    drawing.path(f"M{x:.1f} {y:.1f}{line}", stroke=RED if beats else DIM, width=1.7)


def role(drawing: Drawing, name: str, x: float, y: float, fill: str) -> None:
    """What a host is; drawn in the colour that its text has."""
    with drawing.group(transform=f"translate({x:.1f} {y:.1f})"):
        match name:
            case "master":
                drawing.path(
                    "M0-7L2 -2.2 7-1.8 3.2 1.6 4.4 6.6 0 3.9-4.4 6.6-3.2 1.6-7-1.8-2-2.2Z", fill=fill, stroke="none"
                )
            case "slave":
                drawing.add("circle", cx=0, cy=0, r=4.6, fill=fill)
            case "election":
                drawing.path("M0-6.5L6.5 0 0 6.5-6.5 0Z", fill=fill, stroke="none")
            case "isolated":
                drawing.add("circle", cx=0, cy=0, r=5.4, fill="none", stroke=fill, stroke_width=1.8)
                drawing.path("M-4 4L4-4", stroke=fill, width=1.8)
            case "off":
                drawing.path("M-5-5L5 5M-5 5L5-5", stroke=fill, width=2.2)
            case "frozen":
                drawing.path("M-2.5-5V5M2.5-5V5", stroke=fill, width=2.4)
            case "agent-down":
                drawing.path("M-6-4.5H6L0 5.5Z", stroke=fill, width=1.6)
            case _:
                drawing.path("M-5 0h.1M0 0h.1M5 0h.1", stroke=fill, width=2.6)


def vm(drawing: Drawing, state: str, x: float, y: float) -> None:
    match state:
        case "starting":
            drawing.path(f"M{x:.1f} {y - 5:.1f}l9 5-9 5z", fill=PAPER, width=1.4)
        case "stopping":
            drawing.path(f"M{x:.1f} {y - 4.5:.1f}h9v9h-9z", fill=PAPER, width=1.4)
        case _:
            drawing.path(f"M{x:.1f} {y - 5:.1f}l9 5-9 5z", fill=INK, width=1.4)
