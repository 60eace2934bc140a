"""The command `herzschlag live`: what it prints, and that its whole lab ends with it, however it ends."""

from __future__ import annotations

import signal
import urllib.request
from pathlib import Path

import pytest

from tests.support.live import PATIENCE_S, command
from tests.support.waiting import until

pytest.importorskip("uvicorn", reason="the extra 'live' is missing: make setup")

SIMULATED = ("--backend", "simulation")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_however_the_command_ends_nothing_is_left(number: signal.Signals, tmp_path: Path) -> None:
    with command(*SIMULATED, temporary=tmp_path) as running:
        link = running.link()
        until(lambda: any(tmp_path.iterdir()), "the lab begins")
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(link, timeout=PATIENCE_S) as answer:
            assert answer.status == 200
        running.process.send_signal(number)
        status = running.process.wait(PATIENCE_S)
        assert status == (-signal.SIGKILL if number == signal.SIGKILL else 0)
        until(lambda: not any(tmp_path.iterdir()), "its directory is gone")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("isolatoin",), "isolation"), (("--speed", "0"), "--speed"), (("--host", "198.51.100.254"), "another address")],
)
def test_wrong_input_ends_with_status_two_and_a_way_out(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    with command(*SIMULATED, *arguments, temporary=tmp_path) as running:
        assert says in running.line(says)
        assert running.process.wait(PATIENCE_S) == 2


def test_an_address_that_others_reach_comes_with_a_warning(tmp_path: Path) -> None:
    with command(*SIMULATED, "--host", "0.0.0.0", temporary=tmp_path) as running:
        assert "other machines" in running.line("Warning")
        link = running.link()
        assert "0.0.0.0" not in link
        with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(link, timeout=PATIENCE_S) as answer:
            assert answer.status == 200
