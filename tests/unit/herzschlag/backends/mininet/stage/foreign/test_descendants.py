"""Who is made urgent of what the programs of a system start themselves: those in nodes, once for each session."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from herzschlag.backends.mininet.stage.foreign import descendants
from herzschlag.backends.mininet.stage.foreign.descendants import EVERY_NS, Descendants
from herzschlag.backends.mininet.stage.priorities import URGENT


class Machine:
    """A /proc of processes in these process namespaces, and the sessions they are in."""

    def __init__(self, proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._proc = proc
        self.sessions: dict[int, int] = {}
        self.urgent: list[list[int]] = []
        self.answer = URGENT
        (proc / "version").touch()
        self._add("self", "pid:[1]")
        monkeypatch.setattr(os, "getsid", self.sessions.__getitem__)
        monkeypatch.setattr(descendants, "make_urgent", self._make_urgent)

    def _add(self, name: str, namespace: str) -> None:
        (self._proc / name / "ns").mkdir(parents=True)
        (self._proc / name / "ns/pid").symlink_to(namespace)

    def _make_urgent(self, pids: Iterable[int]) -> str:
        self.urgent.append(list(pids))
        return self.answer

    def start(self, pid: int, namespace: str, session: int) -> None:
        self._add(str(pid), namespace)
        self.sessions[pid] = session


def test_only_what_is_in_a_node_and_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, found = Machine(tmp_path, monkeypatch), Descendants(tmp_path)
    machine.start(10, "pid:[1]", 10)  # the stage itself
    machine.start(20, "pid:[2]", 20)
    assert found.look(0) == [20]
    machine.start(30, "pid:[3]", 30)
    assert found.look(EVERY_NS - 1) == []
    assert found.look(EVERY_NS) == [30]
    assert machine.urgent == [[20], [30]]


def test_who_begins_a_session_later_is_made_urgent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, found = Machine(tmp_path, monkeypatch), Descendants(tmp_path)
    machine.start(20, "pid:[2]", 20)
    machine.start(21, "pid:[2]", 20)
    assert found.look(0) == [20, 21]
    machine.sessions[21] = 21
    assert found.look(EVERY_NS) == [21]


def test_who_has_ended_meanwhile_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, found = Machine(tmp_path, monkeypatch), Descendants(tmp_path)
    (tmp_path / "40").mkdir()
    machine.start(20, "pid:[2]", 20)
    assert found.look(0) == [20]


def test_without_the_right_to_it_no_process_is_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, found = Machine(tmp_path, monkeypatch), Descendants(tmp_path)
    machine.answer = "ordinary (no right to a better nice value)"
    machine.start(20, "pid:[2]", 20)
    assert found.look(0) == [20]
    machine.start(30, "pid:[3]", 30)
    assert found.look(1000 * EVERY_NS) == []
