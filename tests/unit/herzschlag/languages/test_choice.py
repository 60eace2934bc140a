"""The language that a user gets without asking for it."""

from __future__ import annotations

import pytest

from herzschlag.languages.choice import by_header, by_locale


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de"}, "de"),
        ({"LANG": "de_AT@euro"}, "de"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "en_US.UTF-8", "LC_ALL": "de_CH.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": ""}, "de"),
        ({"LANG": "default"}, "en"),
    ],
)
def test_the_first_variable_of_the_locale_decides(environment: dict[str, str], language: str) -> None:
    assert by_locale(environment) == language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-US,en;q=0.9,de;q=0.8", "en"),
        ("fr, de-CH;q=0.8", "de"),
        ("en;q=0.3, de; q=0.7", "de"),
        ("de;q=0, en", "en"),
        ("de;q=x", "en"),
        ("*", "en"),
    ],
)
def test_the_browser_ranks_its_languages(header: str, language: str) -> None:
    assert by_header(header) == language
