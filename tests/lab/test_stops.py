"""A process of the harness, or of a host, that stands still for a while: the protocol is never blamed for it, and what
it did is never hidden by it.

`make stops` plays the whole table of docs/reliability.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.plugin.places import Place
from tests.support.stops import Stop, play


@pytest.mark.packets(own_places=True)
@pytest.mark.parametrize(
    ("stop", "verdicts"),
    [
        (Stop("ovs-vswitchd", "before", 0.8), {"unknown"}),
        (Stop("ovs-vswitchd", "during", 2.0), {"unknown"}),
        (Stop("ovs-vswitchd", "starting", 2.0), {"holds", "unknown"}),
        (Stop("agent", "before", 2.0), {"unknown"}),  # of the host that loses power while its agent stands still
        (Stop("agent", "after", 2.0), {"unknown"}),
        (Stop("controller", "during", 2.0), {"holds", "unknown"}),
        (Stop("recorder", "during", 2.0), {"holds", "unknown"}),
        (Stop("controller", "during", 2.0, false=True), {"violated", "unknown"}),
        (Stop("hypervisor", "during", 2.0, false=True), {"violated", "unknown"}),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, Stop) else "",
)
def test_a_stop_is_never_a_violation_and_hides_none(stop: Stop, verdicts: set[str], tmp_path: Path) -> None:
    with Place.wait():
        ended = play(stop, tmp_path)
    assert ended.found, f"no {stop.victim} was there to be stopped"
    assert ended.verdict in verdicts, ended.because
