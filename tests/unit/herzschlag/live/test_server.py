"""Access to the live page: no browser without a link, no other page, no other host name, and each link once."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import msgspec
import pytest

pytest.importorskip("starlette", reason="the extra 'live' is missing: make setup")
from starlette.websockets import WebSocketDisconnect

from herzschlag.faults import PowerOff
from herzschlag.live import messages as m
from herzschlag.live.hub import Hub
from herzschlag.live.server import FILES, Access, Site
from tests.support.live import a_lab

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it recommends another HTTP client; the locked one serves
    from starlette.testclient import TestClient

PORT = 4711
HOME = f"http://127.0.0.1:{PORT}"
TALK = f"ws://127.0.0.1:{PORT}/talk"


class Door:
    """A server and the links it gave out."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.announced: list[str] = []
        self.hub = Hub(a_lab())
        self.access = Access(host, PORT, self.announced.append)
        self.app = Site(self.hub, self.access).app()

    def browser(self, base: str = HOME) -> TestClient:
        return TestClient(self.app, base_url=base, follow_redirects=False)

    def inside(self) -> TestClient:
        """A browser that has opened its link."""
        client = self.browser()
        answer = client.get(self.access.link().removeprefix(HOME))
        assert answer.status_code == 303
        return client


@pytest.fixture
def door() -> Iterator[Door]:
    yield Door()


@pytest.mark.parametrize("path", ["/", "/static/live.js", "/by-hand.toml", "/?token=wrong", "/nothing"])
def test_without_a_link_there_is_nothing_but_a_refusal(path: str, door: Door) -> None:
    answer = door.browser().get(path)
    assert answer.status_code == 403
    assert "link" in answer.text
    assert "<html" not in answer.text


def test_a_link_opens_the_page_and_leaves_no_token_in_the_address(door: Door) -> None:
    client = door.browser()
    answer = client.get(door.access.link().removeprefix(HOME))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    page = client.get("/")
    assert page.status_code == 200
    assert "Herzschlag live" in page.text


def test_a_link_works_once_and_the_command_is_handed_the_next(door: Door) -> None:
    link = door.access.link().removeprefix(HOME)
    assert door.browser().get(link).status_code == 303
    assert "has been used" in door.browser().get(link).text
    assert len(door.announced) == 1
    assert door.browser().get(door.announced[0].removeprefix(HOME)).status_code == 303


def test_who_is_in_can_let_another_browser_in(door: Door) -> None:
    assert door.browser().post("/link").status_code == 403
    link = door.inside().post("/link").json()["link"]
    assert door.browser().get(link.removeprefix(HOME)).status_code == 303


def onlooker(door: Door) -> TestClient:
    client = door.browser()
    assert client.get(door.access.onlookers_link().removeprefix(HOME)).status_code == 303
    return client


def test_the_link_for_onlookers_lets_everyone_in_and_their_requests_are_refused(door: Door) -> None:
    for client in (onlooker(door), onlooker(door)):
        assert client.get("/").status_code == 200
        with client.websocket_connect(TALK, headers={"origin": HOME}) as socket:
            assert socket.receive_json() == {"news": "welcome", "acts": False}
            for _ in range(4):
                socket.receive_json()
            for command in m.COMMANDS:
                text = msgspec.json.encode(examples()[command]).decode()
                socket.send_text(text)
                assert "looking on" in socket.receive_json()["because"], text
    assert door.hub.next_command(0) is None
    assert door.announced == []


def test_an_onlooker_gets_no_link_to_act(door: Door) -> None:
    assert set(onlooker(door).post("/link").json()) == {"look"}
    assert set(door.inside().post("/link").json()) == {"look", "link"}


def examples() -> dict[type[msgspec.Struct], msgspec.Struct]:
    made = (m.Begin(PowerOff(host="host-98")), m.Heal(), m.Open(), m.Next(), m.Auto(True), m.Pace(1), m.Advance(1))
    return {type(one): one for one in (*made, m.Judge())}


def test_a_page_that_had_its_name_pointed_here_gets_nothing(door: Door) -> None:
    link = door.access.link()
    foreign = door.browser(f"http://evil.example:{PORT}")
    assert foreign.get(link.removeprefix(HOME)).status_code == 403
    assert door.browser().get(link.removeprefix(HOME)).status_code == 303, "and the link is not used up by that"


@pytest.mark.parametrize(
    ("listening", "asked", "ours"),
    [
        ("127.0.0.1", f"127.0.0.1:{PORT}", True),
        ("127.0.0.1", f"localhost:{PORT}", True),
        ("127.0.0.1", f"[::1]:{PORT}", True),
        ("127.0.0.1", "127.0.0.1:80", False),
        ("127.0.0.1", f"198.51.100.7:{PORT}", False),
        ("127.0.0.1", f"127.0.0.1.evil.example:{PORT}", False),
        ("0.0.0.0", f"198.51.100.7:{PORT}", True),
        ("0.0.0.0", f"evil.example:{PORT}", False),
        ("lab.example", f"lab.example:{PORT}", True),
        ("lab.example", f"198.51.100.7:{PORT}", True),
        ("localhost", f"198.51.100.7:{PORT}", False),
        ("127.0.0.1", "", False),
    ],
)
def test_the_host_asked_for_must_be_this_server(listening: str, asked: str, ours: bool) -> None:
    assert Access(listening, PORT).is_ours(asked) is ours


def test_another_page_may_not_act_with_our_session(door: Door) -> None:
    client = door.inside()
    assert client.post("/link", headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/link", headers={"origin": "null"}).status_code == 403
    assert client.post("/link", headers={"origin": HOME}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", f"https://127.0.0.1:{PORT}", "null", None])
def test_the_socket_is_for_our_page_alone(origin: str | None, door: Door) -> None:
    headers = {} if origin is None else {"origin": origin}
    with pytest.raises(WebSocketDisconnect), door.inside().websocket_connect(TALK, headers=headers):
        pass


def test_the_socket_wants_a_session(door: Door) -> None:
    with pytest.raises(WebSocketDisconnect), door.browser().websocket_connect(TALK, headers={"origin": HOME}):
        pass


def test_the_socket_sends_the_state_and_takes_commands(door: Door) -> None:
    with door.inside().websocket_connect(TALK, headers={"origin": HOME}) as socket:
        assert socket.receive_json() == {"news": "welcome", "acts": True}
        assert [socket.receive_json()["news"] for _ in range(4)] == ["lab", "state", "clock", "story"]
        socket.send_text('{"do": "next"}')
        asked = door.hub.next_command(30)
        assert asked is not None
        assert asked[0] == m.Next()
        door.hub.tell(m.Clock(3.0))
        assert socket.receive_json() == {"news": "clock", "now_s": 3.0}


@pytest.mark.parametrize("text", ["not JSON", '{"do": "burn"}', '{"do": "next"' + " " * m.MESSAGE_BYTES_MAX + "}"])
def test_what_is_not_understood_is_answered_and_changes_nothing(text: str, door: Door) -> None:
    with door.inside().websocket_connect(TALK, headers={"origin": HOME}) as socket:
        for _ in range(5):
            socket.receive_json()
        socket.send_text(text)
        assert "not understood" in socket.receive_json()["because"]
    assert door.hub.next_command(0) is None


@pytest.mark.parametrize("told", [b"\xff\xfe", b"", b'{"do": "burn"}', b'{"do": ' + b"[" * 6000 + b"]" * 6000 + b"}"])
def test_bytes_are_answered_like_text(told: bytes, door: Door) -> None:
    """Another program than our page may send them: it gets an answer, and the connection stays."""
    with door.inside().websocket_connect(TALK, headers={"origin": HOME}) as socket:
        for _ in range(5):
            socket.receive_json()
        socket.send_bytes(told)
        assert "not understood" in socket.receive_json()["because"]
        socket.send_bytes(b'{"do": "next"}')
        assert door.hub.next_command(30) is not None


def test_everything_the_page_asks_for_is_served_and_nothing_else(door: Door) -> None:
    client = door.inside()
    texts = [client.get("/").text]
    for name in FILES:
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200
        texts.append(answer.text)
    wanted = {name for text in texts for name in re.findall(r"/static/([\w.-]+)", text)}
    assert wanted == set(FILES)
    assert client.get("/static/live.html").status_code == 404
    assert client.get("/static/..%2fserver.py").status_code in (403, 404)


def test_the_page_may_load_nothing_from_elsewhere(door: Door) -> None:
    client = door.inside()
    for path in ("/", "/static/live.js", "/by-hand.toml"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_nothing_is_saved_before_the_lab_is_ready(door: Door) -> None:
    client = door.inside()
    assert client.get("/by-hand.toml").status_code == 409
    door.hub.keep('name = "by-hand"\n')
    answer = client.get("/by-hand.toml")
    assert answer.text == 'name = "by-hand"\n'
    assert "attachment" in answer.headers["content-disposition"]
