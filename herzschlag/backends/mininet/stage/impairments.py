"""The impairments of each node's packets under given conditions, as a pure function.

This module decides which node carries a condition out. It leaves what several impairments of one link come to together
to `faults/line_quality.py`, the means to `topo/impairments/apply.py`. Times become real ones here: a delay of protocol
milliseconds shrinks with `speed`, as timers do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from herzschlag.faults.line_quality import line_quality
from herzschlag.faults.primitives import REORDER_HOLD_MS, AnyCondition, Blocked, Impaired, LinkCut
from herzschlag.topo.errors import ImpairError
from herzschlag.topo.impairments.values import Block, Impairment, Quality

MILLISECOND = 1_000_000
SHARE_DIGITS = 9

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
        links={link: _quality(found, speed) for link, found in sorted(links.items())},
    )


def _blocks(condition: Blocked) -> set[Block]:
    if condition.what == "icmp":
        return {Block("icmp", None, condition.direction)}
    return {
        Block("udp", int(condition.what), condition.direction),
        Block("tcp", int(condition.what), condition.direction),
    }


def _quality(impaired: list[Impaired], speed: float) -> Quality:
    def real_ns(time_ms: float) -> int:
        return round(time_ms * MILLISECOND / speed)

    combined = line_quality(impaired)
    delay_ms, jitter_ms = combined.delay_ms, combined.jitter_ms
    overtaking = round(combined.reorder, SHARE_DIGITS)
    if overtaking and jitter_ms and not delay_ms:
        raise ImpairError(f"reorder={overtaking} with jitter_ms={jitter_ms:g}: netem does both with a delay_ms alone")
    if overtaking and not delay_ms:
        # Reordering alone: the packets chosen are held back and all others overtake them.
        delay_ms, overtaking = REORDER_HOLD_MS, round(1 - overtaking, SHARE_DIGITS)
    return Quality(
        loss=round(combined.loss, SHARE_DIGITS),
        duplicate=round(combined.duplicate, SHARE_DIGITS),
        delay_ns=real_ns(delay_ms),
        jitter_ns=real_ns(jitter_ms),
        overtaking=overtaking,
    )
