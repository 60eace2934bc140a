"""Layers are named by users, and every packet that is drawn belongs to one."""

from __future__ import annotations

import pytest

from herzschlag.pictures.layers import PACKETS, Layer, chosen
from herzschlag.pictures.words import layer
from herzschlag.wrong_input import InputError


def test_all_layers_are_drawn_unless_some_are_named() -> None:
    assert chosen(None, None) == frozenset(Layer)
    assert chosen("hearts, locks", None) == {Layer.HEARTS, Layer.LOCKS}
    assert chosen(None, "legend,clock") == frozenset(Layer) - {Layer.LEGEND, Layer.CLOCK}
    assert chosen("hearts,locks", "locks") == {Layer.HEARTS}


@pytest.mark.parametrize("only, without", [("harts", None), (None, "harts")])
def test_an_unknown_layer_is_told_with_the_nearest(only: str | None, without: str | None) -> None:
    with pytest.raises(InputError, match=r"'harts' is not a layer.*hearts"):
        chosen(only, without)


def test_each_layer_has_a_name_of_its_own() -> None:
    assert len({layer(one) for one in Layer}) == len(Layer)
    assert set(PACKETS.values()) < set(Layer)
