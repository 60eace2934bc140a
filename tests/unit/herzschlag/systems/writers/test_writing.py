"""The lines of a writer, and the reading that waits for what is still on its way."""

from __future__ import annotations

import pytest

from herzschlag.systems.writers.writing import STABLE_S, Refusal, one_write, read, said_of


class Fake:
    """A system that answers as it is told, and whose keys arrive one reading after the other."""

    def __init__(self, *readings: list[str], fails: Exception | None = None) -> None:
        self.fails = fails
        self.readings = list(readings)
        self.written: list[str] = []

    def put(self, key: str, value: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.written.append(key)

    def keys(self, prefix: str) -> list[str]:
        assert prefix == "written:"
        return self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]


def test_a_line_says_what_the_client_was_told() -> None:
    system = Fake()
    assert one_write(system, "host-98", 7) == "acknowledged 7"
    assert system.written == ["written:host-98:7"]
    assert one_write(Fake(fails=Refusal("READONLY\nno")), "host-98", 8) == "refused 8 READONLY no"
    assert one_write(Fake(fails=TimeoutError("timed out")), "host-98", 9) == "unanswered 9 TimeoutError: timed out"


def test_the_reading_waits_until_nothing_comes_any_more(capsys: pytest.CaptureFixture[str]) -> None:
    paused: list[float] = []
    first, both = ["written:host-98:7"], ["written:host-98:7", "written:host-99:7"]
    read(Fake(first, both, both), paused.append)
    assert capsys.readouterr().out == "host-98 7\nhost-99 7\nall 2\n"
    assert paused == [STABLE_S, STABLE_S]


def test_nothing_at_all_is_an_answer_too() -> None:
    assert said_of([]) == ["all 0"]
