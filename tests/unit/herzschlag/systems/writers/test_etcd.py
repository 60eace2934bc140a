"""What an answer of etcd's gateway means to a client."""

import pytest

from herzschlag.systems.writers.etcd import member, understood
from herzschlag.systems.writers.writing import Refusal


def test_written_refused_and_neither() -> None:
    assert understood(200, b'{"header": {}}') == {"header": {}}
    for unsure in (503, 504):
        with pytest.raises(TimeoutError, match="request timed out"):
            understood(unsure, b'{"error": "etcdserver: request timed out"}')
    with pytest.raises(Refusal, match="400"):
        understood(400, b"what")


def test_a_member_that_has_not_said_where_clients_reach_it_is_not_there_yet() -> None:
    named = {"ID": "7", "name": "host-98", "clientURLs": ["http://198.18.1.1:2379"]}
    members = [named, {"ID": "8", "peerURLs": ["http://198.18.1.2:2380"]}]
    assert member(members, "name", "host-98") == member(members, "ID", "7") == named
    assert member(members, "ID", "8") is None and member(members, "name", "host-99") is None
