"""One browser's WebSocket: what it hears waits in a queue of its own, and what it says is taken message by message.

This module decides that a browser which falls behind is disconnected, so that it reconnects and gets the present state.
It leaves what is said to the caller.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

BEHIND_MAX = 2000
"""Messages that may wait for one browser; one that falls further behind is disconnected and reconnects."""
TOO_SLOW = 1013
Hear = Callable[[bytes], None]


async def converse(
    socket: WebSocket, *, enter: Callable[[Hear], None], leave: Callable[[], None], take: Callable[[bytes, Hear], None]
) -> None:
    """Until the browser has left. `enter` gets what sends a message, from any thread; `take` gets each message of the
    browser and what answers it; `leave` is called in the end."""
    await socket.accept()
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[bytes | None] = asyncio.Queue()

    def put(news: bytes) -> None:
        if waiting.qsize() < BEHIND_MAX:
            waiting.put_nowait(news)
        elif waiting.qsize() == BEHIND_MAX:  # once; then nothing more is kept for it
            waiting.put_nowait(None)

    def hear(news: bytes) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the command is about to
            loop.call_soon_threadsafe(put, news)

    enter(hear)
    sender = asyncio.create_task(_send(socket, waiting))
    try:
        while True:
            take(await _received(socket), hear)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the browser has left, or was too slow and has been disconnected
    finally:
        leave()
        sender.cancel()


async def _send(socket: WebSocket, waiting: asyncio.Queue[bytes | None]) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it has left meanwhile
        while (news := await waiting.get()) is not None:
            await socket.send_text(news.decode())
        await socket.close(TOO_SLOW, "too slow: reconnect")


async def _received(socket: WebSocket) -> bytes:
    """The next message, as text or as bytes. Raises WebSocketDisconnect."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    text = message.get("text")
    return message.get("bytes") or b"" if text is None else text.encode()
