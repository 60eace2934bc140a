"""Messages of lesson mode: what a browser may ask, and nothing else."""

from __future__ import annotations

import msgspec
import pytest

from herzschlag.lesson import messages as m

DECODE = msgspec.json.Decoder(m.AnyCommand).decode


def test_what_the_page_sends_is_understood() -> None:
    assert DECODE(b'{"do": "open", "chapter": 3}') == m.Open(3, 1)
    assert DECODE(b'{"do": "go", "chapter": 3, "scene": 2}') == m.Go(3, 2)


@pytest.mark.parametrize(
    "told",
    [b'{"do": "go"}', b'{"do": "begin"}', b'{"do": "open", "chapter": "3"}', b'{"do": "open", "chapter": 3, "x": 1}'],
)
def test_everything_else_is_not(told: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        DECODE(told)
