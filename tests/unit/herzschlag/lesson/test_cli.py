"""The command `herzschlag lesson`: what it refuses before anything is served."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from herzschlag.cli.app import app


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["9"], "CHAPTER: '9' is not a chapter"),
        (["isolaton"], "did you mean 'isolation'"),
        (["1", "--speed", "0"], "--speed"),
        (["1", "--host", "203.0.113.1", "--port", "0"], "choose another address or port"),
    ],
)
def test_what_cannot_be_served_is_refused(words: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["lesson", *words])
    assert done.exit_code == 2
    assert said in done.output
