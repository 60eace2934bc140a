"""The chapters of lesson mode: every answer is what the records of its run show, and nothing is shown before its time.

A pupil who predicted right and is told otherwise would learn what is not so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from herzschlag.history.records import SECOND
from herzschlag.lesson import proof, view
from herzschlag.lesson.chapter import Chapter, Question, Scene, chapters
from herzschlag.report.model import Model
from tests.support.lessons import of as played

SCENES = [(chapter, number) for chapter in chapters() for number in range(1, len(chapter.scene) + 1)]
ASKED = [(scene, one) for chapter in chapters() for scene in chapter.scene for one in scene.question]
by_scene = pytest.mark.parametrize(("chapter", "number"), SCENES, ids=lambda one: getattr(one, "name", one))
by_question = pytest.mark.parametrize(("scene", "question"), ASKED, ids=lambda one: getattr(one, "scenario", "asks"))


@by_question
def test_the_right_answer_is_what_the_run_shows(scene: Scene, question: Question) -> None:
    assert proof.wrong(played(scene.scenario), scene, question) == []


@by_question
def test_another_answer_is_not(scene: Scene, question: Question) -> None:
    if question.number is not None:
        other = msgspec.structs.replace(question, number=question.number + 3)
        assert proof.wrong(played(scene.scenario), scene, other)
        return
    right = next(index for index, choice in enumerate(question.choices) if choice.right)
    for index in range(len(question.choices)):
        if index != right:
            turned = tuple(
                msgspec.structs.replace(choice, right=at == index) for at, choice in enumerate(question.choices)
            )
            other = msgspec.structs.replace(question, choices=turned)
            assert proof.wrong(played(scene.scenario), scene, other), question.choices[index].en


@by_question
def test_a_question_has_one_right_answer_and_every_choice_claims_something(scene: Scene, question: Question) -> None:
    if question.number is None:
        assert [choice.right for choice in question.choices].count(True) == 1
        assert all(proof.claims(choice) for choice in question.choices)
    else:
        assert not question.choices
        assert bool(question.shows) != bool(question.packets)
    assert question.ask.de.endswith("?") and question.ask.en.endswith("?")


@by_scene
def test_what_happened_is_in_the_run_at_its_second(chapter: Chapter, number: int) -> None:
    scene = chapter.scene[number - 1]
    run = played(scene.scenario)
    assert run.file.verdict == "holds"
    for line in scene.happened:
        record = proof.record_of(run, scene, line.record)
        assert record is not None, line.says.en
        assert proof.is_on_time(run, line.record, record), line.says.en
    assert scene.wire
    for wire in scene.wire:
        assert proof.packets_of(run, scene, wire.packet), wire.says.en


def test_a_line_that_comes_a_second_too_late_is_found() -> None:
    scene = chapters()[1].scene[1]
    run, line = played(scene.scenario), scene.happened[0]
    late = run.model.history.__class__.ordered(
        [msgspec.structs.replace(r, at_ns=r.at_ns + SECOND * (r.kind == "host-state")) for r in run.model.history]
    )
    model = Model(msgspec.structs.replace(run.model.run, history=late))
    record = proof.record_of(
        msgspec.structs.replace(run, model=model), msgspec.structs.replace(scene, until_s=25), line.record
    )
    assert record is not None
    assert not proof.is_on_time(msgspec.structs.replace(run, model=model), line.record, record)


@by_scene
def test_scenes_of_one_scenario_follow_each_other(chapter: Chapter, number: int) -> None:
    scene = chapter.scene[number - 1]
    assert scene.from_s < scene.until_s <= played(scene.scenario).model.end_s
    before = [one for one in chapter.scene[: number - 1] if one.scenario == scene.scenario]
    assert all(one.until_s <= scene.from_s for one in before)


@by_scene
def test_before_its_questions_a_scene_shows_nothing_that_comes_later(chapter: Chapter, number: int) -> None:
    scene = chapter.scene[number - 1]
    run = played(scene.scenario)
    place = view.place(chapter, number, False, run)
    assert not place.answers and not place.wire
    told = msgspec.to_builtins(place)
    assert max(instants(told["picture"])) <= scene.from_s + 1
    assert max(instants(told["moments"])) <= scene.from_s
    everything = msgspec.json.encode(place).decode()
    for line in scene.happened:
        assert line.says.en not in everything
    for question in scene.question:
        assert question.why.en not in everything


def instants(value: Any) -> Iterator[float]:
    """Every number in the data of a picture but counts and places."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("plans", "vm_rows", "datastores"):
                yield from instants(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from instants(inner)
    yield -1e9
