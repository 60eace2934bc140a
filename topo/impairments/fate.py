"""The fate of one packet on a bad line, decided by the seed, the line and the packet's number alone: pure.

This module decides which packets are lost, doubled, damaged or late. The relay of real packets and the simulation both
ask it, so a repeat of a run treats the same packets in the same way, and so does the simulation of it. It leaves queues
and counters to `line.py`.

Losses in bursts follow Gilbert and Elliott: a line is good or bad, it changes its state from packet to packet, and
only a bad line loses packets. To know the state at one packet without walking there from the first, one draw decides
for both states: below `turns_bad` the line is bad whatever it was, above `1 - turns_good` it is good whatever it was,
and in between it stays as it was. So a look back ends at the last draw that decided.

Sources: E. N. Gilbert, Capacity of a Burst-Noise Channel (1960); E. O. Elliott, Estimates of Error Rates (1963).
"""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple

from herzschlag.topo.impairments.values import Quality
from herzschlag.topo.spec import DirectedLink

_DRAWS = struct.Struct("<9I28x")
_DIGEST_BYTES = _DRAWS.size
_WHOLE = 2**32
_LOSS, _STATE, _DOUBLE, _DAMAGE, _WHERE = range(5)
_COPIES_AT = (5, 7)
"""Where the draws of each copy are: whether it overtakes, and its jitter."""


class Fate(NamedTuple):
    delays_ns: tuple[int, ...] = ()
    """The delay of each copy that gets through; none: the packet is lost."""
    damaged_at: float | None = None
    """One bit is flipped there, as a share of the way through the packet; None: it stays whole."""
    overtook: bool = False
    bad: bool = False
    """The state of a line that loses packets in bursts."""


def line_key(seed: int, link: DirectedLink) -> bytes:
    return f"{seed}/{'/'.join(link)}/".encode()


def fate(key: bytes, number: int, quality: Quality, before: bool | None = None) -> Fate:
    """What happens to packet `number` (from 0) of the line with this `line_key`. `before`: whether the line was bad at
    the packet before, for callers who know it; it saves the look back."""
    draws = _drawn(key, number)
    bad = False
    if quality.burst_packets:
        bad = _is_bad(key, number, quality, draws[_STATE], before)
        lost = bad and draws[_LOSS] < quality.burst_loss
    else:
        lost = draws[_LOSS] < quality.loss
    if lost:
        return Fate(bad=bad)
    copies = 2 if draws[_DOUBLE] < quality.duplicate else 1
    overtakes = [draws[at] < quality.overtaking for at in _COPIES_AT[:copies]]
    return Fate(
        tuple(
            0 if overtaking else _delay_ns(quality, draws[at + 1])
            for overtaking, at in zip(overtakes, _COPIES_AT, strict=False)
        ),
        draws[_WHERE] if draws[_DAMAGE] < quality.corrupt else None,
        overtakes[0],
        bad,
    )


def _drawn(key: bytes, number: int) -> tuple[float, ...]:
    """Nine numbers from 0 to below 1, the same for the same packet whatever its line does to it: a packet that is lost
    at a share of 0.1 is lost at 0.2 as well."""
    digest = hashlib.blake2b(key + b"%d" % number, digest_size=_DIGEST_BYTES).digest()
    return tuple(word / _WHOLE for word in _DRAWS.unpack(digest))


def _delay_ns(quality: Quality, draw: float) -> int:
    return max(0, quality.delay_ns + round((2 * draw - 1) * quality.jitter_ns))


def _is_bad(key: bytes, number: int, quality: Quality, draw: float, before: bool | None) -> bool:
    turns_bad, turns_good = quality.turns
    while turns_bad <= draw < 1 - turns_good:  # it stays as it was
        if before is not None and number:
            return before
        if not number:
            return draw < quality.bad_share
        number -= 1
        draw = _drawn(key, number)[_STATE]
        before = None
    return draw < turns_bad
