"""The watch over the switches: answers are timed, and one that does not come is told before it comes."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from herzschlag.topo.lab.switch_watch import ASK_EVERY_NS, NOTABLE_NS, SwitchWatch
from tests.support.waiting import until

HEADER = struct.Struct("!BBHI")
HELLO, ECHO_REQUEST, ECHO_REPLY = 0, 2, 3


class FakeSwitch:
    """A bridge's management socket that answers while `works` is set."""

    def __init__(self, path: Path) -> None:
        self.works = threading.Event()
        self.works.set()
        self.heard: list[int] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        line, _ = self._server.accept()
        with line, suppress(OSError):  # the watch has left
            line.sendall(HEADER.pack(5, HELLO, 8, 1) + HEADER.pack(5, ECHO_REQUEST, 12, 77) + b"ping")
            while data := line.recv(HEADER.size):
                _, kind, length, number = HEADER.unpack(data)
                rest = line.recv(length - HEADER.size) if length > HEADER.size else b""
                self.heard.append(kind)
                self.works.wait()
                if kind == ECHO_REQUEST:
                    line.sendall(HEADER.pack(5, ECHO_REPLY, 8, number))
                assert kind != ECHO_REPLY or (number, rest) == (77, b"ping")

    def close(self) -> None:
        self.works.set()
        self._thread.join()
        self._server.close()


class Watched:
    def __init__(self, path: Path) -> None:
        self.switch = FakeSwitch(path)
        self.told: list[int] = []
        self.watch = SwitchWatch(path, lambda late_ns, _: self.told.append(late_ns))

    def asked(self) -> int:
        return self.switch.heard.count(ECHO_REQUEST)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.chdir(tmp_path)  # paths of sockets must be short
    made = Watched(Path("sA"))
    yield made
    made.watch.stop()
    made.switch.close()


def test_the_switch_is_asked_again_and_again_and_answers_are_timed(watched: Watched) -> None:
    until(lambda: watched.asked() > 5 and len(watched.told) > 4, "it is asked, and answers are told")
    assert watched.switch.heard[0] == HELLO
    assert ECHO_REPLY in watched.switch.heard


def test_a_switch_that_stands_still_is_told_while_it_does(watched: Watched) -> None:
    until(lambda: len(watched.told) > 4, "it works")
    watched.switch.works.clear()
    until(lambda: max(watched.told) > 40 * NOTABLE_NS, "it is overdue, and told more than once")
    assert sum(late_ns > NOTABLE_NS for late_ns in watched.told) < 12, "each time only when late by a factor more"
    seen_ns = max(watched.told)
    watched.switch.works.set()
    until(lambda: max(watched.told) > seen_ns, "the answer tells how late it was in all")
    before = watched.asked()
    until(lambda: watched.asked() > before, "it is asked again")


def test_what_an_answer_does_not_show_of_a_standstill_is_added(watched: Watched) -> None:
    until(lambda: len(watched.told) > 4, "it works")
    watched.switch.works.clear()
    until(lambda: max(watched.told) > NOTABLE_NS, "it is overdue")
    assert max(watched.told) >= NOTABLE_NS + ASK_EVERY_NS // 2


def test_what_is_overdue_at_the_end_is_told(watched: Watched) -> None:
    until(lambda: len(watched.told) > 4, "it works")
    watched.switch.works.clear()
    # Far above a slow answer on a busy machine: it would be told as well, and nothing be overdue after it.
    until(lambda: max(watched.told) > 40 * NOTABLE_NS, "it is overdue")
    before = max(watched.told)
    watched.watch.tell_overdue()
    assert max(watched.told) > before
