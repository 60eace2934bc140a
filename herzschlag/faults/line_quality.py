"""Line quality: the combined effect of several impairments of one directed link, which act one after the other.

This module decides it for both backends, which must agree: the share that survives all of them is the product of
the shares that survive each, times add up, and of rates the lowest counts. It leaves carrying them out to the backends.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from herzschlag.faults.primitives import REORDER_HOLD_MS, Impaired
from herzschlag.topo.impairments.line import Counts
from herzschlag.topo.impairments.values import Quality

MILLISECOND = 1_000_000
SHARE_DIGITS = 9


def line_quality(impairments: Sequence[Impaired], speed: float = 1.0) -> Quality:
    """Without any: a perfect line. Times become real ones here: a delay of protocol milliseconds shrinks with `speed`,
    as timers do, and a rate grows."""

    def share(shares: list[float]) -> float:
        return round(1.0 - math.prod(1.0 - one for one in shares), SHARE_DIGITS)

    def real_ns(time_ms: float) -> int:
        return round(time_ms * MILLISECOND / speed)

    delay_ms = sum(one.delay_ms for one in impairments)
    jitter_ms = sum(one.jitter_ms for one in impairments)
    overtaking = share([one.reorder for one in impairments])
    if overtaking and not (delay_ms or jitter_ms):
        # Reordering alone: the packets chosen are held back and all others overtake them.
        delay_ms, overtaking = REORDER_HOLD_MS, round(1 - overtaking, SHARE_DIGITS)
    return Quality(
        loss=share([one.loss for one in impairments]),
        burst_packets=max((one.burst_packets for one in impairments), default=0.0),
        burst_loss=min((one.burst_loss for one in impairments), default=1.0),
        duplicate=share([one.duplicate for one in impairments]),
        corrupt=share([one.corrupt for one in impairments]),
        delay_ns=real_ns(delay_ms),
        jitter_ns=real_ns(jitter_ms),
        overtaking=overtaking,
        rate_bit_s=min((one.rate_kbit_s for one in impairments if one.rate_kbit_s), default=0.0) * 1000 * speed,
    )


def line_effect(lines: Iterable[Counts], speed: float = 1.0) -> dict[str, int]:
    """What happened on the lines of one fault together, with times in protocol time, as records tell it."""
    total = Counts()
    for one in lines:
        total.add(one)
    return {
        **{
            name: getattr(total, name)
            for name in ("sent", "lost", "overflowed", "doubled", "damaged", "overtook", "left")
        },
        "delay_mean_ns": round(total.delay_sum_ns * speed / total.left) if total.left else 0,
        "delay_max_ns": round(total.delay_max_ns * speed),
        "late_max_ns": round(total.late_max_ns * speed),
    }
