"""What was measured, drawn: runs an hour and lateness over the number of labs at once, a curve for each speed. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from herzschlag.checkers.pace import tolerance_s
from herzschlag.curves.panels import Panel, picture
from herzschlag.fidelity.loads import Tried, handled


def lasting(tried: Sequence[Tried]) -> list[Tried]:
    """Of each load the attempt that counts, by speed and number of labs: the last that held, or that failed where it is
    too much."""
    latest = {one.load: one for one in tried if one.held == handled(tried, one.load)}
    return sorted(latest.values(), key=lambda one: (one.load.speed, one.load.labs))


def allowed_ms(speed: float) -> float:
    """How late a timer may be for a verdict, real milliseconds."""
    return tolerance_s(speed) / speed * 1e3


def drawn(tried: Sequence[Tried]) -> str:
    """The picture as SVG. A hollow point is a load under which a verdict changed."""
    shown = lasting(tried)
    speeds = sorted({one.load.speed for one in shown})
    failed = {(_name(one.load.speed), float(one.load.labs)) for one in shown if not one.held}
    limits = ", ".join(f"{allowed_ms(speed):.0f}" for speed in speeds)

    def panel(title: str, field: str) -> Panel:
        curves = {
            _name(speed): [
                (float(one.load.labs), float(getattr(one, field))) for one in shown if one.load.speed == speed
            ]
            for speed in speeds
        }
        return Panel(title, curves, failed)

    panels = [panel("runs an hour", "runs_an_hour"), panel(f"latest timer, ms (may be {limits})", "late_ms")]
    return picture(panels, "Runs an hour, and the latest timer, over the number of labs at once", "labs at once")


def _name(speed: float) -> str:
    return f"speed {speed:g}"
