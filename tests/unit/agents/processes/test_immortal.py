"""Which objects a zygote makes immortal, and that only a Python that honours it is trusted to."""

from __future__ import annotations

import sys

from herzschlag.agents.processes import immortal
from herzschlag.agents.processes.immortal import count_of, honoured, reachable


def _function() -> tuple[str, float]:
    return "a constant with blanks, which nothing else holds", 2.718281828


def test_an_object_that_only_code_holds_is_found() -> None:
    """The collector does not know code, and its constants are used at every call."""
    found = {id(value) for value in reachable()}
    assert id(_function.__code__) in found
    for constant in _function.__code__.co_consts:
        assert id(constant) in found
    assert id(immortal.__dict__) in found


def test_only_a_python_from_3_12_on_is_trusted() -> None:
    """Python 3.11 counts on past the mark: objects would be freed while they are used."""
    assert honoured() == (sys.version_info >= (3, 12))


def test_the_count_that_is_read_is_that_of_references() -> None:
    value = object()
    before = count_of(value).value
    more = [value] * 5
    assert count_of(value).value == before + len(more)
