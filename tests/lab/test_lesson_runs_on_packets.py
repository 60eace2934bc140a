"""The runs of the course's pages on real packets: each that a page lets a pupil start, its exercises among them.

A figure on a page is from virtual time; a class with a lab must get it too, within what the run allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from herzschlag.running.run_file import read_report
from herzschlag.scenarios.from_toml import load_family

pytestmark = pytest.mark.packets
PAGES = sorted((Path(__file__).parents[2] / "docs/lesson/en").glob("[0-9]-*.md"))
STARTED = re.compile(
    r"^herzschlag run ([\w@-]+) --backend simulation$\n(?:grep[^\n]*\n)*```\n+(?:```text\n(.*?)```)?", re.M | re.S
)
FIGURE = re.compile(r"(?:\S+(?: s)? +)?(\d+\.\d\d) +(.+)")


def runs() -> Iterator[tuple[str, str]]:
    """Each command's scenario and what its page says is printed, of a page and of every page once."""
    for page in PAGES:
        yield from STARTED.findall(page.read_text(encoding="utf-8"))


SCENARIOS = list(dict.fromkeys(one.name for name, _ in runs() for one in load_family(name)))


def said(scenario: str) -> list[tuple[float, str]]:
    """Figures of the pages for a scenario, with what they are of; a family's are those of any of its variants."""
    blocks = [text for name, text in runs() if scenario in {one.name for one in load_family(name)}]
    return [(float(figure), what) for text in blocks for figure, what in FIGURE.findall(text)]


def test_every_page_has_runs_and_figures() -> None:
    assert len(PAGES) == 6 and len(SCENARIOS) > 15
    assert {what for scenario in SCENARIOS for _, what in said(scenario)} >= {
        "slave declared dead",
        "the VM on NFS runs",
    }


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_run_of_a_page_shows_its_figures_on_real_packets(scenario: str, packet_run: Callable[[str], Path]) -> None:
    report = read_report(packet_run(scenario))
    assert report.verdict == "holds", report.because
    instants = {one.name: one for one in report.instants}
    for figure, what in said(scenario):
        one = instants.get(what)
        if one is None or one.published_s is None or one.allowed_s is None:
            assert "@" in scenario, f"{what}: no instant of this run"  # of another variant of the family
            continue
        low, high = one.published_s
        within = low - one.allowed_s <= figure <= high + one.allowed_s
        assert within or "@" in scenario, f"{what}: {figure} s on the page, {one.published_s} here"
