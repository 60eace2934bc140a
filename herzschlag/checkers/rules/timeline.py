"""The published timeline: each instant that the documentation gives, compared with the measured one.

This module decides how far an instant may lie from the published one: 0.15 s at speed 1, growing to 0.5 s of protocol
time at speed 10, because what costs real time costs `speed` times as much protocol time. A fault is set off right after
a heartbeat, as in the published timelines, so no allowance is made for the heartbeat interval. A fault of many parts
takes a while, 70 processes 40 ms of real time to die: an instant counts from any moment of it, for it reached some part
then. An instant that is farther off by no more than the machine was late is unknown: the deviation may come
from the protocol or from the processor.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.pace import latest_s, speed_of, tolerance_s, took_s
from herzschlag.checkers.verdict import Detail, Finding, Verdict, finding
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.expectations import OWN, Instant, kind_of_moment, kinds_named, matching, moment, show
from herzschlag.scenarios.model import Scenario

NAME = "timeline"


def _needs(scenario: Scenario) -> tuple[str, ...]:
    """Kinds of record that its instants are measured by."""
    instants = scenario.expect.instant
    matchers = [item.record for item in instants] + [item.after for item in instants if isinstance(item.after, dict)]
    return (*kinds_named(matchers), *(kind_of_moment(item.after) for item in instants if isinstance(item.after, str)))


def _check(history: History, scenario: Scenario) -> Finding:
    """Measure every instant of the scenario."""
    speed = speed_of(history)
    allowed_s = tolerance_s(speed)
    late_s = latest_s(history, scenario)
    details = [_measure(item, history, scenario, speed, late_s) for item in scenario.expect.instant]
    what = "published instants" if all(item.source != OWN for item in scenario.expect.instant) else "instants"
    return finding(NAME, details, good=f"{len(details)} {what} within {allowed_s:.2f} s")


def _measure(item: Instant, history: History, scenario: Scenario, speed: float, late_s: float) -> Detail:
    allowed_s = tolerance_s(speed)
    low, high = item.range_s
    published_s = (low, high + item.room_s)
    origin = _origin(item, history, scenario)
    if origin is None:
        return Detail(
            name=item.name,
            verdict="unknown",
            because="the moment it counts from never came",
            published_s=published_s,
            source=item.source,
        )
    found = matching(history, item.record, origin.at_ns)
    if len(found) < item.nth:
        waited_s = (history.end_ns - origin.at_ns) / SECOND
        enough = waited_s > published_s[1] + allowed_s
        return Detail(
            name=item.name,
            verdict="violated" if enough else "unknown",
            because=f"no record {show(item.record)} in {waited_s:.1f} s",
            evidence=(origin.seq,),
            published_s=published_s,
            source=item.source,
        )
    record = found[item.nth - 1]
    measured_s = (record.at_ns - origin.at_ns) / SECOND
    highest = published_s[1]
    deviation_s = measured_s - low if measured_s < low else max(0.0, measured_s - highest)
    if low == highest:
        deviation_s = measured_s - low
    earlier_s, later_s = took_s(origin, speed)
    beyond_s = max(deviation_s - later_s, -deviation_s - earlier_s) - allowed_s
    word = "expected" if item.source == OWN else "published"
    because = f"{measured_s:.3f} s, {word} {span(low, highest)} s, allowed {allowed_s:.2f} s either way"
    if abs(deviation_s) > allowed_s and earlier_s + later_s:
        because += f" of any moment of the fault, which took {earlier_s + later_s:.2f} s"
    verdict: Verdict = "holds" if beyond_s <= 0 else "violated"
    if 0 < beyond_s <= late_s:
        verdict = "unknown"
        because += f"; timers were up to {late_s:.2f} s late: the machine is too slow to tell"
    return Detail(
        name=item.name,
        verdict=verdict,
        because=because,
        evidence=(origin.seq, record.seq),
        published_s=published_s,
        measured_s=measured_s,
        deviation_s=deviation_s,
        source=item.source,
    )


def _origin(item: Instant, history: History, scenario: Scenario) -> Record | None:
    if isinstance(item.after, dict):
        found = matching(history, item.after)
        return found[0] if found else None
    return moment(history, item.after or scenario.plain_steps()[0].id)


def span(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


CHECKER = Checker(NAME, _needs, _check)
