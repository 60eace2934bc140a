"""The outer end of the conversation with the stage, with a test at the inner one."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import msgspec
import pytest

from herzschlag.backends.base import BackendUnavailable, MachineryDied
from herzschlag.backends.mininet.record_tail import RecordTail, RunClock
from herzschlag.backends.mininet.stage.api import Holders, Look, Looked, MachineryGone, Refused, StageNews, Where
from herzschlag.backends.mininet.stage_line import StageLine


class Inner:
    """The stage's end of the line, operated by the test."""

    def __init__(self) -> None:
        self.tail = RecordTail(RunClock(0, 1.0))
        self.line = StageLine(self.tail)
        self.socket: socket.socket = self.line.open()

    def say(self, *news: StageNews) -> None:
        self.socket.sendall(b"".join(msgspec.json.encode(one) + b"\n" for one in news))

    def machinery(self) -> list[str]:
        return [f"{item.get('what')}: {item.get('because')}" for item in self.tail.records if item.kind == "machinery"]


@pytest.fixture
def inner() -> Iterator[Inner]:
    one = Inner()
    yield one
    one.line.close()
    one.socket.close()


def test_an_order_is_one_line_and_its_answer_comes_back(inner: Inner) -> None:
    inner.line.tell(Where())
    assert inner.socket.recv(1000) == b'{"type":"Where"}\n'
    inner.say(Holders({"host-98": 7}))
    assert inner.line.answer(Holders, 1.0).pids == {"host-98": 7}


def test_an_answer_in_pieces_is_put_together(inner: Inner) -> None:
    whole = msgspec.json.encode(Looked({"a": "b"})) + b"\n"
    inner.socket.sendall(whole[:10])
    assert inner.line.listen(1.0) == []
    inner.socket.sendall(whole[10:])
    assert inner.line.answer(Looked, 1.0).seen == {"a": "b"}


def test_what_the_machine_lacks_is_not_a_death(inner: Inner) -> None:
    inner.say(Refused("sch_netem", "modprobe sch_netem"))
    with pytest.raises(BackendUnavailable, match="sch_netem is missing: modprobe sch_netem"):
        inner.line.answer(Holders, 1.0)
    inner.line.check()


def test_a_refusal_without_a_way_out_ends_everything(inner: Inner) -> None:
    inner.say(Refused("StageError: it broke"))
    with pytest.raises(MachineryDied, match="the stage: StageError: it broke"):
        inner.line.answer(Holders, 1.0)
    with pytest.raises(MachineryDied):
        inner.line.tell(Look())
    assert inner.machinery() == ["the stage: StageError: it broke"]


def test_news_of_a_death_end_the_wait_for_an_answer(inner: Inner) -> None:
    inner.say(MachineryGone("ovs-vswitchd", "its process ended"))
    with pytest.raises(MachineryDied, match="ovs-vswitchd: its process ended"):
        inner.line.answer(Holders, 1.0)
    assert inner.machinery() == ["ovs-vswitchd: its process ended"]


def test_a_death_told_in_the_same_breath_as_the_answer_is_heard(inner: Inner) -> None:
    """Both arrive in one piece where this process was slow to read."""
    inner.say(MachineryGone("gateway's first process", "its process ended"), Holders({"host-98": 7}))
    with pytest.raises(MachineryDied, match="gateway's first process: its process ended"):
        inner.line.answer(Holders, 1.0)


def test_a_closed_line_is_the_death_of_the_stage(inner: Inner) -> None:
    inner.socket.close()
    assert inner.line.listen(1.0) == []
    with pytest.raises(MachineryDied, match="the sandbox's first process ended"):
        inner.line.check()


def test_silence_is_given_up(inner: Inner) -> None:
    with pytest.raises(MachineryDied, match="no answer within 0 s"):
        inner.line.answer(Holders, 0.05)
