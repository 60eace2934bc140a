"""What the page of mutants says of those that were tried."""

from __future__ import annotations

from bench.mutants.mutant import Mutant
from bench.mutants.page import Drawn, Equivalent, Equivalents, Tried, page
from bench.mutants.trying import Told

SOURCE = """
def obeys() -> bool:
    return True

def listens() -> bool:
    def hears() -> bool:
        return True
    return hears()
"""


def mutant(line: int) -> Mutant:
    return Mutant(
        module="herzschlag.agents.a",
        file="agents/settings.py",
        line=line,
        operator="AddNot",
        before=f"if a | b{line}:",
        after=f"if not a | b{line}:",
        source=SOURCE,
    )


def test_the_figures_leave_out_what_can_not_be_noticed() -> None:
    tried = [
        Tried(mutant(1), Told(scenario="normal: one-master: two")),
        Tried(mutant(2), Told(explored="belief violated: x")),
        Tried(mutant(3), Told()),
        Tried(mutant(4), Told()),
    ]
    same = Equivalent(file="agents/settings.py", before="if a | b4:", after="if not a | b4:", because="b4 is never set")
    text = page(tried, Drawn(4, 7), Equivalents((same,)), "today")
    figures = text.splitlines()[2]
    assert "Of 4 mutants (all of the draw of 4 with seed 7) the shipped scenarios notice 1, exploration 1" in figures
    assert "one of the two 2; 1 change nothing" in figures
    assert "67 % of those that can be noticed (today)" in figures
    left = text.partition("## Not noticed")[2].partition("## Noticed by")[0]
    assert (
        "| agents/settings.py:3 | `if a &#124; b3:` |" in left
        and "b4 is never set" in left
        and "settings.py:2" not in left
    )
    assert "agents/settings.py:2" in text.partition("## Noticed by exploration alone")[2]


def test_a_draw_that_was_ended_early_says_so() -> None:
    figures = page([Tried(mutant(1), Told())], Drawn(4, 7), Equivalents(()), "today").splitlines()[2]
    assert "Of 1 mutants (the draw of 4 with seed 7 was ended early, 3 were not tried)" in figures


def returned(line: int) -> Mutant:
    return Mutant(
        "herzschlag.agents.a", "agents/settings.py", line, "ReplaceFalseWithTrue", "return False", "return True", SOURCE
    )


def test_a_mutant_knows_its_function() -> None:
    assert [returned(line).function for line in (1, 3, 7, 8)] == ["", "obeys", "hears", "listens"]


def test_a_reason_may_be_for_one_function_alone() -> None:
    """A line that a file has twice must not be excused by the reason of the other."""
    same = Equivalent(
        file="agents/settings.py", before="return False", after="return True", because="x", function="hears"
    )
    assert [same.is_of(returned(line)) for line in (3, 7)] == [False, True]
    everywhere = Equivalent(file="agents/settings.py", before="return False", after="return True", because="x")
    assert everywhere.is_of(returned(3)) and not everywhere.is_of(mutant(3))
    tried = [Tried(returned(3), Told()), Tried(returned(7), Told())]
    figures = page(tried, Drawn(2, 7), Equivalents((same,)), "today").splitlines()[2]
    assert "1 change nothing" in figures
