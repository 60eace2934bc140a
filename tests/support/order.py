"""The order of tests for several workers: what takes long begins first, everything else keeps its neighbours.

pytest-xdist's `worksteal` deals the tests out in as many stretches as there are workers, and a worker that has nothing
left takes the end of another's stretch. A long test in the middle of a stretch would so begin last, and all the other
workers would wait for it. Neighbours stay together, because they use a lab again and share the fixtures of their file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def long_first(items: Sequence[T], takes_s: Mapping[int, float], workers: int) -> list[T]:
    """The items in the order in which half of `workers` stretches of them begin with the long ones, dealt evenly by
    time. Long tests wait for most of their time: the other half keeps the processors busy meanwhile.

    `takes_s`: the seconds of the long ones, by their place in `items`.
    """
    heads: list[list[int]] = [[] for _ in range(workers)]
    loads = [0.0] * ((workers + 1) // 2)
    for place in sorted(takes_s, key=lambda one: (-takes_s[one], one)):
        least = loads.index(min(loads))
        heads[least].append(place)
        loads[least] += takes_s[place]
    rest = iter([place for place in range(len(items)) if place not in takes_s])
    ordered: list[T] = []
    left = len(items)
    for number, head in enumerate(heads):
        stretch = max(left // (workers - number), len(head)) if number < workers - 1 else left
        left -= stretch
        ordered += [items[place] for place in head]
        ordered += [items[place] for _, place in zip(range(stretch - len(head)), rest, strict=False)]
    return ordered
