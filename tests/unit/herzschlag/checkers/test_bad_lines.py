"""How much a bad line may lose."""

from __future__ import annotations

import msgspec
import pytest

from herzschlag.checkers.bad_lines import loses
from herzschlag.checkers.segments import Segment
from herzschlag.faults import primitives as p

LINE = p.Impaired(network="A", src="host-98", dst="host-99")


def of(*conditions: p.Impaired) -> float:
    return loses("host-98", "host-99", "A", Segment(0, 1, frozenset(conditions)))


@pytest.mark.parametrize(
    ("bad", "share"),
    [
        ({"loss": 0.3}, 0.3),
        ({"corrupt": 0.2}, 0.2),
        ({"delay_ms": 100.0, "duplicate": 1.0}, 0.0),
        ({"loss": 0.1, "to": (("loss", 0.9),)}, 0.9),
        ({"burst_packets": 4.0, "burst_loss": 0.7}, 0.7),
        ({"burst_loss": 0.7}, 0.0),
        ({"flap_period_s": 10.0}, 1.0),
    ],
)
def test_the_most_that_it_loses_at_any_time(bad: dict[str, object], share: float) -> None:
    assert of(msgspec.structs.replace(LINE, **bad)) == share


def test_other_lines_do_not_count_and_of_several_faults_the_worst_does() -> None:
    back = p.Impaired(network="A", src="host-99", dst="host-98", loss=1.0)
    other = p.Impaired(network="B", src="host-98", dst="host-99", loss=1.0)
    assert of(back, other) == 0.0
    assert of(*(msgspec.structs.replace(LINE, loss=loss) for loss in (0.1, 0.4)), back) == 0.4
