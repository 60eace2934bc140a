"""Pace of a run: its speed, the deviation allowed to an instant at that speed, how late its timers and packets were.

This module decides those figures, and from which speed on they show nothing; what follows from them is left to
`rules/timeline.py` and `rules/lateness.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from herzschlag.checkers.line_effect import told_of_lines
from herzschlag.checkers.truth import Truth
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

TOLERANCE_S = 0.15
"""Protocol seconds either way at speed 1."""
TOLERANCE_PER_SPEED_S = 0.35 / 9
"""What each further unit of speed adds: 0.5 s at speed 10."""
SHARE_MAX = 0.2
"""A tolerance beyond this share of the shortest time that is published cannot tell one instant from another."""
SENSIBLE_SPEED = 20.0
"""Above it a user is warned: heartbeats come each 50 ms of real time or less, which a busy machine does not keep up."""


def tolerance_s(speed: float) -> float:
    """Protocol seconds either way."""
    return max(TOLERANCE_S, TOLERANCE_S + (speed - 1) * TOLERANCE_PER_SPEED_S)


def too_early(truth: Truth, began_ns: int, acted_ns: int, least_ns: int) -> bool:
    """Whether someone acted before this time was over, by more than an instant may be off at the run's speed, and by
    clocks and lines with which nothing was wrong in between."""
    slack_ns = round(tolerance_s(speed_of(truth.history)) * SECOND)
    if acted_ns - began_ns >= least_ns - slack_ns:
        return False
    return not any(truth.impaired(segment) for segment in truth.between(began_ns, acted_ns))


def shortest_s(scenario: Scenario) -> float | None:
    """The shortest time that its instants publish; None without one. `at once` sets no scale."""
    return min((low for low, _ in (i.range_s for i in scenario.expect.instant) if low > 0), default=None)


def speed_max(scenario: Scenario) -> float | None:
    """The highest speed at which its instants can be told on real packets; None where it has none."""
    shortest = shortest_s(scenario)
    if shortest is None:
        return None
    return max(1.0, 1 + (SHARE_MAX * shortest - TOLERANCE_S) / TOLERANCE_PER_SPEED_S)


def too_fast(scenario: Scenario, speed: float) -> str:
    """Why real packets at this speed could show nothing, and the way out; empty where they can."""
    highest = speed_max(scenario)
    if highest is None or speed <= highest:
        return ""
    return (
        f"instants may be {tolerance_s(speed):.2f} s off then, which shows nothing of the"
        f" {shortest_s(scenario):g} s of {scenario.name}: choose {int(highest)} or less"
    )


def speed_kept(late_real_s: float) -> float | None:
    """The highest whole speed at which timers as late as this would be in time; None when not even real time is slow
    enough."""
    if late_real_s > TOLERANCE_S:
        return None
    over = late_real_s - TOLERANCE_PER_SPEED_S
    return float("inf") if over <= 0 else max(1.0, float(int((TOLERANCE_S - TOLERANCE_PER_SPEED_S) / over)))


def speed_of(history: History) -> float:
    """As the run record says; the simulation runs in protocol time."""
    runs = history.of_kind("run")
    if not runs or runs[0].get("backend") == "simulation":
        return 1.0
    return float(runs[0].get("speed") or 1.0)


def took_s(origin: Record, speed: float) -> tuple[float, float]:
    """How long a fault took to come into force, before and after its record, protocol seconds; (0, 0) otherwise."""
    if origin.kind != "fault":
        return 0.0, 0.0
    return (origin.at_ns - begun_ns(origin)) / SECOND, float(origin.get("took_ns") or 0) / SECOND * speed


def begun_ns(origin: Record) -> int:
    """When what a record is of began: that of a fault is written when the fault is in force everywhere."""
    asked_ns = origin.get("asked_ns") if origin.kind == "fault" else None
    return min(origin.at_ns, int(asked_ns)) if asked_ns else origin.at_ns


def late_s(record: Record, speed: float) -> float:
    """The latest timer that a record of kind `lateness` reports, protocol seconds."""
    return float(record.get("max_ns") or 0) / SECOND * speed


def latest_s(history: History, scenario: Scenario) -> float:
    """The latest timer of all, or packet that the relay held back for too long, protocol seconds; a host that was
    stopped on purpose wakes up late and is left out."""
    late = [late_line_s(line) for _, line in told_of_lines(history)]
    if told := history.of_kind("lateness"):
        stopped, speed = stood_still(history, scenario), speed_of(history)
        late += [late_s(record, speed) for record in told if not excused(record, stopped)]
    return max(late, default=0.0)


def late_line_s(line: Mapping[str, int]) -> float:
    """How much later than its line asked for a packet left the relay, at most, protocol seconds."""
    return line.get("late_max_ns", 0) / SECOND


def stood_still(history: History, scenario: Scenario) -> dict[str, int]:
    """Nodes whose timers prove nothing from some instant on: frozen, without power, or by a wrong clock."""
    since_ns: dict[str, int] = {}
    for span in Truth.of(history, scenario).spans:
        for condition in span.primitives:
            match condition:
                case p.Frozen(host=node) | p.ClockOff(host=node) | p.PowerOff(node=node):
                    since_ns[node] = min(span.begin_ns, since_ns.get(node, span.begin_ns))
                case _:
                    pass
    return since_ns


def excused(record: Record, stopped: dict[str, int]) -> bool:
    """Whether a late timer is what the scenario made of that node."""
    return record.node in stopped and record.at_ns >= stopped[record.node]
