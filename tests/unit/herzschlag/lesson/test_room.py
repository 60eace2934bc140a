"""The class room: everyone sees the same place, each in its language, and it moves by requests alone."""

from __future__ import annotations

from typing import Any

import msgspec

from herzschlag.lesson import messages as m
from herzschlag.lesson.chapter import find
from herzschlag.lesson.playing import NothingToShow, Played, Runs
from herzschlag.lesson.room import Room, known
from tests.support.lessons import Prepared


class Listener:
    def __init__(self, room: Room, key: int, language: str = "en", acts: bool = True) -> None:
        self.news: list[dict[str, Any]] = []
        room.listen(key, known(language), acts, lambda data: self.news.append(msgspec.json.decode(data)))

    @property
    def place(self) -> dict[str, Any]:
        return [one for one in self.news if one["news"] == "place"][-1]


def a_room(runs: Runs | None = None) -> Room:
    room = Room(find("slave"), runs or Prepared())
    room.open(find("slave"))
    room.wait()
    return room


def test_time_goes_on_for_everyone_each_in_its_language() -> None:
    room = a_room()
    teacher, pupil = Listener(room, 1), Listener(room, 2, "de", acts=False)
    assert [one["news"] for one in pupil.news] == ["course", "place"]
    assert (teacher.news[0]["acts"], pupil.news[0]["acts"]) == (True, False)
    assert room.ask(m.Go(2, 1)) == ""
    assert teacher.place["phase"] == pupil.place["phase"] == "told"
    assert (teacher.place["title"], pupil.place["title"]) == ("A slave fails", "Ausfall eines Slaves")


def test_a_request_about_another_place_changes_nothing() -> None:
    """A second click comes when the scene has moved on already."""
    room = a_room()
    teacher = Listener(room, 1)
    room.ask(m.Open(2, 2))
    assert room.ask(m.Go(2, 1)) == ""
    assert (teacher.place["phase"], teacher.place["scene"]) == ("ask", 2)


def test_a_scene_that_does_not_exist_is_refused() -> None:
    room = a_room()
    for command in (m.Open(7), m.Open(2, 4), m.Open(2, 0)):
        assert "no such scene" in room.ask(command)


def test_a_browser_that_joins_late_gets_the_present_place() -> None:
    room = a_room()
    room.ask(m.Go(2, 1))
    assert Listener(room, 3).place["phase"] == "told"


def test_a_browser_that_has_left_hears_nothing() -> None:
    room = a_room()
    gone = Listener(room, 1)
    room.forget(1)
    room.ask(m.Go(2, 1))
    assert gone.place["phase"] == "ask"


class Broken(Runs):
    def of(self, scenario: str) -> Played:
        raise NothingToShow("no power")


def test_a_run_that_cannot_be_had_is_said() -> None:
    room = a_room(Broken("simulation"))
    place = Listener(room, 1).place
    assert (place["phase"], place["because"]) == ("failed", "There is nothing to show: no power")
    assert room.ask(m.Go(2, 1)) == "The run is not over yet."


def test_an_unknown_language_is_english() -> None:
    assert (known("de"), known("fr")) == ("de", "en")
