"""The facts of a run that are needed to read its capture: kept in the capture itself, and in run.json for people.

This module decides the values and where in the file they are: as JSON in the comment of its section, written before
the first packet, so that the capture of a killed run explains itself.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

CAPTURE_FILE = "capture.pcapng"


class CaptureFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that tie packets to the run's history."""

    cluster: str
    """The cluster's name, whose hash is in every datagram."""
    key: str
    """The key of this run's datagrams, hexadecimal, with which tags are verified. It is worthless after the run."""
    began_wall_ns: int
    """Time stamp in the capture of the history's zero; protocol time is what has passed since, times `speed`."""
    began_monotonic_ns: int
    """The same moment on the monotonic clock, by which datagrams say when they were sent."""
    speed: float
    mode: str
    """Which packets were kept: `heartbeats` or `all`."""

    def protocol_ns(self, wall_ns: int) -> int:
        return round((wall_ns - self.began_wall_ns) * self.speed)

    def wall_ns(self, protocol_ns: int) -> int:
        return self.began_wall_ns + round(protocol_ns / self.speed)


def to_comment(facts: CaptureFacts) -> str:
    return msgspec.json.encode(facts).decode()


def from_comments(comments: Iterable[str]) -> CaptureFacts | None:
    """The facts in the comments of a capture; None for a capture that is not of a run."""
    for text in comments:
        try:
            return msgspec.json.decode(text, type=CaptureFacts)
        except msgspec.MsgspecError:
            continue
    return None
