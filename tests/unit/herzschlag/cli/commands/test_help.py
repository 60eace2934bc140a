"""Help for those who type `help`, `-h` or `--help`, and the version for those who type `-V`."""

import pytest
from typer.testing import CliRunner

from herzschlag import __version__
from herzschlag.cli.app import app


def call(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words], prog_name="herzschlag")
    return done.exit_code, done.output


def test_the_word_is_the_option() -> None:
    assert call("help") == call("--help") == call("-h")
    assert call("help", "compare") == call("compare", "--help") == call("compare", "-h")
    assert call("help")[0] == 0
    status, told = call("help", "nothing")
    assert status == 2 and "No such command 'nothing'" in told


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version(word: str) -> None:
    """And which cores serve, with the reason where they are plain."""
    assert call(word) == (0, f"herzschlag {__version__} (cores: plain Python; HERZSCHLAG_PURE is set)\n")
