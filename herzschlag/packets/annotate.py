"""Annotates the capture: writes the run's events into it as packet comments, once the run is over.

This module decides which records are worth a comment and which packet carries it: the first one at or after the
instant, which the event often caused; an event after the last packet is written at that one. Packets are put in order
of time, and a file that a kill cut short becomes whole. The packets themselves stay as they are.
"""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path

import msgspec

from herzschlag.history.capture_facts import CAPTURE_FILE, CaptureFacts, from_comments
from herzschlag.history.records import SECOND, History, Record, write_whole
from herzschlag.history.words import named
from herzschlag.topo.capture import pcapng

COMMENTED = (
    *("ready", "fault", "role", "election", "isolation", "liveness", "host-state", "restart", "vm", "vcenter"),
    *("machinery", "capture-full", "end"),
)
"""Kinds of records: acts and conclusions. Locks, configuration and counters are of no use among packets."""
_SHOWN = (
    "fault",
    "about",
    "phase",
    "host",
    "vm",
    "from",
    "to",
    "master",
    "target",
    "attempt",
    "do",
    "what",
)


def comment(record: Record) -> str:
    """`18.013 s  host-99  host-state: host=host-98 from=connectedToMaster to=hostDown (no datastore heartbeat)`"""
    fields = record.fields
    text = f"{record.at_ns / SECOND:.3f} s  {record.node}  {record.kind}: {named(record, _SHOWN)}".rstrip(": ")
    if record.kind == "fault" and "asked_ns" in fields:
        text += f" (asked for at {fields['asked_ns'] / SECOND:.3f} s, effective at {record.at_ns / SECOND:.3f} s)"
    because = fields.get("because")
    return f"{text} ({because})" if because else text


def annotated(capture: pcapng.Capture, history: History, facts: CaptureFacts) -> pcapng.Capture:
    """The capture in order of time, with the history's comments; those it had from an earlier time are replaced."""
    packets = sorted(capture.packets, key=lambda packet: packet.at_ns)
    times = [packet.at_ns for packet in packets]
    comments: dict[int, list[str]] = {}
    for record in history:
        if record.kind in COMMENTED and packets:
            at = min(bisect_left(times, facts.wall_ns(record.at_ns)), len(packets) - 1)
            comments.setdefault(at, []).append(comment(record))
    told = [
        msgspec.structs.replace(packet, comments=tuple(comments.get(index, ())))
        if index in comments or packet.comments
        else packet
        for index, packet in enumerate(packets)
    ]
    return msgspec.structs.replace(capture, packets=tuple(told))


class Taken(msgspec.Struct, frozen=True):
    """The capture of a run that has ended, read once for all that is made of it."""

    file: Path
    capture: pcapng.Capture
    facts: CaptureFacts

    def annotate(self, history: History) -> None:
        """Write the history's comments into the file. Raises OSError."""
        write_whole(self.file, b"".join(pcapng.encode(annotated(self.capture, history, self.facts))))


def read_taken(directory: Path) -> Taken | None:
    """The capture in a run directory; None when there is none of a run. Raises OSError and PcapngError."""
    file = directory / CAPTURE_FILE
    if not file.exists():
        return None
    capture = pcapng.read(file)
    facts = from_comments(capture.comments)
    return None if facts is None else Taken(file, capture, facts)
