"""Link sets: pure functions from sets of nodes to sets of directed links, for partitions.

This module decides which links connect which nodes. It leaves cutting them to the faults that ask. A directed link is
`(network, source, destination)`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from herzschlag.topo.spec import DirectedLink


def isolate(nodes: Collection[str], others: Iterable[str], networks: Iterable[str]) -> frozenset[DirectedLink]:
    """Every link between one of `nodes` and one of `others`, both ways, and between two of `nodes`."""
    everyone = {*nodes, *others}
    pairs = {(a, b) for a in nodes for b in everyone if a != b}
    return frozenset((net, *pair) for net in networks for a, b in pairs for pair in ((a, b), (b, a)))


def split(groups: Sequence[Collection[str]], networks: Iterable[str]) -> frozenset[DirectedLink]:
    """Every link between two different groups."""
    return frozenset(
        (net, a, b)
        for net in networks
        for i, left in enumerate(groups)
        for j, right in enumerate(groups)
        if i != j
        for a in left
        for b in right
    )


def one_way(sources: Iterable[str], targets: Iterable[str], networks: Iterable[str]) -> frozenset[DirectedLink]:
    targets = tuple(targets)
    return frozenset((net, a, b) for net in networks for a in sources for b in targets if a != b)
