"""The statements of the teaching text on real packets: those of its four pictures' own situations.

A course that is true in virtual time alone would fail a class that looks at packets.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import statements as pages

from herzschlag.history.records import read_history
from herzschlag.running.run_file import HISTORY_FILE, read_report
from tests.support.lesson import wrong

pytestmark = pytest.mark.packets


@pytest.mark.parametrize("scenario", ["normal", "slave-failure", "master-failure", "isolation"])
def test_the_statements_of_a_picture_are_shown_on_real_packets(
    scenario: str, packet_run: Callable[[str], Path]
) -> None:
    directory = packet_run(scenario)
    report = read_report(directory)
    assert report.verdict == "holds", report.because
    history = read_history(directory / HISTORY_FILE)
    concerned = [one for one in pages.statements() if one.scenario == scenario]
    assert len(concerned) >= 5
    assert {one.number: said for one in concerned if (said := wrong(one, history))} == {}
