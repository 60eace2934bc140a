"""The clock that people read: what T is, and how an instant is written."""

from __future__ import annotations

import pytest

from herzschlag.history.clock import Clock, told_s
from herzschlag.history.records import SECOND, History, Record

READY = Record(19 * SECOND, 1, "herzschlag", "ready", {"master": "host-99"})
RUN = Record(0, 0, "herzschlag", "run", {})


def fault(at_s: float, seq: int, phase: str = "begin") -> Record:
    return Record(round(at_s * SECOND), seq, "herzschlag", "fault", {"id": "cut", "phase": phase})


def test_t_is_the_first_fault_then_ready_then_the_beginning() -> None:
    assert Clock.of(History([RUN, READY, fault(24, 2), fault(30, 3)])).zero_ns == 24 * SECOND
    assert Clock.of(History([RUN, READY])).zero_ns == 19 * SECOND
    assert Clock.of(History([RUN])).zero_ns == Clock.of(History()).zero_ns == 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(17.994, "T+17.99"), (0.0, "T+0.00"), (-0.001, "T+0.00"), (-5.0, "T-5.00"), (120, "T+120.00")]
)
def test_an_instant_is_seconds_after_t(seconds: float, text: str) -> None:
    assert told_s(seconds) == text


def test_decimals_are_the_callers_choice() -> None:
    assert Clock(10 * SECOND).told(22 * SECOND, 0) == "T+12"
