"""The watch over the switches: answers are timed, and one that does not come is told before it comes."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from herzschlag.topo.lab.switch_watch import NOTABLE_NS, SwitchWatch
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
    def __init__(self, folder: Path) -> None:
        self.switches = {network: FakeSwitch(folder / network) for network in ("A", "B")}
        self.told: list[tuple[str, int]] = []
        paths = {network: folder / network for network in self.switches}
        self.watch = SwitchWatch(paths, lambda network, took_ns, _: self.told.append((network, took_ns)))

    def longest_ns(self, network: str) -> int:
        return max((took_ns for name, took_ns in self.told if name == network), default=0)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.chdir(tmp_path)  # paths of sockets must be short
    made = Watched(Path())
    yield made
    made.watch.stop()
    for switch in made.switches.values():
        switch.close()


def test_every_switch_is_asked_again_and_again_and_answers_are_timed(watched: Watched) -> None:
    until(lambda: all(s.heard.count(ECHO_REQUEST) > 5 for s in watched.switches.values()), "both are asked")
    until(lambda: {network for network, _ in watched.told} == {"A", "B"}, "answers are told")
    assert all(s.heard[0] == HELLO and ECHO_REPLY in s.heard for s in watched.switches.values())


def test_a_switch_that_stands_still_is_told_while_it_does_and_the_other_is_not(watched: Watched) -> None:
    until(lambda: len(watched.told) > 4, "both work")
    watched.switches["A"].works.clear()
    until(lambda: watched.longest_ns("A") > 20 * NOTABLE_NS, "it is overdue, and told more than once")
    count = sum(name == "A" and took_ns > NOTABLE_NS for name, took_ns in watched.told)
    assert count < 12, "each time only when it is late by a factor more"
    until(lambda: watched.switches["B"].heard.count(ECHO_REQUEST) > 30, "the other goes on")
    seen_ns = watched.longest_ns("A")
    watched.switches["A"].works.set()
    until(lambda: watched.longest_ns("A") > seen_ns, "the answer tells how long it took in all")


def test_what_is_overdue_at_the_end_is_told(watched: Watched) -> None:
    until(lambda: len(watched.told) > 4, "both work")
    watched.switches["B"].works.clear()
    # Far above a slow answer on a busy machine: it would be told as well, and nothing be overdue after it.
    until(lambda: watched.longest_ns("B") > 20 * NOTABLE_NS, "it is overdue")
    before = watched.longest_ns("B")
    watched.watch.tell_overdue()
    assert watched.longest_ns("B") > before
