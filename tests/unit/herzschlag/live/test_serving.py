"""The socket of a page's server: it listens before a link is printed, and says what is wrong with an address."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("uvicorn", reason="the extra 'live' is missing: make setup")
from herzschlag.live.serving import listen
from herzschlag.wrong_input import InputError


def test_it_listens_at_once_on_any_free_port() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname(), timeout=5):
        assert listening.getsockname()[1] > 0


def test_a_port_that_is_taken_is_refused_with_the_way_out() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(InputError, match=rf"--port {port}: .*choose another"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(InputError, match=r"--host 203\.0\.113\.1"):
        listen("203.0.113.1", 0)
