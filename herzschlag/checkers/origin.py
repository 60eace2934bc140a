"""The moment that a published instant counts from.

The timers of the modelled system start at the last heartbeat that came, and its published timelines begin there too:
their T0 is the death of a host that has just sent one. So this module decides that an instant after a fault that stops
heartbeats counts from the last one that arrived, by the records of kind `last-heartbeat`, and not from the fault, which
is set off a little later and takes a while. Everything else counts from its own moment: a fault that stops none, the
end of a fault, a record. So does an instant of which no such heartbeat is known, as without a capture.

Which heartbeat: of those that the fault stopped, the last one that the instant's own node was given, from the host that
its record names if that host sent one, on the network that a record of a link names; or the last one of all for a node
that was given none, as vCenter.
"""

from __future__ import annotations

import msgspec

from herzschlag.checkers.pace import took_s
from herzschlag.checkers.truth import Truth
from herzschlag.history.records import Record


class Origin(msgspec.Struct, frozen=True):
    """The moment, with how much it may lie earlier or later, in protocol seconds."""

    at_ns: int
    earlier_s: float
    later_s: float
    heartbeat: Record | None
    """The record of the heartbeat it is; None: it is another moment."""

    @property
    def words(self) -> str:
        """What follows a measured time; empty when it counts from the moment itself."""
        if self.heartbeat is None:
            return ""
        fields = self.heartbeat.fields
        return f" after the last heartbeat of {fields['sender']} to {fields['receiver']}"


def origin_of(moment: Record, record: Record, truth: Truth, speed: float) -> Origin:
    """Where the instant of `record` counts from, when its scenario counts it from `moment`."""
    heartbeat = _heartbeat(moment, record, truth)
    if heartbeat is None:
        return Origin(moment.at_ns, *took_s(moment, speed), None)
    return Origin(int(heartbeat.fields["arrived_ns"]), 0.0, 0.0, heartbeat)


def _heartbeat(moment: Record, record: Record, truth: Truth) -> Record | None:
    if moment.kind != "fault" or moment.get("phase") != "begin":
        return None
    told = truth.history.where("last-heartbeat", id=moment.get("id"))
    if not told:
        return None
    stopped = truth.silenced_at(moment.at_ns)
    found = [one for one in told if (one.fields["sender"], one.fields["receiver"]) in stopped]
    for wanted in (
        {"receiver": record.node, "sender": record.get("peer"), "network": record.get("network")},
        {"receiver": record.node, "sender": record.get("host")},
        {"receiver": record.node},
        {},
    ):
        if fitting := [one for one in found if all(one.get(name) == value for name, value in wanted.items())]:
            return max(fitting, key=lambda one: int(one.fields["arrived_ns"]))
    return None
