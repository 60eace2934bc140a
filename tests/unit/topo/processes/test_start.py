"""Which way a process begins: forked from this image, by a server, or executed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from herzschlag.topo.processes import image
from herzschlag.topo.processes import start as starting

MODULE = "some.module"
DESCRIPTORS_MAX = 60
PIPE, STDOUT = -1, -2
"""As `subprocess` has them."""


class Server:
    """Of our side: forks nothing, and remembers what it was asked for."""

    def __init__(self, *, able: bool = True, fails: bool = False) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self._able = able
        self._fails = fails

    def can(self, module: str, env: Mapping[str, str], descriptors: int) -> bool:
        return self._able and module == MODULE and descriptors < DESCRIPTORS_MAX

    def ask(self, *order: Any) -> Any:
        self.asked.append(order)
        if self._fails:
            raise OSError("no more processes")
        return "asked"


@pytest.fixture(autouse=True)
def ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "fork", lambda module, words, **_options: "forked")
    monkeypatch.setattr("herzschlag.topo.processes.start.subprocess.Popen", lambda words, **_options: "executed")
    monkeypatch.setattr(image, "_ready", set())
    monkeypatch.setattr(starting, "server", None)


def begun(monkeypatch: pytest.MonkeyPatch, server: Server | None = None, **options: Any) -> object:
    monkeypatch.setattr(starting, "server", server)
    return starting.start(MODULE, ["word"], **options)


def test_it_is_executed_where_nothing_else_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert begun(monkeypatch) == "executed"


def test_it_is_forked_where_this_process_has_imported_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "_ready", {MODULE})
    server = Server()
    assert begun(monkeypatch, server) == "forked"
    assert server.asked == []


def test_a_server_is_asked_with_the_standard_streams_first(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    assert begun(monkeypatch, server, stdout=2, pass_fds=(7, 5), env={"NAME": "value"}) == "asked"
    assert server.asked == [(MODULE, ["word"], {"NAME": "value"}, {7: 7, 5: 5, 0: 0, 1: 2, 2: 2}, False)]


@pytest.mark.parametrize("server", [Server(able=False), Server(fails=True)])
def test_a_server_that_cannot_is_passed_over(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    assert begun(monkeypatch, server) == "executed"


def test_more_descriptors_than_a_server_has_room_for_are_left_to_an_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    assert begun(monkeypatch, server, pass_fds=range(3, 3 + DESCRIPTORS_MAX)) == "executed"
    assert server.asked == []


def test_what_is_said_to_standard_error_goes_where_standard_output_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    begun(monkeypatch, server, stdout=9, stderr=STDOUT)
    assert server.asked[0][3] == {0: 0, 1: 9, 2: 9}


def test_a_pipe_to_the_process_is_left_to_an_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    assert begun(monkeypatch, server, stdin=PIPE) == "executed"
    assert server.asked == []
