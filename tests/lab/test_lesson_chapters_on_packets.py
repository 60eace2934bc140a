"""The answers of lesson mode on real packets: what is told in virtual time is also so on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from herzschlag.lesson import playing, proof, view
from herzschlag.lesson.chapter import Chapter, Scene, chapters
from herzschlag.lesson.playing import Runs
from herzschlag.plugin.places import Place

pytestmark = pytest.mark.packets
SPEED = 10.0
PLAYED = "two-hosts@master-dies"
"""By lesson mode itself; other tests look at the other runs, too."""
SCENES = [(chapter, number) for chapter in chapters() for number in range(1, len(chapter.scene) + 1)]
SCENARIOS = list(dict.fromkeys(chapter.scene[number - 1].scenario for chapter, number in SCENES))


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    made = Runs("mininet", speed=SPEED, seed=1)
    yield made
    made.close()


def of(scenario: str) -> list[tuple[Chapter, int, Scene]]:
    found = [(chapter, number, chapter.scene[number - 1]) for chapter, number in SCENES]
    return [one for one in found if one[2].scenario == scenario]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_chapters_answers_are_what_real_packets_show(
    scenario: str, runs: Runs, packet_run: Callable[[str], Path]
) -> None:
    if scenario == PLAYED:
        with Place.wait():
            played = runs.of(scenario)
    else:
        played = playing.read(scenario, packet_run(scenario))
    assert played.file.verdict == "holds", played.file.because
    for chapter, number, scene in of(scenario):
        for question in scene.question:
            assert proof.wrong(played, scene, question) == [], question.ask.en
        for line in scene.happened:
            record = proof.record_of(played, scene, line.record)
            assert record is not None and proof.is_on_time(played, line.record, record), line.says.en
        shown = view.place(chapter, number, True, played)
        assert len(shown.wire) == len(scene.wire)
        assert len(shown.moments) == len(scene.happened) + 1
