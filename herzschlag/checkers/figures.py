"""Documented against measured: the figures of an instant as text.

This module decides how a published time reads. Times count from T, the first fault; one that counts from another moment
is a length: `15 s`.
"""

from __future__ import annotations

from herzschlag.checkers.verdict import Detail
from herzschlag.history.clock import Clock
from herzschlag.languages import gettext, number


def documented(instant: Detail, zero: Clock) -> str:
    low, high = instant.published_s or (0.0, 0.0)
    span = number(low) if low == high else f"{number(low)}-{number(high)}"
    return f"T+{span}" if _from_t(instant, zero) else f"{span} s"


def measured(instant: Detail) -> str:
    return gettext("never") if instant.measured_s is None else number(instant.measured_s, ".2f")


def happened(instant: Detail, zero: Clock) -> str:
    """`T+9.84`, `3.20 s`, or `never`."""
    if instant.measured_s is None:
        return gettext("never")
    measured_s = number(instant.measured_s, ".2f")
    return f"T+{measured_s}" if _from_t(instant, zero) else f"{measured_s} s"


def missed(instant: Detail, zero: Clock) -> str:
    """An instant that did not come when it should: what was expected, and what happened."""
    expected = documented(instant, zero)
    if instant.allowed_s is not None:
        expected += f" ± {number(instant.allowed_s, '.2f')}"
    if instant.measured_s is None:
        return gettext("expected {expected}, never happened", expected=expected)
    measured_s = number(instant.measured_s, ".2f")
    when = f"T+{measured_s}" if _from_t(instant, zero) else gettext("after {seconds} s", seconds=measured_s)
    return gettext("expected {expected}, happened {when}", expected=expected, when=when)


def _from_t(instant: Detail, zero: Clock) -> bool:
    return instant.since_ns in (None, zero.zero_ns)
