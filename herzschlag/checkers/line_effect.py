"""The measured effect of bad lines, compared with what was asked for.

This module decides how far losses, copies, damage and delays may be from the shares and times that a fault asks for: 5
hundredths of all packets, or what chance explains in few of them; a mean delay 5 % and LATE_NS. It leaves counting to
the backends (`faults/line_quality.py` says what), and verdicts to `rules/fault_in_effect.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from herzschlag.history.records import History, Record
from herzschlag.topo.impairments.values import Course, Quality

SHARE_OFF_MAX = 0.05
"""For 1,000 packets and more."""
DEVIATIONS = 4
"""How many standard deviations chance explains: for fewer packets, or for bursts, which count as one event each."""
DELAY_OFF_MAX = 0.05
COURSE_OFF_MAX = 0.15
"""How far the mean of what a changing line asked of its packets may be from the mean over time: they come unevenly."""
RANDOM_OFF = 0.3
"""Standard deviation of a time that is even between half and one and a half of its mean, as a share of that."""
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
    asked_ns = quality.mean_delay_ns
    found_ns = line["delay_mean_ns"]
    few = DEVIATIONS * (quality.jitter_ns + quality.delay_ns) / math.sqrt(left) if left and left < 1000 else 0
    if left and not quality.rate_bit_s and abs(found_ns - asked_ns) > DELAY_OFF_MAX * asked_ns + LATE_NS + few:
        return f"{left} packets took {found_ns / 1e6:.1f} ms on average, {asked_ns / 1e6:.1f} ms were asked for"
    return ""


def not_on_course(line: Mapping[str, int], course: Course, length_ns: int, hosts: int) -> str:
    """The same for a line whose quality changes by itself, and was in force for `length_ns`; empty: nothing. What
    became of packets is compared with what their line asked when they came, and this with the course. `hosts`: of the
    cluster."""
    sent, lost, left = line["sent"], line["lost"], line["left"]
    if not sent:
        return "no packet met the bad lines"
    share, of_course = line["asked_lost"] / sent, _mean_loss(course, length_ns)
    bursts = max(stage.quality.burst_packets for stage in course.stages)
    # What was asked of each packet adds up to whole packets: one of them may be missing.
    if abs(lost / sent - share) > _allowed(min(1.0, share + 1 / sent), sent, bursts):
        return f"{lost / sent:.1%} of {sent} packets were lost, {share:.1%} were asked for when they came"
    chance = DEVIATIONS * math.sqrt(of_course * (1 - of_course) / sent)
    least, most = of_course - COURSE_OFF_MAX, max(of_course + COURSE_OFF_MAX, _met_down(course, hosts))
    off = _uneven(course, length_ns) + chance
    if not least - off <= share <= most + off:
        return f"{share:.1%} of {sent} packets were to be lost when they came, {of_course:.1%} by the times asked for"
    if course.flap is not None and length_ns >= 2 * course.flap.period_ns and not 0 < line["down"] < sent:
        return f"{line['down']} of {sent} packets met the flapping lines while they were down"
    if not left or any(stage.quality.rate_bit_s for stage in course.stages):
        return ""
    asked_ns, found_ns = line["asked_delay_mean_ns"], line["delay_mean_ns"]
    widest_ns = max(stage.quality.delay_ns + stage.quality.jitter_ns for stage in course.stages)
    few = DEVIATIONS * widest_ns / math.sqrt(left) if left < 1000 else 0
    if abs(found_ns - asked_ns) > DELAY_OFF_MAX * asked_ns + LATE_NS + few:
        return f"{left} packets took {found_ns / 1e6:.1f} ms on average, {asked_ns / 1e6:.1f} ms were asked for"
    by_course_ns = _mean_delay_ns(course, length_ns)
    if abs(asked_ns - by_course_ns) > COURSE_OFF_MAX * widest_ns + LATE_NS + few:
        return f"{asked_ns / 1e6:.1f} ms were asked of packets on average, {by_course_ns / 1e6:.1f} ms by the times"
    return ""


def _lengths(course: Course, length_ns: int) -> list[tuple[int, Quality]]:
    """How long each stage lasts of the time."""
    ends = [*(stage.at_ns for stage in course.stages[1:]), length_ns]
    return [
        (max(0, min(end, length_ns) - min(stage.at_ns, length_ns)), stage.quality)
        for stage, end in zip(course.stages, ends, strict=True)
    ]


def _mean_loss(course: Course, length_ns: int) -> float:
    up = sum(lasts * quality.loss for lasts, quality in _lengths(course, length_ns)) / length_ns
    down = course.flap.down if course.flap is not None else 0.0
    return down + (1 - down) * up


def _mean_delay_ns(course: Course, length_ns: int) -> float:
    passing = [(lasts * (1 - quality.loss), quality.mean_delay_ns) for lasts, quality in _lengths(course, length_ns)]
    whole = sum(weight for weight, _ in passing)
    return sum(weight * delay_ns for weight, delay_ns in passing) / whole if whole else 0.0


def _met_down(course: Course, hosts: int) -> float:
    """The largest share of packets that may meet flapping lines while they are down: a host that hears no other sends
    to all of them, a slave to its master alone (fact sheet 2)."""
    down = course.flap.down if course.flap is not None else 0.0
    return down * (hosts - 1) / (down * (hosts - 1) + 1 - down)


def _uneven(course: Course, length_ns: int) -> float:
    """How far the share of time that a flapping line is down may be from what is asked of it: a period is not over, and
    random ones differ."""
    if course.flap is None:
        return 0.0
    periods = length_ns / course.flap.period_ns
    return 1 / periods + (DEVIATIONS * RANDOM_OFF / math.sqrt(periods) if course.flap.random else 0.0)


def _allowed(share: float, packets: int, burst_packets: float) -> float:
    deviation = math.sqrt(share * (1 - share) / packets * (2 * burst_packets or 1))
    return max(SHARE_OFF_MAX, DEVIATIONS * deviation)


WORDS = {"down": "of them while they were down"}


def told(line: Mapping[str, int]) -> str:
    """What the lines did, in words."""
    names = ("lost", "down", "overflowed", "doubled", "damaged", "overtook")
    also = [f"{line[name]} {WORDS.get(name, name)}" for name in names if line.get(name)]
    late = f"{line['delay_mean_ns'] / 1e6:.1f} ms late on average" if line["left"] else "none left"
    return f"{line['sent']} packets met the bad lines: {', '.join([*also, late])}"
