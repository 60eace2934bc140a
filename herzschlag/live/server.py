"""The live page's server: access control, the page's files, and the WebSocket between a browser and the hub.

This module decides access. A link with a one-time token is exchanged for a session cookie; a request without either
gets 403. The Host header must name this server (a name that was made to point here does not help a foreign page), and
where a browser says from which page it comes, that must be ours. Everything served is in the package; the page may load
nothing else. It leaves the lab to `lab.py`.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from itertools import count

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from herzschlag.languages import Language, current, gettext, speaking
from herzschlag.languages.choice import by_header
from herzschlag.languages.reasons import reason
from herzschlag.live import messages as m
from herzschlag.live.addresses import is_loopback, reached_at
from herzschlag.live.conversation import Hear, converse
from herzschlag.live.hub import Hub, refuse
from herzschlag.live.page_parts import SECURITY, file_text, links_for_others, static_files, with_texts
from herzschlag.wrong_input import InputError

FORBIDDEN = 403
WORDS = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)
TOKEN_BYTES = 24
FILES = {
    "connection.js": ("herzschlag.live", "text/javascript"),
    "gettext.js": ("herzschlag.report", "text/javascript"),
    "live.js": ("herzschlag.live", "text/javascript"),
    "menu.js": ("herzschlag.live", "text/javascript"),
    "actions.js": ("herzschlag.live", "text/javascript"),
    "theme.js": ("herzschlag.report", "text/javascript"),
    "live.css": ("herzschlag.live", "text/css"),
    "cluster.js": ("herzschlag.report", "text/javascript"),
    "cluster.css": ("herzschlag.report", "text/css"),
    "report.css": ("herzschlag.report", "text/css"),
}


class Access:
    """One-time tokens, each exchanged for one session that acts; one token for onlookers, exchanged as often as it is
    opened for sessions that only look."""

    def __init__(self, host: str, port: int, announce: Callable[[str], None] = lambda link: None) -> None:
        """`announce` is called with a fresh link whenever one has been used."""
        self._host, self._port = host, port
        self._announce = announce
        self._tokens: set[str] = set()
        self._sessions: set[str] = set()
        self._onlookers: set[str] = set()
        self._looking = secrets.token_urlsafe(TOKEN_BYTES)
        self.cookie = f"herzschlag-{port}"  # cookies do not tell ports apart, names do

    def link(self) -> str:
        """A fresh one-time link."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._tokens.add(token)
        return self._to(token)

    def onlookers_link(self) -> str:
        """The link of those who look and do not act; the same for all of them."""
        return self._to(self._looking)

    def _to(self, token: str) -> str:
        host = reached_at(self._host)[0]
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}/?token={token}"

    def redeem(self, token: str) -> str | None:
        """A session for a token: once, but for that of the onlookers."""
        if hmac.compare_digest(self._looking.encode(), token.encode()):
            session = secrets.token_urlsafe(TOKEN_BYTES)
            self._onlookers.add(session)
            return session
        known = next((one for one in self._tokens if hmac.compare_digest(one.encode(), token.encode())), None)
        if known is None:
            return None
        self._tokens.discard(known)
        session = secrets.token_urlsafe(TOKEN_BYTES)
        self._sessions.add(session)
        self._announce(self.link())
        return session

    def knows(self, cookies: str) -> bool:
        """Whether this is a session, of either kind."""
        return self._is_of(self._sessions | self._onlookers, cookies)

    def acts(self, cookies: str) -> bool:
        return self._is_of(self._sessions, cookies)

    def _is_of(self, sessions: set[str], cookies: str) -> bool:
        try:
            given = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return False
        return given is not None and any(hmac.compare_digest(one.encode(), given.value.encode()) for one in sessions)

    def is_ours(self, host: str) -> bool:
        """Whether a Host header names this server: by the address it was given, by localhost, or by an address. A name
        is what a foreign page can have pointed here; an address is not."""
        name, _, port = host.rpartition(":")
        if port != str(self._port):
            return False
        if name in (self._host, "localhost"):
            return True
        try:
            address = ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return address.is_loopback or not is_loopback(self._host)


class Guard:
    """Checks every request first: Host, Origin, token or session."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        trouble = self._trouble(headers, is_socket=scope["type"] == "websocket")
        if not trouble and scope["type"] == "http" and (token := Request(scope).query_params.get("token")):
            await self._redeem(token)(scope, receive, send)
        elif not trouble and self._access.knows(headers.get("cookie", "")):
            await self._app(scope, receive, send)
        else:
            trouble = trouble or "open the link that the command has printed; each works once"
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": trouble})
            else:
                await PlainTextResponse(f"{trouble}\n", FORBIDDEN, SECURITY)(scope, receive, send)

    def _trouble(self, headers: Headers, *, is_socket: bool) -> str:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._access.is_ours(host):
            return "this server goes by another name: open the link that the command has printed"
        if origin is not None and origin != f"http://{host}":
            return "asked for by another page"
        if origin is None and is_socket:
            return "a browser says which page it comes from"
        return ""

    def _redeem(self, token: str) -> Response:
        session = self._access.redeem(token)
        if session is None:
            return PlainTextResponse(
                "this link has been used, or never was one: the command prints a fresh one\n", FORBIDDEN, SECURITY
            )
        # Without the token in the address bar, where another person may see it.
        answer = RedirectResponse("/", 303, SECURITY)
        answer.set_cookie(self._access.cookie, session, httponly=True, samesite="strict", path="/")
        return answer


class Site:
    def __init__(self, hub: Hub, access: Access, language: Language | None = None) -> None:
        """`language`: for every browser; None: each its own."""
        self._hub, self._access, self._language = hub, access, language
        self._numbers = count()
        self._decode = m.command_decoder().decode

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._page),
                static_files(FILES),
                Route("/by-hand.toml", self._saved),
                links_for_others(self._access),
                WebSocketRoute("/talk", self._talk),
            ],
            middleware=[Middleware(Guard, access=self._access)],
        )

    async def _page(self, request: Request) -> Response:
        language = self._language or by_header(request.headers.get("accept-language", ""))
        return Response(page(language), media_type="text/html", headers={**SECURITY, "vary": "accept-language"})

    async def _saved(self, request: Request) -> Response:
        text = self._hub.saved
        if not text:
            return PlainTextResponse("the lab is not ready yet\n", 409, SECURITY)
        headers = {**SECURITY, "content-disposition": 'attachment; filename="by-hand.toml"'}
        return Response(text, media_type="application/toml", headers=headers)

    async def _talk(self, socket: WebSocket) -> None:
        acts = self._access.acts(socket.headers.get("cookie", ""))
        key = next(self._numbers)
        language = self._language or by_header(socket.query_params.get("lang", ""))

        def enter(hear: Hear) -> None:
            hear(msgspec.json.encode(m.Welcome(acts)))
            self._hub.listen(key, hear, language)

        def take(told: bytes, hear: Hear) -> None:
            with speaking(language):  # for what is refused at once
                self._take(told, hear, acts)

        await converse(
            socket,
            enter=enter,
            leave=lambda: self._hub.forget(key),
            take=take,
        )

    def _take(self, told: bytes, hear: Hear, acts: bool) -> None:
        try:
            if len(told) > m.MESSAGE_BYTES_MAX:
                raise InputError("message", f"{len(told)} bytes: at most {m.MESSAGE_BYTES_MAX}")
            command = self._decode(told)
        except RecursionError:  # a RuntimeError, which elsewhere means that the browser has left
            refuse(hear, gettext("not understood: nested too deep (docs/live.md)"))
            return
        except (msgspec.MsgspecError, UnicodeDecodeError, InputError) as error:
            refuse(hear, gettext("not understood: {error} (docs/live.md)", error=error))
            return
        if not acts:
            refuse(hear, gettext("this link is for looking on: acting takes the other one, which the command prints"))
            return
        language = current()

        def answer(refused: bytes) -> None:
            with speaking(language):
                refuse(hear, reason(msgspec.json.decode(refused, type=m.Refused).because))

        self._hub.ask(command, answer)


def page(language: Language) -> str:
    """The page with its words in one language; `live.html` has the English ones, each in two pairs of braces."""
    with speaking(language):
        html = with_texts(file_text("herzschlag.live", "live.html"), language)
        return WORDS.sub(lambda found: gettext(found[1]), html)
