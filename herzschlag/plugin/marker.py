"""The marker: the cluster that a test wants, such as `@pytest.mark.herzschlag(hosts=4, speed=20)`.

This module decides which words the marker knows; a wrong one is reported with the nearest right one before anything is
started. It leaves making the cluster to `labs.py`.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from herzschlag.errors import WrongInput
from herzschlag.plugin.constants import SEED, SPEED
from herzschlag.scenarios.model import Cluster as Setup
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.validation import check
from herzschlag.wrong_input import InputError, build, unknown_keys

MARKER = "herzschlag"
OWN_KEYS = ("speed", "seed", "alone")
"""Besides those of a scenario's [cluster] table."""


class Wish(msgspec.Struct, frozen=True):
    """Two tests with equal requests may use one lab, one after the other."""

    setup: Setup
    speed: float = SPEED
    seed: int = SEED
    alone: bool = False
    """On real packets: while no other lab of this user is on the machine."""


class MarkerError(WrongInput):
    """The marker asks for something impossible; the text says what is possible."""


_WISH = pytest.StashKey[Wish]()


def wish_of(item: pytest.Item) -> Wish:
    """The request of all markers together; the nearest to the test wins. Raises MarkerError."""
    if _WISH not in item.stash:
        keys: dict[str, Any] = {}
        for mark in item.iter_markers(MARKER):
            if mark.args:
                raise MarkerError(f"the marker {MARKER} takes names, e.g. hosts=4, not {mark.args[0]!r}")
            keys = {**mark.kwargs, **keys}
        item.stash[_WISH] = _made(keys)
    return item.stash[_WISH]


def _made(keys: dict[str, Any]) -> Wish:
    try:
        unknown_keys(keys, (*OWN_KEYS, *Setup.__struct_fields__), "")
        speed = build(float, keys.pop("speed", SPEED), "speed")
        seed = build(int, keys.pop("seed", SEED), "seed")
        alone = build(bool, keys.pop("alone", False), "alone")
        setup = build(Setup, msgspec.to_builtins(keys))
        check(Scenario(name="test", title="test", cluster=setup, speed=speed))
    except InputError as error:
        raise MarkerError(f"the marker {MARKER}: {error}") from None
    except TypeError as error:
        raise MarkerError(f"the marker {MARKER}: a value of a kind that no key takes: {error}") from None
    return Wish(setup, speed, seed, alone)
