"""Stretches of a run in which something was so without a break: what must happen in time is counted from their begin.

This module decides which segments belong together, and that nothing is asked where lines are bad, a clock is wrong, or
hosts disagree on who rests: there no bound is published. What must have happened by when is left to the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from herzschlag.checkers.pace import speed_of, tolerance_s
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND


def stretches(truth: Truth, fits: Callable[[Segment], bool]) -> Iterator[tuple[int, int]]:
    """From when to when, nanoseconds: each as long as possible, from ready on."""
    ready = truth.history.of_kind("ready")
    if not ready:
        return
    begin_ns: int | None = None
    for segment in truth.segments:
        good = not truth.impaired(segment) and fits(segment)
        if good and begin_ns is None:
            begin_ns = max(segment.begin_ns, ready[0].at_ns)
        elif not good and begin_ns is not None:
            if segment.begin_ns > begin_ns:
                yield begin_ns, segment.begin_ns
            begin_ns = None
    if begin_ns is not None and truth.end_ns > begin_ns:
        yield begin_ns, truth.end_ns


def lasted(truth: Truth, begin_ns: int, end_ns: int, fits: Callable[[Segment], bool]) -> bool:
    """Whether it was so all the time between, and the run went on until then."""
    if end_ns > truth.end_ns:
        return False
    return all(not truth.impaired(segment) and fits(segment) for segment in truth.between(begin_ns, end_ns))


def between_faults(truth: Truth, at_ns: int) -> Segment:
    """The instant in which faults had ended and others had not begun yet: a host that thaws speaks in it."""
    active = (span.primitives for span in truth.spans if span.begin_ns < at_ns < span.end_ns)
    return Segment(at_ns, at_ns, p.combined(active))


def slack_ns(truth: Truth) -> int:
    """How far an instant may be off at the run's speed."""
    return round(tolerance_s(speed_of(truth.history)) * SECOND)


def own_agent_lives(truth: Truth, host: str, segment: Segment) -> bool:
    """Whether the host's agent works and is not just started again by its watchdog."""
    return truth.agent_works(host, segment) and p.AgentDown(host, True) not in segment.conditions
