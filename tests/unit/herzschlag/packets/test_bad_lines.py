"""Bad lines by the capture, which sees what passed them, and on another network what did not."""

from __future__ import annotations

from typing import Any

from herzschlag.checkers.truth import Span
from herzschlag.faults import primitives as p
from herzschlag.history.records import Record
from herzschlag.packets.bad_lines import lines_of
from herzschlag.packets.passages import Passage

BEGIN = Record(0, 0, "herzschlag", "fault", {})


class Numbered:
    """What is read of a message."""

    def __init__(self, sequence: int) -> None:
        self.boot, self.sequence = 1, sequence


def packet(network: str, sequence: int, at_ns: int, delay_ns: int = 2_000_000, left: bool = True) -> Passage:
    message: Any = Numbered(sequence)
    return Passage(
        network,
        "host-98",
        "host-99",
        "Heartbeat",
        1,
        at_ns,
        at_ns if left else None,
        delay_ns if left else None,
        message,
    )


def span(*networks: str) -> Span:
    return Span("bad", 100, 200, tuple(p.Impaired(n, "host-98", "host-99", loss=0.5) for n in networks), BEGIN, 1)


def test_what_came_on_another_network_alone_was_lost_on_this_one() -> None:
    packets = [packet("B", number, 100 + number) for number in range(10)]
    packets += [packet("A", number, 100 + number, number * 1_000_000) for number in (1, 4, 7)]
    packets += [packet("A", 50, 99), packet("B", 51, 200), packet("A", 8, 120, left=False)]
    (line,) = lines_of(span("A"), packets, ("A", "B"))
    assert (line.sent, line.arrived, line.at_least, line.delays_ms) == (10, 3, False, (1.0, 4.0, 7.0))
    assert round(line.lost_share, 3) == 0.7


def test_with_all_networks_bad_only_the_least_is_known() -> None:
    packets = [packet("A", 1, 110), packet("B", 2, 120)]
    assert [(line.sent, line.arrived, line.at_least) for line in lines_of(span("A", "B"), packets, ("A", "B"))] == [
        (2, 1, True),
        (2, 1, True),
    ]


def test_a_line_without_packets_has_no_share() -> None:
    (line,) = lines_of(span("A"), [], ("A",))
    assert (line.sent, line.lost_share, line.at_least) == (0, 0.0, True)
