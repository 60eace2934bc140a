"""A condition in words: its text as it is in the test, and what it was at the end."""

from __future__ import annotations

import pytest

from herzschlag.by_hand.condition import VALUE_MAX, last_value, text_of
from herzschlag.history.records import SECOND


class Thing:
    def role(self, host: str) -> str:
        return f"role of {host}"

    def masters(self) -> list[str]:
        return []


thing = Thing()


def test_a_lambda_is_told_by_its_text_and_by_what_was_on_its_left() -> None:
    """Also where it is on several lines, and beside another one."""
    other = "host-99"
    one, two = (lambda: thing.role("host-98") == "master"), (lambda: thing.role(other) == other)
    assert text_of(one) == 'thing.role("host-98") == "master"'
    assert last_value(one) == "thing.role(\"host-98\") is 'role of host-98'"
    assert text_of(two) == "thing.role(other) == other"
    assert last_value(two) == "thing.role(other) is 'role of host-99', other is 'host-99'"
    long = lambda: (  # noqa: E731
        len(thing.masters()) == 2
        and thing.role("host-98")  # a remark
        not in ("", "host-98")
    )
    assert text_of(long).startswith("len(thing.masters()) == 2 and thing.role(")
    assert last_value(long) == "len(thing.masters()) is 0, thing.role(\"host-98\") is 'role of host-98'"


def test_what_is_not_compared_is_told_by_its_value() -> None:
    assert last_value(lambda: sorted(thing.masters())) == "sorted(thing.masters()) is []"
    assert last_value(lambda: not thing.role("host-98")) == "thing.role(\"host-98\") is 'role of host-98'"
    assert last_value(lambda limit=SECOND: limit < 3) == f"limit is {SECOND}"  # type: ignore[misc]  # a default has no type


def test_a_function_is_told_by_its_name() -> None:
    def two_masters() -> bool:
        return False

    def some() -> list[str]:
        return []

    assert (text_of(two_masters), last_value(two_masters)) == ("two_masters()", "")
    assert (text_of(some), last_value(some)) == ("some()", "it is []")


def test_what_has_no_source_is_still_told() -> None:
    made = eval("lambda: [1] == [2]")
    assert (text_of(made), last_value(made)) == ("the condition", "")


def test_what_raises_hides_nothing() -> None:
    asked = iter([False])
    once = lambda: next(asked) == 3  # noqa: E731
    assert last_value(once) == "next(asked) is False"
    assert last_value(once) == ""


@pytest.mark.parametrize("many", [[1] * 1000])
def test_a_long_value_is_cut(many: list[int]) -> None:
    assert len(last_value(lambda: many == [])) < VALUE_MAX + 20
