"""Users and groups of a host in which a system's own are root: an ordinary user's lab has one user, whose number is 0.

A program that changes to a user of its own would fail there: no other number exists. As root it is the same, so that a
system behaves alike in both. This module decides what becomes of the lines of passwd(5) and group(5).
"""

from __future__ import annotations

from collections.abc import Collection

FILES = {"passwd": (2, 3), "group": (2,)}
"""File of `/etc`, to the places of the numbers in its lines."""


def as_root(text: str, names: Collection[str], places: Collection[int]) -> str:
    """The file's text, with number 0 for these names."""
    lines = [line.split(":") for line in text.splitlines()]
    for words in lines:
        if words[0] in names:
            for place in places:
                words[place] = "0"
    return "".join(":".join(words) + "\n" for words in lines)
