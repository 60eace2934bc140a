"""What the lab tells the relay: few words however many lines are alike."""

from __future__ import annotations

import msgspec

from herzschlag.topo.impairments.relay_messages import Request, Set, set_message
from herzschlag.topo.impairments.values import PERFECT, Course, Flap, Quality, Stage, always


def test_lines_of_like_quality_are_named_together_and_arrive_as_they_were() -> None:
    bad, worst = always(Quality(loss=0.2)), Quality(loss=0.5, burst_packets=3, rate_bit_s=1000, delay_ns=5)
    worse = Course((Stage(0, PERFECT), Stage(7, worst)), Flap(10, 0.5, random=True, name="one"))
    message = set_message("host-98", "A", {"host-99": bad, "gateway": worse, "host-100": bad})
    told = msgspec.json.decode(message, type=Request)
    assert told == Set("host-98", "A", [(bad, ["host-99", "host-100"]), (worse, ["gateway"])])


def test_no_bad_line_is_a_message_as_well() -> None:
    assert msgspec.json.decode(set_message("host-98", "A", {}), type=Request) == Set("host-98", "A", [])
