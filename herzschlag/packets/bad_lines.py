"""Bad lines by the capture: what became of datagrams on each line of a fault, beside what the relay counts itself.

A bad line lies between its sender and the switch, and the capture begins behind it: it does not show a packet that was
lost there. But an agent sends the same datagram, with the same number, on every network. So of a line this module knows
as sent what was seen on any network while the fault was in force, and as arrived what was seen on its own. Where no
other network of the two is whole, that is the least that can have been sent (`at_least`), and the loss is higher than
it looks. Delays are real time, from the sender's stamp to the destination's link, by datagram.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from herzschlag.checkers.truth import Span, Truth
from herzschlag.faults import primitives as p
from herzschlag.packets.passages import Passage
from herzschlag.packets.run import PacketRun


class BadLine(msgspec.Struct, frozen=True, kw_only=True):
    fault: str
    """Id of its step."""
    network: str
    source: str
    destination: str
    sent: int
    at_least: bool
    arrived: int
    delays_ms: tuple[float, ...]
    """Sorted."""

    @property
    def lost_share(self) -> float:
        return 1 - self.arrived / self.sent if self.sent else 0.0


def bad_lines(run: PacketRun) -> tuple[BadLine, ...]:
    if not len(run.history):
        return ()
    truth = Truth(run.history, run.scenario)
    return tuple(line for span in truth.spans for line in lines_of(span, run.passages.packets, truth.lab.networks))


def lines_of(span: Span, packets: Iterable[Passage], networks: tuple[str, ...]) -> list[BadLine]:
    bad = sorted({(c.network, c.src, c.dst) for c in span.primitives if isinstance(c, p.Impaired)})
    seen: dict[tuple[str, str], dict[tuple[int, int], dict[str, Passage]]] = {}
    ends = {(src, dst) for _, src, dst in bad}
    for one in packets:
        if one.message is None or not span.begin_ns <= one.entered_ns < span.end_ns:
            continue
        if (one.source, one.destination) in ends:
            number = (one.message.boot, one.message.sequence)
            seen.setdefault((one.source, one.destination), {}).setdefault(number, {})[one.network] = one
    found = []
    for network, src, dst in bad:
        datagrams = seen.get((src, dst), {}).values()
        own = [on[network] for on in datagrams if network in on and on[network].left_ns is not None]
        whole = [net for net in networks if (net, src, dst) not in bad]
        found.append(
            BadLine(
                fault=span.id,
                network=network,
                source=src,
                destination=dst,
                sent=len(datagrams),
                at_least=not whole,
                arrived=len(own),
                delays_ms=tuple(sorted(one.delay_ns / 1e6 for one in own if one.delay_ns is not None)),
            )
        )
    return found
