"""Lines: wrapped below their own text on a terminal, whole in a pipe, never cut."""

from __future__ import annotations

from herzschlag.terminal.lines import line, write
from tests.support.terminal import console, written

LONG = "one two three four five six seven eight nine ten eleven twelve"


def test_a_long_line_goes_on_below_its_own_text() -> None:
    on = console(44)
    write(on, [line("    what  ", LONG, hang=10)])
    assert written(on).splitlines() == [
        "    what  one two three four five six seven",
        "          eight nine ten eleven twelve",
    ]


def test_what_is_to_be_copied_is_left_to_the_terminal() -> None:
    on = console(44)
    write(on, [line("  again  ", LONG)])
    assert written(on) == f"  again  {LONG}\n"


def test_a_pipe_gets_it_whole_and_without_blanks_at_the_end() -> None:
    on = console(None)
    write(on, [line("    what  ", (LONG, "red"), "   ", hang=10)])
    assert written(on) == f"    what  {LONG}\n"


def test_a_terminal_too_narrow_to_wrap_for_is_left_alone() -> None:
    on = console(20)
    write(on, [line("    what  ", LONG, hang=10)])
    assert written(on) == f"    what  {LONG}\n"
