"""Confirms the timeline from packets alone.

This module decides by which packet an instant shows on the wire: what a host does at once when it concludes something
(pings, offers, views, orders). A record tells what to look for and is compared with what was found; the time is the
packet's. An instant that no packet announces, such as the beginning of a watch over datastores, is marked as such. It
leaves judging the timeline to `herzschlag.checkers.rules.timeline`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from herzschlag.agents.protocol.messages import ClusterView, Election, Heartbeat, Inventory, Report, RestartOrder
from herzschlag.checkers.rules import timeline
from herzschlag.history.records import SECOND, History, Record
from herzschlag.history.sent import PING
from herzschlag.packets.passages import Passage, Passages
from herzschlag.packets.run import PacketRun
from herzschlag.scenarios.model import Scenario
from herzschlag.topo.spec import VCENTER, TopologySpec

TOLERANCE_NS = 5_000_000
"""Real time between a record and its packet: encoding, sending, and the switch's own turn."""

Agreement = Literal["agrees", "differs", "not on the wire", "missing", "unknown"]


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """One instant of the timeline, by record and by packet. Seconds are protocol time, milliseconds real."""

    name: str
    agreement: Agreement
    because: str
    """Which packet it is, or why there is none."""
    record: int | None = None
    """Number of the record."""
    record_s: float | None = None
    packet_s: float | None = None
    frame: int | None = None
    """Number of the packet in the capture."""
    difference_ms: float | None = None
    """Packet after record."""
    last_heartbeat_s: float | None = None
    """When the last heartbeat between the two concerned was delivered before the instant."""
    detection_s: float | None = None
    """From that heartbeat to the packet: the detection time, from packets alone."""


class Sought(msgspec.Struct, frozen=True):
    """What shows a record on the wire."""

    source: str
    kinds: tuple[str, ...]
    fits: Callable[[Passage], bool]
    shown: str
    edge: bool = True
    """The packet before it of these kinds must not fit: it shows a change."""


# --- which packet shows what ------------------------------------------------------------------------------------------


def sought(record: Record, lab: TopologySpec) -> Sought | str:
    """What to look for, or why there is nothing."""
    rule = _RULES.get(record.kind)
    if rule is None:
        return f"no packet announces a record {record.kind}"
    return rule(record.node, record.fields, lab)


def _host_state(node: str, fields: dict[str, Any], lab: TopologySpec) -> Sought | str:
    host, state = fields["host"], fields["to"]
    if node == VCENTER:
        return "vCenter does not send its own opinion of a host"

    def fits(packet: Passage) -> bool:
        return isinstance(packet.message, ClusterView) and packet.message.hosts.get(host) == state

    return Sought(node, ("ClusterView",), fits, f"{node} tells vCenter that {host} is {state}")


def _liveness(node: str, fields: dict[str, Any], lab: TopologySpec) -> Sought | str:
    host = fields["host"]
    if fields["phase"] != "unreachable":
        return "watching datastores sends nothing"
    return Sought(node, (PING,), lambda packet: packet.destination == host, f"{node} pings {host}", edge=False)


def _role(node: str, fields: dict[str, Any], lab: TopologySpec) -> Sought | str:
    role = fields["to"]
    if role == "election":
        return Sought(node, ("Election", "Heartbeat"), _is_offer, f"{node} offers itself in an election")
    if role == "master":
        return Sought(node, ("Heartbeat", "Election"), _is_masters, f"{node} sends heartbeats as master")

    def fits(packet: Passage) -> bool:
        return isinstance(packet.message, Report) and packet.message.role == role

    return Sought(node, ("Report",), fits, f"{node} reports to vCenter that it is {role}")


def _is_offer(packet: Passage) -> bool:
    return isinstance(packet.message, Election)


def _is_masters(packet: Passage) -> bool:
    return isinstance(packet.message, Heartbeat) and packet.message.role == "master"


def _election(node: str, fields: dict[str, Any], lab: TopologySpec) -> Sought | str:
    role = {"started": "election", "won": "master"}.get(fields["phase"])
    return _role(node, {"to": role}, lab) if role else "a host that loses an election sends nothing about it"


def _isolation(node: str, fields: dict[str, Any], lab: TopologySpec) -> Sought | str:
    if fields["phase"] == "probing":
        return Sought(node, (PING,), lambda _: True, f"{node} pings its isolation addresses", edge=False)
    if fields["phase"] == "declared":
        return _role(node, {"to": "isolated"}, lab)
    return "what an isolated host does to its VMs stays on it"


def _restart(node: str, fields: dict[str, Any], lab: TopologySpec) -> Sought | str:
    vm, attempt, target = fields["vm"], fields.get("attempt"), fields.get("target")
    if fields["phase"] != "ordered":
        return f"a restart that is {fields['phase']} is not sent to anyone"
    if target == node:
        return f"{node} starts {vm} itself"

    def fits(packet: Passage) -> bool:
        order = packet.message
        return isinstance(order, RestartOrder) and order.vm.name == vm and order.attempt == attempt

    return Sought(node, ("RestartOrder",), fits, f"{node} orders {target} to start {vm}", edge=False)


def _vm(node: str, fields: dict[str, Any], lab: TopologySpec) -> Sought | str:
    vm, state = fields["vm"], fields["to"]
    if state not in ("on", "off"):
        return f"no packet announces that a VM is {state}"

    def fits(packet: Passage) -> bool:
        message = packet.message
        return isinstance(message, Report | Inventory) and (vm in message.vms) == (state == "on")

    return Sought(node, ("Report", "Inventory"), fits, f"{node} tells that {vm} is {state}")


_RULES: dict[str, Callable[[str, dict[str, Any], TopologySpec], Sought | str]] = {
    "host-state": _host_state,
    "liveness": _liveness,
    "role": _role,
    "election": _election,
    "isolation": _isolation,
    "restart": _restart,
    "vm": _vm,
}


# --- looking ----------------------------------------------------------------------------------------------------------


class Wire:
    """The packets of a run, ready for being asked."""

    def __init__(self, passages: Passages) -> None:
        self._facts = passages.facts
        self._full_ns = passages.full_ns
        self._of_source: dict[str, list[Passage]] = {}
        self._heartbeats: dict[tuple[str, str], list[Passage]] = {}
        for packet in passages.packets:
            self._of_source.setdefault(packet.source, []).append(packet)
            if packet.kind == "Heartbeat" and packet.left_ns is not None:
                self._heartbeats.setdefault((packet.source, packet.destination), []).append(packet)

    def first(self, wanted: Sought, from_ns: int) -> Passage | None:
        """The first packet from then on that shows it."""
        before = False
        for packet in self._of_source.get(wanted.source, []):
            if packet.kind not in wanted.kinds:
                continue
            fits = wanted.fits(packet)
            if packet.entered_ns >= from_ns and fits and not (wanted.edge and before):
                return packet
            before = fits
        return None

    def last_heartbeat(self, source: str, destination: str, until_ns: int, network: str = "") -> Passage | None:
        """The last one delivered before then, on one network or any."""
        found = None
        for packet in self._heartbeats.get((source, destination), []):
            assert packet.left_ns is not None, "only delivered ones are kept here"
            if packet.left_ns >= until_ns:
                break
            if not network or packet.network == network:
                found = packet
        return found

    def confirm(self, name: str, record: Record, from_ns: int, lab: TopologySpec, concerned: str) -> Confirmation:
        """Find the packet that shows a record, and how long after the last heartbeat of `concerned` it came."""
        wanted = sought(record, lab)
        told = {"name": name, "record": record.seq, "record_s": record.at_ns / SECOND}
        if isinstance(wanted, str):
            return Confirmation(agreement="not on the wire", because=wanted, **told)  # type: ignore[arg-type]
        room_ns = TOLERANCE_NS * self._facts.speed
        if self._full_ns is not None and record.at_ns + room_ns >= self._full_ns:
            why = "the capture had reached the limit of its size"
            return Confirmation(agreement="unknown", because=why, **told)  # type: ignore[arg-type]
        packet = self.first(wanted, from_ns)
        if packet is None:
            why = f"no packet shows that {wanted.shown}"
            return Confirmation(agreement="missing", because=why, **told)  # type: ignore[arg-type]
        apart_ns = (packet.entered_ns - record.at_ns) / self._facts.speed
        beat = self.last_heartbeat(concerned, record.node, packet.entered_ns) if concerned else None
        agreement: Agreement = "agrees" if abs(apart_ns) <= TOLERANCE_NS else "differs"
        return Confirmation(
            agreement=agreement,
            because=f"{wanted.shown} (network {packet.network})",
            packet_s=packet.entered_ns / SECOND,
            frame=packet.frame,
            difference_ms=apart_ns / 1e6,
            last_heartbeat_s=beat.left_ns / SECOND if beat is not None and beat.left_ns is not None else None,
            detection_s=(packet.entered_ns - beat.left_ns) / SECOND if beat is not None and beat.left_ns else None,
            **told,  # type: ignore[arg-type]
        )


def concerned_of(record: Record, history: History) -> str:
    """The host whose heartbeats the record's node missed, if any: the one it names, or its previous master."""
    host = record.get("host")
    if host:
        return str(host)
    followed = ""
    for item in history.of_kind("role", node=record.node):
        if item.at_ns >= record.at_ns:
            break
        if item.get("master") not in (None, "", record.node):
            followed = str(item.get("master"))
    return followed


def confirm_timeline(passages: Passages, history: History, scenario: Scenario) -> tuple[Confirmation, ...]:
    """Every instant of the timeline checker that came, in its order."""
    wire, lab = Wire(passages), scenario.cluster.topology()
    found = []
    for detail in timeline.CHECKER.check(history, scenario).details:
        if detail.measured_s is None or len(detail.evidence) < 2:
            found.append(Confirmation(name=detail.name, agreement="missing", because="its record never came"))
            continue
        origin, record, *_ = (history[seq] for seq in detail.evidence)
        found.append(wire.confirm(detail.name, record, origin.at_ns, lab, concerned_of(record, history)))
    return tuple(found)


def confirm_run(run: PacketRun) -> tuple[Confirmation, ...]:
    return confirm_timeline(run.passages, run.history, run.scenario)


def disagreements(confirmations: Iterable[Confirmation]) -> list[Confirmation]:
    return [one for one in confirmations if one.agreement in ("differs", "missing")]
