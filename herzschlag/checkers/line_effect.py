"""The measured effect of bad lines, compared with what was asked for.

This module decides how far losses, copies, damage and delays may be from the shares and times that a fault asks for: 5
hundredths of all packets, or what chance explains in few of them; a mean delay 5 % and LATE_NS. It leaves counting to
the backends (`faults/line_quality.py` says what), and verdicts to `rules/fault_in_effect.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from herzschlag.history.records import History, Record
from herzschlag.topo.impairments.values import Quality

SHARE_OFF_MAX = 0.05
"""For 1,000 packets and more."""
DEVIATIONS = 4
"""How many standard deviations chance explains: for fewer packets, or for bursts, which count as one event each."""
DELAY_OFF_MAX = 0.05
LATE_NS = 20_000_000
"""The way through a process costs a packet 0.1 ms of real time, which is 5 ms of protocol time at speed 50."""


def told_of_lines(history: History) -> list[tuple[Record, dict[str, int]]]:
    """The records that say what happened on bad lines, with that: of faults still in force at the end, then of those
    that were undone. None where the kernel made them bad."""
    records = (*history.of_kind("counters"), *history.where("fault", phase="end"))
    found = ((record, record.get("line") or (record.get("evidence") or {}).get("line")) for record in records)
    return [(record, line) for record, line in found if line]


def not_as_asked(line: Mapping[str, int], quality: Quality) -> str:
    """What the lines did otherwise than asked for, in words; empty: nothing."""
    sent, lost, left = line["sent"], line["lost"], line["left"]
    if not sent:
        return "no packet met the bad lines"
    passed = sent - lost - line["overflowed"]
    for what, count, of, share in (
        ("lost", lost, sent, quality.loss),
        ("doubled", line["doubled"], passed, quality.duplicate),
        ("damaged", line["damaged"], passed, quality.corrupt),
    ):
        if of and abs(count / of - share) > _allowed(share, of, quality.burst_packets if what == "lost" else 0):
            return f"{count / of:.1%} of {of} packets were {what}, {share:.1%} were asked for"
    asked_ns = mean_delay_ns(quality)
    found_ns = line["delay_mean_ns"]
    few = DEVIATIONS * (quality.jitter_ns + quality.delay_ns) / math.sqrt(left) if left and left < 1000 else 0
    if left and not quality.rate_bit_s and abs(found_ns - asked_ns) > DELAY_OFF_MAX * asked_ns + LATE_NS + few:
        return f"{left} packets took {found_ns / 1e6:.1f} ms on average, {asked_ns / 1e6:.1f} ms were asked for"
    return ""


def _allowed(share: float, packets: int, burst_packets: float) -> float:
    deviation = math.sqrt(share * (1 - share) / packets * (2 * burst_packets or 1))
    return max(SHARE_OFF_MAX, DEVIATIONS * deviation)


def mean_delay_ns(quality: Quality) -> float:
    """Of all packets that pass, those that overtake included."""
    delay_ns, jitter_ns = quality.delay_ns, quality.jitter_ns
    # Delays are even from `delay - jitter` to `delay + jitter`, and those below 0 are 0.
    held_ns = (delay_ns + jitter_ns) ** 2 / (4 * jitter_ns) if jitter_ns > delay_ns else delay_ns
    return (1 - quality.overtaking) * held_ns


def told(line: Mapping[str, int]) -> str:
    """What the lines did, in words."""
    also = [
        f"{line[name]} {name}" for name in ("lost", "overflowed", "doubled", "damaged", "overtook") if line.get(name)
    ]
    late = f"{line['delay_mean_ns'] / 1e6:.1f} ms late on average" if line["left"] else "none left"
    return f"{line['sent']} packets met the bad lines: {', '.join([*also, late])}"
