"""Plain tables to typed values: an error names the key, the value, and the way out."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from herzschlag.wrong_input import ALIKE_MAX, InputError, InputErrors, build, nearest


class Door(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    width_mm: int
    name: str = ""


class House(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    doors: tuple[Door, ...] | int = ()
    heated: bool = False
    rooms: dict[str, int] = {}


def test_tables_become_values() -> None:
    made = build(House, {"doors": [{"width_mm": 900}], "rooms": {"any name": 3}})
    assert made == House(doors=(Door(width_mm=900),), rooms={"any name": 3})
    assert build(House, {"doors": 3}) == House(doors=3)


@pytest.mark.parametrize(
    ("data", "key", "says"),
    [
        ({"heatd": True}, "heatd", "unknown key: did you mean 'heated'?"),
        ({"doors": [{"width_mm": 1}, {"width": 1}]}, "doors[1].width", "unknown key: did you mean 'width_mm'?"),
        ({"doors": [{"name": "front"}]}, "doors[0]", "the key 'width_mm' is missing: add it"),
        ({"doors": [{"width_mm": "wide"}]}, "doors[0].width_mm", "is 'wide': a whole number is wanted"),
        ({"heated": "yes"}, "heated", "is 'yes': true or false is wanted"),
    ],
)
def test_wrong_tables_are_refused_by_key(data: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        build(House, data)
    assert (error.value.key, error.value.text) == (key, says)


def test_a_key_says_in_which_table_it_is() -> None:
    with pytest.raises(InputError, match=r"^cluster\.heatd: unknown key"):
        build(House, {"heatd": True}, "cluster")


def test_a_long_value_is_shown_in_one_line() -> None:
    with pytest.raises(InputError) as error:
        build(House, {"heated": "x" * 1000})
    assert len(str(error.value)) < 120


def test_the_nearest_word_is_offered_whatever_its_case_or_else_all_there_are() -> None:
    assert nearest("HOST-98", ["host-98", "host-99"]) == "did you mean 'host-98'?"
    assert nearest("zebra", ["a", "b"]).endswith("a, b")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InputErrors) as caught:
        build(House, {"heatd": 1, "heated": "yes", "doors": [{"width_mm": "wide"}, {"nam": 1}]}, "house")
    assert [error.key for error in caught.value.errors] == [
        "house.heatd",
        "house.doors[0].width_mm",
        "house.doors[1].nam",
        "house.doors[1]",
        "house.heated",
    ]
    assert str(caught.value).count("\n") == 4
    assert caught.value.key == "house.heatd"


def test_of_a_long_list_only_the_nearest_are_named() -> None:
    told = nearest("zzz", [f"name-{n}" for n in range(60)])
    assert told.startswith("the nearest of 60 are ") and told.count(",") == ALIKE_MAX - 1
