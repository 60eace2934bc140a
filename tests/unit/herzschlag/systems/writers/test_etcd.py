"""What an answer of etcd's gateway means to a client."""

import pytest

from herzschlag.systems.writers.etcd import understood
from herzschlag.systems.writers.writing import Refusal


def test_written_refused_and_neither() -> None:
    assert understood(200, b'{"header": {}}') == {"header": {}}
    for unsure in (503, 504):
        with pytest.raises(TimeoutError, match="request timed out"):
            understood(unsure, b'{"error": "etcdserver: request timed out"}')
    with pytest.raises(Refusal, match="400"):
        understood(400, b"what")
