"""What commands refuse, in German: recognized by its text, and what the user wrote stays as it is."""

from __future__ import annotations

import pytest

from herzschlag.languages import refusals, speaking
from herzschlag.wrong_input import nearest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("speed: is 'a': a number is wanted", "speed: ist 'a': verlangt ist eine Zahl"),
        (
            "my.toml:3: cluster.hosts: is 0.5: a whole number is wanted",
            "my.toml:3: cluster.hosts: ist 0.5: verlangt ist eine ganze Zahl",
        ),
        (
            "CHAPTER: '9' is not a chapter: did you mean 'master'?, or a number from 1 to 6",
            "CHAPTER: '9' ist kein Kapitel: meinten Sie 'master'?, oder eine Zahl von 1 bis 6",
        ),
        (
            "x.toml: cannot be read: Permission denied; check the path",
            "x.toml: lässt sich nicht lesen: keine Berechtigung; prüfen Sie den Pfad",
        ),
        (
            "a.toml:1: steps: is 1: write [[steps]], with double brackets\na.toml:9: unknown key: none is known",
            "a.toml:1: steps: ist 1: schreiben Sie [[steps]], mit doppelten Klammern\n"
            "a.toml:9: unbekannter Schlüssel: bekannt ist nichts",
        ),
        (
            "root@10.0.0.1:22 shows a host key never seen before: SHA256:x; not trusted, nothing was done",
            "root@10.0.0.1:22 zeigt einen unbekannten Hostschlüssel vor: SHA256:x; nicht"
            " angenommen, nichts wurde getan",
        ),
        (
            "lab: a.tar arrived damaged on the remote machine: try again",
            "lab: a.tar kam auf dem anderen Rechner beschädigt an: versuchen Sie es noch einmal",
        ),
        ("what the machine says: no such thing", "what the machine says: no such thing"),
        ("", ""),
    ],
)
def test_a_refusal_is_told_in_german(text: str, said: str) -> None:
    with speaking("de"):
        assert refusals.told(text) == said


def test_english_is_as_it_was_raised() -> None:
    assert refusals.told("speed: is 'a': a number is wanted") == "speed: is 'a': a number is wanted"


def test_a_key_is_no_word_to_translate() -> None:
    """`speed` is Tempo elsewhere: here it is what the user wrote in the file."""
    with speaking("de"):
        assert refusals.told("speed: is 2000: at most 1000").startswith("speed: ist 2000")


def test_what_says_more_is_recognized_first() -> None:
    with speaking("de"):
        said = refusals.told("No such option: --foo (Possible options: --for)")
    assert said == "Eine Option --foo gibt es nicht (möglich: --for)"


def test_known_looks_at_the_end_of_a_line_too() -> None:
    assert refusals.known("file:1: speed: is 'a': a number is wanted")
    assert not refusals.known("something else")


@pytest.mark.parametrize("names", [["isolate"], ["a", "b"], [], [f"{letter}{n}" for letter in "ab" for n in range(40)]])
def test_every_hint_at_a_name_is_known(names: list[str]) -> None:
    assert refusals.known(nearest("isolat", names))
