"""What both pages are made of; test_server.py and the lesson's ask for it as a browser does."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.testclient import TestClient

from herzschlag.live.page_parts import links_for_others, static_files, with_texts

PAGE = '<html lang="en"><!--texts--></html>'


class Door:
    def acts(self, cookies: str) -> bool:
        return "teacher" in cookies

    def link(self) -> str:
        return "to act"

    def onlookers_link(self) -> str:
        return "to look"


def test_an_english_page_brings_no_texts_and_a_german_one_does() -> None:
    assert with_texts(PAGE, "en") == '<html lang="en"></html>'
    german = with_texts(PAGE, "de")
    assert german.startswith('<html lang="de"><script type="application/json" id="texts">')


def test_only_who_acts_gets_a_link_to_act() -> None:
    client = TestClient(Starlette(routes=[links_for_others(Door())]))
    assert client.post("/link").json() == {"look": "to look"}
    assert client.post("/link", headers={"cookie": "teacher"}).json() == {"look": "to look", "link": "to act"}


def test_files_that_are_not_named_are_not_served() -> None:
    client = TestClient(Starlette(routes=[static_files({"theme.js": ("herzschlag.report", "text/javascript")})]))
    assert client.get("/static/theme.js").headers["x-content-type-options"] == "nosniff"
    assert client.get("/static/report.js").status_code == 404
