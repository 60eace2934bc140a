"""Texts with names in them, recognized as they were filled in."""

from __future__ import annotations

from herzschlag.languages.patterns import patterns


def told(text: str, *texts: str) -> tuple[str, dict[str, str]] | None:
    for one in patterns(texts):
        if text.startswith(one.start) and (found := one.match.fullmatch(text)):
            return one.text, found.groupdict()
    return None


def test_what_was_put_for_a_name_is_found() -> None:
    assert told("no heartbeat for 3 s", "no heartbeat for {seconds} s") == (
        "no heartbeat for {seconds} s",
        {"seconds": "3"},
    )
    assert told("no heartbeat", "no heartbeat for {seconds} s") is None


def test_signs_of_regular_expressions_are_letters_and_a_name_may_have_several_lines() -> None:
    assert told("(a.b)?: c\nd", "(a.b)?: {what}") == ("(a.b)?: {what}", {"what": "c\nd"})
    assert told("(axb)?: c", "(a.b)?: {what}") is None


def test_the_text_that_says_most_is_tried_first_and_each_once() -> None:
    vague, exact = "{name} is gone", "the host {name} is gone"
    assert told("the host host-98 is gone", vague, exact) == (exact, {"name": "host-98"})
    assert [one.text for one in patterns((vague, exact, vague))] == [exact, vague]
