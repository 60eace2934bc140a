"""The impairments of each node's packets under given conditions, as a pure function.

This module decides which node carries a condition out. It leaves what several impairments of one link come to together
to `faults/line_quality.py`, the means to `topo/impairments/apply.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from herzschlag.faults.line_quality import line_course, line_quality, varies
from herzschlag.faults.primitives import AnyCondition, Blocked, Impaired, LinkCut
from herzschlag.topo.impairments.values import Block, Impairment

FilterCondition = Blocked | Impaired | LinkCut


def filtered_at(condition: AnyCondition) -> str | None:
    """The node whose filters or queues carry the condition out; None if it is not carried out by these."""
    match condition:
        case Blocked(host=host):
            return host
        case LinkCut(at="nftables", src=src):
            return src
        case Impaired(src=src):
            return src
    return None


def impairments(conditions: Iterable[AnyCondition], nodes: Iterable[str], speed: float) -> dict[str, Impairment]:
    """The impairment of each of these nodes while exactly these conditions hold."""
    by_node: defaultdict[str, list[AnyCondition]] = defaultdict(list)
    for condition in conditions:
        if (node := filtered_at(condition)) is not None:
            by_node[node].append(condition)
    return {node: _impairment(by_node[node], speed) for node in nodes}


def _impairment(conditions: list[AnyCondition], speed: float) -> Impairment:
    blocks: set[Block] = set()
    cuts: set[tuple[str, str]] = set()
    links: defaultdict[tuple[str, str], list[Impaired]] = defaultdict(list)
    for condition in conditions:
        if isinstance(condition, Blocked):
            blocks |= _blocks(condition)
        elif isinstance(condition, LinkCut):
            cuts.add((condition.network, condition.dst))
        elif isinstance(condition, Impaired):
            links[condition.network, condition.dst].append(condition)
    return Impairment(
        blocks=tuple(sorted(blocks, key=repr)),
        cuts=frozenset(cuts),
        links={
            link: line_quality(found, speed) for link, found in sorted(links.items()) if not any(map(varies, found))
        },
        courses={link: line_course(found, speed) for link, found in sorted(links.items()) if any(map(varies, found))},
    )


def _blocks(condition: Blocked) -> set[Block]:
    if condition.what == "icmp":
        return {Block("icmp", None, condition.direction)}
    return {
        Block("udp", int(condition.what), condition.direction),
        Block("tcp", int(condition.what), condition.direction),
    }
