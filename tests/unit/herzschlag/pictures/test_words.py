"""Words of a picture, and its clock."""

from __future__ import annotations

from typing import get_args

import pytest

from herzschlag.agents.states import HostState, Role
from herzschlag.languages import speaking
from herzschlag.pictures import words
from herzschlag.pictures.layers import PACKETS


@pytest.mark.parametrize(
    "seconds, told", [(45.2, "T+45.2 s"), (0.0, "T+0.0 s"), (-3.25, "T-3.2 s"), (1234.0, "T+1234.0 s")]
)
def test_the_clock_has_the_decimal_sign_of_its_language(seconds: float, told: str) -> None:
    assert words.clock(seconds) == told
    with speaking("de"):
        assert words.clock(seconds) == told.replace(".", ",")


def test_packets_have_names_of_their_own() -> None:
    names = [words.packet(kind, lost) for kind in PACKETS for lost in (False, True)]
    assert len(set(names)) == len(names)


def test_every_state_has_a_word() -> None:
    roles = [words.role(role) for role in get_args(Role)]
    assert len(set(roles)) == len(roles)
    fine = ("connectedToMaster", "master")  # of which no picture has a word
    assert all(words.belief(state) != state for state in get_args(HostState) if state not in fine)
