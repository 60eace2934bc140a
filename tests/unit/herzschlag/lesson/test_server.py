"""Who may lead the lesson: a browser with the teacher's link. The class sees everything and moves nothing."""

from __future__ import annotations

import re
import warnings

import pytest

pytest.importorskip("starlette", reason="the extra 'live' is missing: make setup")

from herzschlag.languages import Language
from herzschlag.lesson.chapter import find
from herzschlag.lesson.messages import MESSAGE_BYTES_MAX
from herzschlag.lesson.room import Room
from herzschlag.lesson.server import FILES, Site
from herzschlag.live.server import Access
from tests.support.lessons import Prepared

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it recommends another HTTP client; the locked one serves
    from starlette.testclient import TestClient

PORT = 4711
HOME = f"http://127.0.0.1:{PORT}"
TALK = f"ws://127.0.0.1:{PORT}/talk"
GO = '{"do": "go", "chapter": 2, "scene": 1}'


class School:
    def __init__(self, language: Language | None = None) -> None:
        self.room = Room(find("slave"), Prepared())
        self.room.open(find("slave"))
        self.room.wait()
        self.access = Access("127.0.0.1", PORT)
        self.app = Site(self.room, self.access, language).app()

    def browser(self, link: str = "", **headers: str) -> TestClient:
        client = TestClient(self.app, base_url=HOME, follow_redirects=False, headers=headers)
        if link:
            assert client.get(link.removeprefix(HOME)).status_code == 303
        return client

    def teacher(self, **headers: str) -> TestClient:
        return self.browser(self.access.link(), **headers)

    def pupil(self, **headers: str) -> TestClient:
        return self.browser(self.access.onlookers_link(), **headers)


@pytest.mark.parametrize("path", ["/", "/static/lesson.js", "/?token=wrong"])
def test_without_a_link_there_is_nothing(path: str) -> None:
    assert School().browser().get(path).status_code == 403


def test_the_teacher_lets_time_go_on() -> None:
    with School().teacher().websocket_connect(TALK, headers={"origin": HOME}) as socket:
        assert socket.receive_json()["acts"] is True
        assert socket.receive_json()["phase"] == "ask"
        socket.send_text(GO)
        assert socket.receive_json()["phase"] == "told"


def test_the_class_sees_it_and_moves_nothing() -> None:
    school = School()
    with school.pupil().websocket_connect(TALK, headers={"origin": HOME}) as socket:
        assert socket.receive_json()["acts"] is False
        assert socket.receive_json()["phase"] == "ask"
        for told in (GO, '{"do": "open", "chapter": 3}', "nonsense"):
            socket.send_text(told)
            assert socket.receive_json() == {
                "news": "refused",
                "because": "This link is for watching: the teacher lets time go on.",
            }
        with school.teacher().websocket_connect(TALK, headers={"origin": HOME}) as leading:
            leading.send_text(GO)
            assert socket.receive_json()["phase"] == "told"


def test_the_class_gets_no_link_of_a_teacher() -> None:
    school = School()
    assert set(school.pupil().post("/link").json()) == {"look"}
    assert set(school.teacher().post("/link").json()) == {"look", "link"}


@pytest.mark.parametrize("told", ["nonsense", '{"do": "burn"}', '{"do":' + "[" * 9000, " " * (MESSAGE_BYTES_MAX + 1)])
def test_what_is_not_understood_changes_nothing(told: str) -> None:
    with School().teacher().websocket_connect(TALK, headers={"origin": HOME}) as socket:
        socket.receive_json()
        socket.receive_json()
        socket.send_text(told)
        assert socket.receive_json()["because"] == "Not understood."


def test_the_language_is_asked_for_or_the_commands_or_the_browsers() -> None:
    german = {"accept-language": "de-AT,de;q=0.9"}
    for school, path, language in (
        (School(), "/", "de"),
        (School("en"), "/", "en"),
        (School("en"), "/?lang=de", "de"),
        (School(), "/?lang=xx", "en"),
    ):
        page = school.teacher(**german).get(path).text
        assert f'<html lang="{language}"' in page
        assert ("Die Zeit weiterlaufen lassen" in page) is (language == "de")
    with School().pupil(**german).websocket_connect(TALK, headers={"origin": HOME}) as socket:
        assert socket.receive_json()["language"] == "de"
        assert socket.receive_json()["title"] == "Ausfall eines Slaves"
        socket.send_text(GO)
        assert "Lehrkraft" in socket.receive_json()["because"]


def test_everything_the_page_asks_for_is_served_and_nothing_else() -> None:
    client = School().teacher()
    texts = [client.get("/").text]
    for name in FILES:
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        texts.append(answer.text)
    wanted = {name for text in texts for name in re.findall(r"/static/([\w.-]+)", text)}
    assert wanted == set(FILES)
    assert client.get("/static/lesson.html").status_code == 404
