"""Line quality: the combined effect of several impairments of one directed link, which act one after the other.

This module decides it for both backends, which must agree: the share that survives all of them is the product of
the shares that survive each, times add up, and of rates the lowest counts. It leaves carrying them out to the backends.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from herzschlag.faults.primitives import REORDER_HOLD_MS, Impaired, Primitive
from herzschlag.topo.impairments.line import Counts
from herzschlag.topo.impairments.values import STAGES_MAX, Course, Flap, Quality, Stage

MILLISECOND = 1_000_000
SECOND = 1_000_000_000
STAGE_S = 1.0
"""A ramp is a stair of steps as long as a heartbeat interval: packets come between two of them."""
GRAIN_S = 0.25
"""Lines that flap at random do so at multiples of this."""
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


def varies(impaired: Impaired) -> bool:
    """Whether it changes by itself while it is in force."""
    return bool(impaired.to or impaired.flap_period_s)


class BadLine(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """Packets of a node on a network that a scenario is going to impair."""

    src: str
    network: str
    beyond_kernel: bool
    """Also a kernel with netem cannot do all of it."""


def bad_lines(conditions: Iterable[Primitive]) -> tuple[BadLine, ...]:
    """What these conditions impair, each node and network once."""
    found: dict[tuple[str, str], bool] = {}
    for one in conditions:
        if isinstance(one, Impaired):
            line = (one.src, one.network)
            found[line] = found.get(line, False) or varies(one) or not line_quality([one]).kernel_can
    return tuple(BadLine(src, network, beyond) for (src, network), beyond in sorted(found.items()))


def line_course(impairments: Sequence[Impaired], speed: float = 1.0) -> Course:
    """The course of a line under all of these; `flap` is the first one's that flaps."""
    return _course(tuple(msgspec.structs.replace(one, network="", src="", dst="") for one in impairments), speed)


@lru_cache(maxsize=256)
def _course(impairments: tuple[Impaired, ...], speed: float) -> Course:
    """Worked out once for all links alike: a ramp of a minute takes half a millisecond."""
    times_s = sorted({0.0, *(at_s for one in impairments for at_s in _times_s(one))})
    stages: list[Stage] = []
    for at_s in times_s:
        quality = line_quality([_at(one, at_s) for one in impairments], speed)
        if not stages or quality != stages[-1].quality:
            stages.append(Stage(round(at_s * SECOND / speed), quality))
    flapping = next((one for one in impairments if one.flap_period_s), None)
    if flapping is None:
        return Course(tuple(stages))
    flap = Flap(
        period_ns=round(flapping.flap_period_s * SECOND / speed),
        down=flapping.flap_down,
        random=flapping.flap_random,
        grain_ns=round(GRAIN_S * SECOND / speed),
        name=flapping.flap_name,
    )
    return Course(tuple(stages), flap)


def _times_s(one: Impaired) -> list[float]:
    """When its ramp takes a step."""
    if not one.to:
        return []
    steps = min(STAGES_MAX - 1, max(1, math.ceil(one.over_s / STAGE_S)))
    return [one.over_s * step / steps for step in range(1, steps + 1)]


def _at(one: Impaired, at_s: float) -> Impaired:
    if not one.to:
        return one
    share = min(1.0, at_s / one.over_s)
    values = {name: getattr(one, name) + share * (end - getattr(one, name)) for name, end in one.to}
    return msgspec.structs.replace(one, to=(), over_s=0.0, **values)


def line_effect(lines: Iterable[Counts], speed: float = 1.0) -> dict[str, int]:
    """What happened on the lines of one fault together, with times in protocol time, as records tell it."""
    total = Counts()
    for one in lines:
        total.add(one)
    passed = total.sent - total.lost - total.overflowed
    return {
        **{
            name: getattr(total, name)
            for name in ("sent", "lost", "overflowed", "down", "doubled", "damaged", "overtook", "left")
        },
        "asked_lost": round(total.asked_lost),
        "asked_delay_mean_ns": round(total.asked_delay_ns * speed / passed) if passed else 0,
        "delay_mean_ns": round(total.delay_sum_ns * speed / total.left) if total.left else 0,
        "delay_max_ns": round(total.delay_max_ns * speed),
        "late_max_ns": round(total.late_max_ns * speed),
    }
