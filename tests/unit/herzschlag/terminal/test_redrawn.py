"""A picture on a terminal, a title in a pipe, nothing at all when silent."""

from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from herzschlag.terminal.redrawn import Redrawn


@pytest.mark.parametrize(
    ("terminal", "silent", "shown", "title"),
    [(True, False, True, False), (False, False, False, True), (True, True, False, False), (False, True, False, False)],
)
def test_each_reader_gets_its_own(terminal: bool, silent: bool, shown: bool, title: bool) -> None:
    file = StringIO()
    console = Console(file=file, force_terminal=terminal, width=80)
    with Redrawn(console, "the title", lambda: Text("a row"), 4, silent=silent):
        pass
    written = file.getvalue()
    assert ("a row" in written, "the title" in written) == (shown, title)
