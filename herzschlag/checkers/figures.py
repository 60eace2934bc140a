"""Documented against measured: the figures of an instant as text.

This module decides how a published time reads. Times count from T, the first fault; one that counts from another moment
is a length: `15 s`.
"""

from __future__ import annotations

from herzschlag.checkers.verdict import Detail
from herzschlag.history.clock import Clock


def documented(instant: Detail, zero: Clock) -> str:
    low, high = instant.published_s or (0.0, 0.0)
    span = f"{low:g}" if low == high else f"{low:g}-{high:g}"
    return f"T+{span}" if _from_t(instant, zero) else f"{span} s"


def measured(instant: Detail) -> str:
    return "never" if instant.measured_s is None else f"{instant.measured_s:.2f}"


def happened(instant: Detail, zero: Clock) -> str:
    """`T+9.84`, `3.20 s`, or `never`."""
    if instant.measured_s is None:
        return "never"
    return f"T+{instant.measured_s:.2f}" if _from_t(instant, zero) else f"{instant.measured_s:.2f} s"


def missed(instant: Detail, zero: Clock) -> str:
    """An instant that did not come when it should: what was expected, and what happened."""
    expected = f"expected {documented(instant, zero)}"
    if instant.allowed_s is not None:
        expected += f" ± {instant.allowed_s:.2f}"
    if instant.measured_s is None:
        return f"{expected}, never happened"
    when = f"T+{instant.measured_s:.2f}" if _from_t(instant, zero) else f"after {instant.measured_s:.2f} s"
    return f"{expected}, happened {when}"


def _from_t(instant: Detail, zero: Clock) -> bool:
    return instant.since_ns in (None, zero.zero_ns)
