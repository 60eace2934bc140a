"""The chapters' files as values: how one is named, and that a question has one answer in each language."""

from __future__ import annotations

import msgspec
import pytest

from herzschlag.lesson.chapter import LANGUAGES, Chapter, InBoth, chapters, find
from herzschlag.wrong_input import InputError


def test_there_are_six_chapters_in_their_order() -> None:
    assert [one.number for one in chapters()] == [1, 2, 3, 4, 5, 6]
    assert [one.name for one in chapters()] == ["normal", "slave", "master", "isolation", "partition", "unsaid"]
    assert all(3 <= len(one.questions) <= 4 for one in chapters())


@pytest.mark.parametrize("wanted", ["4", "isolation"])
def test_a_chapter_is_found_by_number_and_by_name(wanted: str) -> None:
    assert find(wanted).number == 4


def test_a_misspelt_chapter_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"'isolaton' is not a chapter: did you mean 'isolation'.*1 to 6"):
        find("isolaton")


def test_an_answer_reads_in_each_language() -> None:
    number = find("slave").questions[1]
    assert [number.told(language) for language in LANGUAGES] == ["18 s", "18 s"]
    assert find("normal").questions[2].told("de") == "30"
    choice = find("partition").questions[0]
    assert [choice.told(language) for language in LANGUAGES] == ["Zwei", "Two"]
    assert InBoth(de="ja", en="yes").told("de") == "ja"


def test_an_unknown_key_of_a_chapter_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"number": 1, "name": "x", "titel": {}}, Chapter)
