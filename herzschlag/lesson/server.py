"""The lesson's server: the page's files, links for teacher and class, and the WebSocket between a browser and the room.

This module decides what is served and that only a browser with the teacher's link moves the lesson. Links, sessions and
the checks of every request are those of the live page (`live/server.py`). It leaves the lesson itself to `room.py`.
"""

from __future__ import annotations

from itertools import count

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from herzschlag.languages import Language, gettext, speaking
from herzschlag.languages.choice import by_header
from herzschlag.lesson import messages as m
from herzschlag.lesson.room import Room, known
from herzschlag.live.conversation import Hear, converse
from herzschlag.live.page_parts import SECURITY, file_text, links_for_others, static_files, with_texts
from herzschlag.live.server import Access, Guard

FILES = {
    "connection.js": ("herzschlag.live", "text/javascript"),
    "lesson.js": ("herzschlag.lesson", "text/javascript"),
    "parts.js": ("herzschlag.lesson", "text/javascript"),
    "progress.js": ("herzschlag.lesson", "text/javascript"),
    "lesson.css": ("herzschlag.lesson", "text/css"),
    "gettext.js": ("herzschlag.report", "text/javascript"),
    "theme.js": ("herzschlag.report", "text/javascript"),
    "instants.js": ("herzschlag.report", "text/javascript"),
    "cluster.js": ("herzschlag.report", "text/javascript"),
    "cluster.css": ("herzschlag.report", "text/css"),
    "report.css": ("herzschlag.report", "text/css"),
}


class Site:
    def __init__(self, room: Room, access: Access, language: Language | None = None) -> None:
        """`language`: that of every browser which asks for none; without it each browser's own."""
        self._room, self._access, self._language = room, access, language
        self._numbers = count()
        self._decode = msgspec.json.Decoder(m.AnyCommand).decode

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._page),
                static_files(FILES),
                links_for_others(self._access),
                WebSocketRoute("/talk", self._talk),
            ],
            middleware=[Middleware(Guard, access=self._access)],
        )

    async def _page(self, request: Request) -> Response:
        headers = {**SECURITY, "vary": "accept-language"}
        return Response(page(self._wanted(request)), media_type="text/html", headers=headers)

    async def _talk(self, socket: WebSocket) -> None:
        acts = self._access.acts(socket.headers.get("cookie", ""))
        language = self._wanted(socket)
        key = next(self._numbers)

        def take(told: bytes, hear: Hear) -> None:
            with speaking(language):
                if because := self._take(told, acts):
                    hear(msgspec.json.encode(m.Refused(because)))

        await converse(
            socket,
            enter=lambda hear: self._room.listen(key, language, acts, hear),
            leave=lambda: self._room.forget(key),
            take=take,
        )

    def _take(self, told: bytes, acts: bool) -> str:
        """Why a request is refused; empty when it is done."""
        if not acts:
            return gettext("This link is for watching: the teacher lets time go on.")
        if len(told) > m.MESSAGE_BYTES_MAX:
            return gettext("Not understood.")
        try:
            command = self._decode(told)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return gettext("Not understood.")
        return self._room.ask(command)

    def _wanted(self, asked: Request | WebSocket) -> Language:
        """The language of a browser: as it was switched on the page, as the command says, or its own."""
        if chosen := asked.query_params.get("lang"):
            return known(chosen)
        return self._language or by_header(asked.headers.get("accept-language", ""))


def page(language: Language) -> str:
    """The page; its words are all in its scripts, which get those of another language than English with it."""
    return with_texts(file_text("herzschlag.lesson", "lesson.html"), language)
