"""Traffic of a run, from its packets: heartbeats and gaps, delays, losses, and the last sign before each conclusion.

This module decides what a gap is and how delays are summed up. It leaves the packets to `passages.py`, and display to
`cli.py`. Seconds are protocol time; milliseconds are real, because a delay depends on the machine and not on a timer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from herzschlag.checkers.truth import fault_of
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, Record
from herzschlag.packets.bad_lines import BadLine, bad_lines
from herzschlag.packets.confirm import Confirmation, Wire, concerned_of, confirm_run
from herzschlag.packets.passages import Passage
from herzschlag.packets.run import PacketRun
from herzschlag.scenarios.plan import make_plan

GAP_INTERVALS = 1.5
"""Two deliveries further apart than this many heartbeat intervals have a gap between them."""
SILENT_INTERVALS = 3
"""A stream that ends this many intervals before the run has fallen silent."""
CONCLUSIONS = {
    "host-state": ("networkPartitionedFromMaster", "networkIsolated", "hostDown", "fdmUnreachable"),
    "role": ("election", "isolated"),
    "liveness": ("unreachable",),
}
"""Records that follow from silence: the kind, and the values of its `to` or `phase`."""


class Spread(msgspec.Struct, frozen=True):
    """How a figure is distributed."""

    count: int
    least: float
    median: float
    p99: float
    most: float


class Gap(msgspec.Struct, frozen=True):
    from_s: float
    to_s: float


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Heartbeats of one host to one other on one network."""

    network: str
    source: str
    destination: str
    sent: int
    delivered: int
    gaps: tuple[Gap, ...]
    longest_gap_s: float
    silent_since_s: float | None
    """When the last one was delivered, if none came for a while before the end."""
    delay_ms: Spread | None
    """From the sender's stamp to the destination's link; None too for a host whose clock was set wrong."""
    jitter_ms: Spread | None
    """Differences of neighbouring delays."""


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """Packets of one kind that entered a switch before the end of the run and were never delivered. Later packets do
    not count: the lab's nodes end one by one."""

    network: str
    source: str
    destination: str
    kind: str
    count: int
    first_s: float
    last_s: float


class LastSign(msgspec.Struct, frozen=True, kw_only=True):
    """The last heartbeats before a conclusion from silence."""

    record: int
    at_s: float
    node: str
    concluded: str
    of: str
    """Whose heartbeats were missed."""
    last_s: dict[str, float | None]
    """Network to the delivery of the last one."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    directory: str
    scenario: str
    speed: float
    interval_s: float
    packets: dict[str, int]
    """Kind to how many entered a switch."""
    streams: tuple[Stream, ...]
    lost: tuple[Lost, ...]
    last_signs: tuple[LastSign, ...]
    bad_lines: tuple[BadLine, ...]
    """What became of datagrams on the lines of each fault that made some bad."""
    confirmations: tuple[Confirmation, ...]
    delay_ms: Spread | None
    """Of all datagrams."""
    remarks: tuple[str, ...]


def spread(values: Iterable[float]) -> Spread | None:
    found = sorted(values)
    if not found:
        return None
    return Spread(len(found), found[0], found[len(found) // 2], found[len(found) * 99 // 100], found[-1])


def summary(run: PacketRun) -> Summary:
    passages = run.passages
    packets = passages.packets
    interval_ns = make_plan(run.scenario).timers.heartbeat_interval_ns
    end_ns = packets[-1].entered_ns if packets else 0
    ends = run.history.of_kind("end")
    wrong = wrong_clocks(run)
    groups: dict[tuple[str, str, str], list[Passage]] = {}
    for packet in packets:
        if packet.kind == "Heartbeat":
            groups.setdefault((packet.network, packet.source, packet.destination), []).append(packet)
    return Summary(
        directory=str(run.directory),
        scenario=run.scenario.name,
        speed=passages.facts.speed,
        interval_s=interval_ns / SECOND,
        packets=dict(sorted(Counter(packet.kind for packet in packets).items())),
        streams=tuple(_stream(key, groups[key], interval_ns, end_ns, wrong) for key in sorted(groups)),
        lost=lost(packets, ends[0].at_ns if ends else None),
        last_signs=last_signs(run),
        bad_lines=bad_lines(run),
        confirmations=confirm_run(run) if len(run.history) else (),
        delay_ms=spread(_delays_ms(packets, wrong)),
        remarks=_remarks(run, wrong),
    )


def wrong_clocks(run: PacketRun) -> frozenset[str]:
    """Hosts whose clock was set wrong at some time: their stamps say nothing about delays."""
    told = [fault_of(r) for r in run.history.where("fault", phase="begin")]
    conditions = [c for fault in told for c in fault.primitives(run.scenario.cluster.topology())]
    return frozenset(c.host for c in conditions if isinstance(c, p.ClockOff))


def _delays_ms(packets: Iterable[Passage], wrong: frozenset[str]) -> list[float]:
    return [one.delay_ns / 1e6 for one in packets if one.delay_ns is not None and one.source not in wrong]


def _stream(
    key: tuple[str, str, str], sent: Sequence[Passage], interval_ns: int, end_ns: int, wrong: frozenset[str]
) -> Stream:
    network, source, destination = key
    arrivals = sorted(packet.left_ns for packet in sent if packet.left_ns is not None)
    pairs = list(pairwise(arrivals))
    delays = _delays_ms(sent, wrong)
    silent = bool(arrivals) and end_ns - arrivals[-1] > SILENT_INTERVALS * interval_ns
    return Stream(
        network=network,
        source=source,
        destination=destination,
        sent=len(sent),
        delivered=len(arrivals),
        gaps=tuple(Gap(a / SECOND, b / SECOND) for a, b in pairs if b - a > GAP_INTERVALS * interval_ns),
        longest_gap_s=max((b - a for a, b in pairs), default=0) / SECOND,
        silent_since_s=arrivals[-1] / SECOND if silent else None,
        delay_ms=spread(delays),
        jitter_ms=spread(abs(b - a) for a, b in pairwise(delays)),
    )


def lost(packets: Iterable[Passage], end_ns: int | None = None) -> tuple[Lost, ...]:
    """What was sent before the end and never arrived, most of it first. Without an end, of all packets."""
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    for packet in packets:
        if packet.left_ns is None and (end_ns is None or packet.entered_ns < end_ns):
            key = (packet.network, packet.source, packet.destination, packet.kind)
            groups.setdefault(key, []).append(packet.entered_ns)
    found = [
        Lost(
            network=key[0],
            source=key[1],
            destination=key[2],
            kind=key[3],
            count=len(times),
            first_s=times[0] / SECOND,
            last_s=times[-1] / SECOND,
        )
        for key, times in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.kind, one.network, one.source, one.destination)))


def last_signs(run: PacketRun) -> tuple[LastSign, ...]:
    wire, networks = Wire(run.passages), run.scenario.cluster.topology().networks
    found = []
    for record in run.history:
        concluded = _conclusion(record)
        of = concerned_of(record, run.history) if concluded else ""
        if run.passages.full_ns is not None and record.at_ns >= run.passages.full_ns:
            break
        if not of or of == record.node or record.node not in run.scenario.cluster.topology().moids:
            continue
        beats = {network: wire.last_heartbeat(of, record.node, record.at_ns, network) for network in networks}
        found.append(
            LastSign(
                record=record.seq,
                at_s=record.at_ns / SECOND,
                node=record.node,
                concluded=concluded,
                of=of,
                last_s={
                    network: beat.left_ns / SECOND if beat is not None and beat.left_ns is not None else None
                    for network, beat in beats.items()
                },
            )
        )
    return tuple(found)


def _conclusion(record: Record) -> str:
    values = CONCLUSIONS.get(record.kind, ())
    value = record.get("phase") if record.kind == "liveness" else record.get("to")
    if value not in values:
        return ""
    host = record.get("host")
    return f"{host} is {value}" if host else f"{record.node} is {value}"


def _remarks(run: PacketRun, wrong: frozenset[str]) -> tuple[str, ...]:
    found = []
    if not len(run.history):
        found.append("the run was killed before it wrote its history: only its packets are left")
    if wrong:
        found.append(f"no delays of {', '.join(sorted(wrong))}: its clock was set wrong, and so were its stamps")
    if run.passages.dropped:
        found.append(f"{run.passages.dropped} packets came too fast to be recorded: what is missing proves nothing")
    if run.passages.full_ns is not None:
        at_s = run.passages.full_ns / SECOND
        found.append(f"the capture reached the limit of its size at {at_s:.3f} s: nothing is known of later packets")
    if not run.passages.ended:
        found.append("the recorder did not come to its end: the last packets may be missing")
    return tuple(found)
