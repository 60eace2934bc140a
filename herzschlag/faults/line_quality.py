"""Line quality: the combined effect of several impairments of one directed link, which act one after the other.

This module decides it for both backends, which must agree: the share that survives all of them is the product of
the shares that survive each, and times add up. It leaves carrying them out to the backends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from herzschlag.faults.primitives import Impaired


class LineQuality(NamedTuple):
    """Shares lie between 0 and 1, times are milliseconds of protocol time."""

    loss: float
    duplicate: float
    reorder: float
    delay_ms: float
    jitter_ms: float


def line_quality(impairments: Sequence[Impaired]) -> LineQuality:
    """Without any: a perfect line."""

    def share(shares: list[float]) -> float:
        return 1.0 - math.prod(1.0 - one for one in shares)

    return LineQuality(
        loss=share([one.loss for one in impairments]),
        duplicate=share([one.duplicate for one in impairments]),
        reorder=share([one.reorder for one in impairments]),
        delay_ms=sum(one.delay_ms for one in impairments),
        jitter_ms=sum(one.jitter_ms for one in impairments),
    )
