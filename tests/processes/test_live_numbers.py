"""Absurd numbers through the live page's socket: refused with the reason, and the lab keeps running."""

from __future__ import annotations

import json
import warnings

import pytest

pytest.importorskip("starlette", reason="the extra 'live' is missing: make setup")

from herzschlag.faults import ClockOffset
from herzschlag.live.server import Access, Site
from tests.support.live import Hands, running

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it recommends another HTTP client; the locked one serves
    from starlette.testclient import TestClient

PORT = 4711
HOME = f"http://127.0.0.1:{PORT}"


def page(hands: Hands) -> TestClient:
    """A browser that has opened its link."""
    access = Access("127.0.0.1", PORT, lambda _: None)
    client = TestClient(Site(hands.lab.hub, access).app(), base_url=HOME, follow_redirects=False)
    assert client.get(access.link().removeprefix(HOME)).status_code == 303
    return client


@pytest.mark.parametrize("offset", ["1e300", "-1e300", "1e999", "NaN"])
def test_an_absurd_clock_is_refused_and_the_lab_keeps_running(offset: str) -> None:
    """1e300 s passed as a number and ended the lab behind the page."""
    with (
        running() as hands,
        page(hands).websocket_connect(f"ws://127.0.0.1:{PORT}/talk", headers={"origin": HOME}) as socket,
    ):
        fault = f'{{"fault": "clock-offset", "host": "host-98", "offset_s": {offset}}}'
        socket.send_text(f'{{"do": "begin", "fault": {fault}}}')
        for _ in range(1000):
            news = json.loads(socket.receive_text())
            if news["news"] == "refused":
                break
        assert news["news"] == "refused"
        assert "604800" in news["because"] or "not understood" in news["because"]
        good = '{"fault": "clock-offset", "host": "host-98", "offset_s": 30}'
        socket.send_text(f'{{"do": "begin", "fault": {good}}}')
        hands.told.until(lambda: len(hands.told.state["active"]) == 1, "a sound offset is taken")
        assert hands.told.state["phase"] == "running"
        assert hands.told.state["active"][0]["fault"]["offset_s"] == ClockOffset(host="host-98", offset_s=30).offset_s
