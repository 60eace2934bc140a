"""What a history must show of a statement of the teaching text, on either backend."""

from __future__ import annotations

from statements import Statement

from herzschlag.checkers.pace import speed_of, tolerance_s
from herzschlag.history.clock import Clock
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.expectations import Matcher, matching, moment, show


def wrong(one: Statement, history: History) -> list[str]:
    """What the page says of this statement and the run does not show."""
    found = []
    for wanted in one.shows:
        records = matching(history, fields(wanted))
        if not records:
            found.append(f"no record {show(fields(wanted))}")
        elif "at_s" in wanted:
            zero_ns = Clock.of(history).zero_ns
            first_s = next((r.at_ns - zero_ns for r in records if r.at_ns >= zero_ns), records[-1].at_ns) / SECOND
            if abs(first_s - float(str(wanted["at_s"]))) > tolerance_s(speed_of(history)):
                found.append(f"{show(fields(wanted))} comes at T{first_s:.2f}")
    for unwanted in one.never:
        begin = moment(history, str(unwanted.get("after", "ready")))
        if begin is None:
            found.append(f"the moment {unwanted.get('after', 'ready')!r} never came")
        elif matching(history, fields(unwanted), begin.at_ns + 1):
            found.append(f"there is {show(fields(unwanted))}")
    return found


def without(history: History, gone: set[int]) -> History:
    return history.without(lambda record: record.seq in gone)


def fields(matcher: Matcher) -> Matcher:
    return {name: value for name, value in matcher.items() if name not in ("at_s", "after")}
