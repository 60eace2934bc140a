"""What a wrong clock does to a host: when its clock stands still, and how long the cluster is restless after a leap.

A host's clock never runs backwards (decision 16): set back, it stands still until the time that it had shown is
reached again, and all its timers with it, so that it renews its locks later by that time. Set ahead, every timer is due
at once: a master may declare itself isolated at that instant. No document says what the modelled system does then, so
nothing is asked of timers until an election and its joins would be over.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from herzschlag.agents.settings import SECOND

UNREST_NS = 45 * SECOND
"""An election of 15 s, the 10 s before it and after it, and a join."""


class ClockSpan(msgspec.Struct, frozen=True):
    """A host's clock is ahead of the right time (below 0: behind) from begin to end, true nanoseconds."""

    host: str
    begin_ns: int
    end_ns: int
    offset_ns: int


class Window(msgspec.Struct, frozen=True):
    host: str
    begin_ns: int
    end_ns: int


class Leap(msgspec.Struct, frozen=True):
    host: str
    at_ns: int
    by_ns: int


class WrongClocks(msgspec.Struct, frozen=True):
    stalls: tuple[Window, ...] = ()
    """A host's clock stands still."""
    unrest: tuple[Window, ...] = ()
    """Its clock was set or began to run again lately."""
    leaps: tuple[Leap, ...] = ()
    """It was set ahead at that instant."""

    def changes(self) -> set[int]:
        """The instants at which any of this begins or ends."""
        return {at_ns for window in (*self.stalls, *self.unrest) for at_ns in (window.begin_ns, window.end_ns)}


def wrong_clocks(spans: Iterable[ClockSpan]) -> WrongClocks:
    """From the faults of clocks; offsets that are in force together add up."""
    stalls: list[Window] = []
    unrest: list[Window] = []
    leaps: list[Leap] = []
    spans = list(spans)
    for host in sorted({span.host for span in spans}):
        own = [span for span in spans if span.host == host]
        changes = sorted({at_ns for span in own for at_ns in (span.begin_ns, span.end_ns)})
        shown_ns = offset_ns = 0
        for number, at_ns in enumerate(changes):
            shown_ns = max(shown_ns, at_ns + offset_ns)
            offset_ns = sum(span.offset_ns for span in own if span.begin_ns <= at_ns < span.end_ns)
            if at_ns + offset_ns > shown_ns:
                leaps.append(Leap(host, at_ns, at_ns + offset_ns - shown_ns))
            again_ns = shown_ns - offset_ns
            following_ns = changes[number + 1] if number + 1 < len(changes) else again_ns
            if again_ns > at_ns:
                stalls.append(Window(host, at_ns, min(again_ns, max(following_ns, at_ns))))
            unrest.append(Window(host, at_ns, max(at_ns, again_ns) + UNREST_NS))
    return WrongClocks(tuple(stalls), tuple(unrest), tuple(leaps))
