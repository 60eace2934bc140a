"""The published timeline: each instant that the documentation gives, compared with the measured one.

This module decides how far an instant may lie from the published one: 0.15 s at speed 1, growing to 0.5 s of protocol
time at speed 10, because what costs real time costs `speed` times as much protocol time. What an instant counts from is
decided in `origin.py`: after a fault that stops heartbeats from the last one that arrived, so no allowance is made for
the heartbeat interval. An instant that counts from a fault of many parts, which takes a while (70 processes 40 ms of
real time to die), counts from any moment of it, for it reached some part then. An instant that is farther off by no
more than the machine was late is unknown: the deviation may come from the protocol or from the processor. So is
one that is in time by a tolerance as wide as what it measures (`pace.py`): at speed 1000 an instant of 18 s could come
at once and be in time.
"""

from __future__ import annotations

import msgspec

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.origin import origin_of
from herzschlag.checkers.pace import begun_ns, latest_s, shortest_s, speed_max, speed_of, tolerance_s
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, finding
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.expectations import OWN, Instant, kind_of_moment, kinds_named, matching, show
from herzschlag.scenarios.expectations import moment as named_moment
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
    blur = _blur(speed, scenario)
    truth = Truth.of(history, scenario)
    details = []
    for index, item in enumerate(scenario.expect.instant):
        found = _measure(item, truth, scenario, speed, late_s)
        if blur and found.verdict == "holds":
            found = msgspec.structs.replace(found, verdict="unknown", because=f"{found.because}; {blur}")
        details.append(msgspec.structs.replace(found, key=f"expect.instant[{index}]", source=item.source))
    what = "published instants" if all(item.source != OWN for item in scenario.expect.instant) else "instants"
    return finding(
        NAME,
        details,
        good=f"{len(details)} {what} within {allowed_s:.2f} s",
        nothing="no instant is expected",
    )


def _blur(speed: float, scenario: Scenario) -> str:
    """Why nothing can be measured at this speed; empty when it can."""
    fastest = speed_max(scenario)
    if fastest is None or speed <= fastest:
        return ""
    return f"that shows nothing of {shortest_s(scenario):g} s: at speed {int(fastest)} or less it would"


def _measure(item: Instant, truth: Truth, scenario: Scenario, speed: float, late_s: float) -> Detail:
    history = truth.history
    allowed_s = tolerance_s(speed)
    low, high = item.range_s
    published_s = (low, high + item.room_s)
    moment = _moment(item, history, scenario)
    if moment is None:
        return Detail(
            name=item.name,
            verdict="unknown",
            because="the moment it counts from never came",
            published_s=published_s,
            allowed_s=allowed_s,
        )
    found = matching(history, item.record, begun_ns(moment))
    if len(found) < item.nth:
        waited_s = (history.end_ns - moment.at_ns) / SECOND
        enough = waited_s > published_s[1] + allowed_s
        return Detail(
            name=item.name,
            verdict="violated" if enough else "unknown",
            because=f"no record {show(item.record)} in {waited_s:.1f} s",
            evidence=(moment.seq,),
            published_s=published_s,
            allowed_s=allowed_s,
            since_ns=moment.at_ns,
        )
    record = found[item.nth - 1]
    origin = origin_of(moment, record, truth, speed)
    measured_s = (record.at_ns - origin.at_ns) / SECOND
    highest = published_s[1]
    deviation_s = measured_s - low if measured_s < low else max(0.0, measured_s - highest)
    if low == highest:
        deviation_s = measured_s - low
    beyond_s = max(deviation_s - origin.later_s, -deviation_s - origin.earlier_s) - allowed_s
    word = "expected" if item.source == OWN else "published"
    because = f"{measured_s:.3f} s{origin.words}, {word} {span(low, highest)} s, allowed {allowed_s:.2f} s either way"
    if abs(deviation_s) > allowed_s and (took_s := origin.earlier_s + origin.later_s):
        because += f" of any moment of the fault, which took {took_s:.2f} s"
    verdict: Verdict = "holds" if beyond_s <= 0 else "violated"
    if 0 < beyond_s <= late_s:
        verdict = "unknown"
        because += f"; timers were up to {late_s:.2f} s late: the machine is too slow to tell"
    return Detail(
        name=item.name,
        verdict=verdict,
        because=because,
        evidence=(moment.seq, record.seq, *([] if origin.heartbeat is None else [origin.heartbeat.seq])),
        published_s=published_s,
        measured_s=measured_s,
        deviation_s=deviation_s,
        allowed_s=allowed_s,
        since_ns=moment.at_ns,
        at_ns=record.at_ns,
    )


def _moment(item: Instant, history: History, scenario: Scenario) -> Record | None:
    """What the scenario counts the instant from."""
    if isinstance(item.after, dict):
        found = matching(history, item.after)
        return found[0] if found else None
    return named_moment(history, item.after or scenario.plain_steps()[0].id)


def span(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


CHECKER = Checker(NAME, _needs, _check)
