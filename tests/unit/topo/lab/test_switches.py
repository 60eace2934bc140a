"""A private Open vSwitch: when its database can be spoken to."""

from __future__ import annotations

import socket
from pathlib import Path

from herzschlag.topo.lab.switches import listens


def test_a_socket_that_is_bound_alone_does_not_listen_yet(tmp_path: Path) -> None:
    path = tmp_path / "db.sock"
    assert not listens(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert not listens(path)
        server.listen()
        assert listens(path)
