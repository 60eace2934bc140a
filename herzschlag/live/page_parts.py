"""What the live page and the lesson serve alike: their files, links for other browsers, the texts of their scripts.

This module decides which headers everything has that is served, and that only those who act get a link to act. It
leaves who acts to `server.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from herzschlag.languages import Language, for_scripts
from herzschlag.report.html import embedded

SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Links(Protocol):
    """Who acts, and the links that let others in."""

    def acts(self, cookies: str) -> bool: ...

    def link(self) -> str: ...

    def onlookers_link(self) -> str: ...


def static_files(files: Mapping[str, tuple[str, str]]) -> Route:
    """These files and no others: name to the package that has it in `static/`, and its media type."""

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            return PlainTextResponse("no such file\n", 404, SECURITY)
        package, kind = files[name]
        return Response(file_text(package, name), media_type=kind, headers=SECURITY)

    return Route("/static/{name}", static)


def links_for_others(access: Links) -> Route:
    """Links for other browsers, given to one that has a session: to act, by those who act; to look, by everyone."""

    async def link(request: Request) -> Response:
        links = {"look": access.onlookers_link()}
        if access.acts(request.headers.get("cookie", "")):
            links["link"] = access.link()
        return JSONResponse(links, headers=SECURITY)

    return Route("/link", link, methods=["POST"])


def with_texts(html: str, language: Language) -> str:
    """The page in that language, with the texts of its scripts if they are others than their own."""
    texts = for_scripts(language)
    brought = f'<script type="application/json" id="texts">{embedded(texts)}</script>' if texts else ""
    return html.replace('lang="en"', f'lang="{language}"').replace("<!--texts-->", brought)


def file_text(package: str, name: str) -> str:
    return (resources.files(package) / "static" / name).read_text(encoding="utf-8")
