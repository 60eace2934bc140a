"""One browser's conversation: a browser that falls behind is disconnected and gets nothing twice."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

pytest.importorskip("starlette", reason="the extra 'live' is missing: make setup")
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from herzschlag.live.conversation import BEHIND_MAX, TOO_SLOW, Hear, converse

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it recommends another HTTP client; the locked one serves
    from starlette.testclient import TestClient


def talking(enter: Callable[[Hear], None], left: list[str]) -> TestClient:
    async def talk(socket: WebSocket) -> None:
        await converse(socket, enter=enter, leave=lambda: left.append("left"), take=lambda told, hear: hear(told[::-1]))

    return TestClient(Starlette(routes=[WebSocketRoute("/talk", talk)]))


def test_what_is_said_is_answered_as_text_or_as_bytes_until_the_browser_leaves() -> None:
    left: list[str] = []
    with talking(lambda hear: hear(b"hello"), left).websocket_connect("/talk") as socket:
        assert socket.receive_text() == "hello"
        socket.send_text("abc")
        assert socket.receive_text() == "cba"
        socket.send_bytes(b"12")
        assert socket.receive_text() == "21"
        assert left == []
    assert left == ["left"]


def test_a_browser_that_falls_behind_is_disconnected() -> None:
    def flood(hear: Hear) -> None:
        for number in range(BEHIND_MAX + 10):
            hear(str(number).encode())

    with talking(flood, []).websocket_connect("/talk") as socket, pytest.raises(WebSocketDisconnect) as end:
        for _ in range(BEHIND_MAX + 1):
            socket.receive_text()
    assert end.value.code == TOO_SLOW
