"""Client and server of the control channel joined by a real Unix socket, and the daemon's socket beside it."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from herzschlag.controller.client import ControllerClient, ControllerError
from herzschlag.controller.messages import LINE_BYTES_MAX, ErrorCode, Network, Port, decode_reply
from herzschlag.controller.server import listen, serve
from herzschlag.controller.service import Service
from herzschlag.controller.vswitchd import settle
from tests.support.controller.fakes import FakeSwitch, native_threads

NETWORKS = {"A": Network(10, {"host-98": Port(1, "02:00:00:00:00:01"), "host-99": Port(2, "02:00:00:00:00:02")})}


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[tuple[Path, threading.Event]]:
    """A served channel over a switch in memory, and the event its end sets."""
    service = Service("fake", "1", lambda deadline_ns, *, changed: True, native_threads())
    service.connected(FakeSwitch(10))
    path, ended = tmp_path / "control", threading.Event()
    with listen(path) as listener:

        def serve_until_shut() -> None:
            with contextlib.suppress(OSError):
                serve(listener, service.answer, ended.set, native_threads())

        server = threading.Thread(target=serve_until_shut)
        server.start()
        yield path, ended
        listener.shutdown(socket.SHUT_RDWR)
        server.join(10)


def test_a_client_configures_cuts_asks_and_ends(channel: tuple[Path, threading.Event]) -> None:
    path, ended = channel
    with ControllerClient(path) as client:
        assert client.configure(NETWORKS).flows_changed == 3
        assert client.set_cuts([("A", "host-98", "host-99")]).flows_changed == 1
        assert [(cut.src, cut.dst, cut.packets) for cut in client.status().cuts] == [("host-98", "host-99", 0)]
        client.quit()
    assert ended.wait(10)


def test_refusals_become_typed_errors_and_the_channel_goes_on(channel: tuple[Path, threading.Event]) -> None:
    with ControllerClient(channel[0]) as client:
        with pytest.raises(ControllerError, match="not-configured") as refused:
            client.set_cuts()
        assert refused.value.code is ErrorCode.NOT_CONFIGURED
        client.configure(NETWORKS)
        with pytest.raises(ControllerError, match="host-1"):
            client.set_cuts(ports_down=[("A", "host-1")])
        assert client.status().ports_down == ()


def test_two_clients_see_one_state(channel: tuple[Path, threading.Event]) -> None:
    with ControllerClient(channel[0]) as one, ControllerClient(channel[0]) as other:
        one.configure(NETWORKS)
        other.set_cuts([("A", "host-98", "host-99")])
        assert len(one.status().cuts) == 1


def test_nonsense_is_answered_and_the_next_line_still_read(channel: tuple[Path, threading.Event]) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(channel[0]))
        raw.sendall(b"cut it all\n" + b'{"type": "status", "request_id": 4}\n')
        with raw.makefile("rb") as lines:
            first, second = decode_reply(lines.readline()), decode_reply(lines.readline())
    assert (type(first).__name__, first.request_id) == ("Failed", None)
    assert (type(second).__name__, second.request_id) == ("StatusReply", 4)


def test_an_endless_line_is_cut_off(channel: tuple[Path, threading.Event]) -> None:
    with socket.socket(socket.AF_UNIX) as raw, raw.makefile("rb") as lines:
        raw.connect(str(channel[0]))
        raw.sendall(b"x" * (LINE_BYTES_MAX + 1))
        assert b"malformed" in lines.readline()
        assert lines.readline() == b""


def test_without_a_controller_the_client_says_so(tmp_path: Path) -> None:
    with pytest.raises(ControllerError, match="no controller at") as gone:
        ControllerClient(tmp_path / "control")
    assert gone.value.code is None


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        (lambda line: b"", "has ended"),
        (lambda line: b"nonsense\n", "not understood"),
        (lambda line: b'{"type":"done","asked_ns":1,"effective_ns":2,"request_id":77}\n', "out of turn"),
    ],
)
def test_a_controller_that_misbehaves_is_reported(
    tmp_path: Path, answers: Callable[[bytes], bytes], complaint: str
) -> None:
    with OneShot(tmp_path / "control", answers), pytest.raises(ControllerError, match=complaint):
        client = ControllerClient(tmp_path / "control")
        try:
            client.set_cuts()
        finally:
            client.close()


def test_a_controller_that_keeps_silent_does_not_hold_its_caller(tmp_path: Path) -> None:
    with listen(tmp_path / "control"), ControllerClient(tmp_path / "control", timeout_s=0.05) as client:
        with pytest.raises(ControllerError, match="does not answer") as silent:
            client.status()
        assert silent.value.code is None


@pytest.mark.parametrize("changed", [True, False])
def test_the_switches_daemon_is_asked_to_book_counts_and_after_a_change_to_forget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    """To forget what it could not book would lose counts, so that is done only where a packet could go the old way."""
    monkeypatch.setenv("OVS_RUNDIR", str(tmp_path))
    asked: list[object] = []

    def answers(data: bytes) -> bytes:
        asked.append(json.loads(data))
        return b'{"id":0,"result":"","error":null}'

    wanted = ("revalidator/purge", "dpctl/del-flows") if changed else ("revalidator/purge",)
    with OneShot(tmp_path / "ovs-vswitchd.7.ctl", answers, times=len(wanted)):
        assert settle(time.monotonic_ns() + 10**10, changed=changed)
    assert asked == [{"id": 0, "method": method, "params": []} for method in wanted]


@pytest.mark.parametrize("reply", [b'{"id":0,"result":null,"error":"no such command"}', b"nonsense}", b""])
def test_a_daemon_that_does_not_forget_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reply: bytes
) -> None:
    monkeypatch.setenv("OVS_RUNDIR", str(tmp_path))
    with OneShot(tmp_path / "ovs-vswitchd.7.ctl", lambda data: reply):
        assert not settle(time.monotonic_ns() + 10**10, changed=True)


def test_the_socket_of_a_dead_daemon_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVS_RUNDIR", str(tmp_path))
    assert not settle(time.monotonic_ns() + 10**10, changed=True)
    with OneShot(tmp_path / "ovs-vswitchd.7.ctl", lambda data: b'{"id":0,"result":"","error":null}', times=2):
        listen(tmp_path / "ovs-vswitchd.9.ctl").close()  # a newer socket without a process behind it
        assert settle(time.monotonic_ns() + 10**10, changed=True)


class OneShot:
    """Answers the first message of the first caller, or as many as are asked for, then hangs up."""

    def __init__(self, path: Path, answers: Callable[[bytes], bytes], times: int = 1) -> None:
        self._times = times
        self._listener = listen(path)
        self._answers = answers
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._listener.close()

    def _run(self) -> None:
        caller, _ = self._listener.accept()
        with caller:
            for _ in range(self._times):
                caller.sendall(self._answers(caller.recv(65_536)))
