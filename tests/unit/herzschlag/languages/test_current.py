"""One language for a process, another for a block; a thread speaks the process's."""

from __future__ import annotations

import threading

import pytest

from herzschlag.languages import current, speaking, use


def test_a_block_speaks_its_own_and_ends_also_by_an_error() -> None:
    assert current() == "en"
    with pytest.raises(ValueError), speaking("de"):
        assert current() == "de"
        with speaking("en"):
            assert current() == "en"
        raise ValueError
    assert current() == "en"


def test_a_thread_speaks_the_language_of_the_process() -> None:
    """The board of a run is drawn by one: it would speak English in a German terminal."""
    use("de")
    heard: list[str] = []
    with speaking("en"):
        thread = threading.Thread(target=lambda: heard.append(current()))
        thread.start()
        thread.join()
    assert heard == ["de"]
