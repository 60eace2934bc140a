"""A command that ends early says one line and its status."""

import pytest
import typer

from herzschlag.cli.ending import fail


def test_a_line_and_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        fail("[red]x: " + "long " * 40, 4)
    assert ended.value.exit_code == 4
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and told.err.startswith("herzschlag: [red]x: ")
