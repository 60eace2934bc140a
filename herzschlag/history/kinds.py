"""Every kind of record that a history may hold: the vocabulary that scenarios and tests match against.

Joins the kinds of hosts and vCenter (`agents/records/`) with those that the harness itself writes, which are defined
here. A misspelt kind or field in an `[[expect...]]` table is an error by this list, and not an expectation that holds
for nothing. The table of docs/results.md is made of these classes by `docs/generate/records.py`.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from herzschlag.agents.records import AnyEntry as AgentsEntry
from herzschlag.agents.records import Entry, Instant, RealLength, Unit, WallInstant, kind_of


class Run(Entry, frozen=True, gc=False, kw_only=True, tag="run"):
    """The run begins."""

    scenario: str
    """Name of the scenario."""
    backend: Literal["simulation", "mininet"]
    """What it runs on."""
    speed: float
    """Protocol seconds in a real second."""
    seed: int
    """What everything random in the run comes from."""
    hosts: list[str]
    """MOIDs of the cluster's hosts."""
    vms: dict[str, str]
    """Name of each VM that is on when the run begins, to the MOID of its host."""
    began_wall_ns: WallInstant | UnsetType = UNSET
    """The history's zero, where packets are captured."""


class ClusterReady(Entry, frozen=True, gc=False, kw_only=True, tag="ready"):
    """The cluster works as configured, and steps begin."""

    because: str
    """The reason."""
    master: str
    """MOID of its master."""


class FaultChange(Entry, frozen=True, gc=False, kw_only=True, tag="fault"):
    """A fault begins or ends; `at_ns` is when that was effective."""

    fault: str
    """Kind of the fault."""
    id: str
    """Id of the step."""
    phase: Literal["begin", "end"]
    """Begins, or is undone."""
    planned_ns: Instant
    """When the scenario wants it."""
    asked_ns: Instant
    """When the backend began to do it."""
    effective_ns: Instant
    """When it was in effect: `at_ns`."""
    took_ns: RealLength
    """How long it went on coming into effect; 0 in simulation."""
    dropped: int | UnsetType = UNSET
    """With `end`: how many packets met it, where that is counted."""
    about: str
    """The fault as a line of text."""
    value: dict[str, Any]
    """The fault as in a scenario file."""
    evidence: dict[str, Any]
    """What shows that it was done, in the backend's own words."""


class Counters(Entry, frozen=True, gc=False, kw_only=True, tag="counters"):
    """What was counted for a fault when the run ended."""

    id: str
    """Id of the step."""
    dropped: int
    """How many packets met it."""
    line: dict[str, int] | UnsetType = UNSET
    """Of a fault that makes lines bad: what happened on them, and what they asked of packets when these came; times are
    nanoseconds of protocol time."""


class LastHeartbeat(Entry, frozen=True, gc=False, kw_only=True, tag="last-heartbeat"):
    """The last heartbeat from one host that another was given before a fault began; found when the run is over, on real
    packets in their capture."""

    id: str
    """Id of the step."""
    sender: str
    """MOID of the host that sent it."""
    receiver: str
    """MOID of the host that was given it."""
    network: str
    """Name of the network by which it came last."""
    arrived_ns: Instant
    """When it came: on real packets, when the switch gave it to the receiver's link."""


class Sent(Entry, frozen=True, gc=False, kw_only=True, tag="sent"):
    """The packets of one kind that a node sent to another by one network from `ready` on, delivered or not; counted
    when the run is over, where the scenario expects something of these records."""

    sender: str
    """Name of the node that sent them: a host's MOID, or `vcenter`."""
    receiver: str
    """Name of the node that they were for: a host's MOID, `vcenter`, or `gateway`."""
    network: str
    """Name of the network."""
    packet: str
    """Name of the message, or `Ping` for an echo request."""
    count: int
    """How many there were; never 0."""


class Switches(Entry, frozen=True, gc=False, kw_only=True, tag="switches"):
    """What all switches counted in the whole run; real packets only."""

    forwarded: int
    """Packets that went to a port."""
    unknown: int
    """Packets that no rule was for."""


class ProgramChange(Entry, frozen=True, gc=False, kw_only=True, tag="program"):
    """A program of another system starts on a host, or ends; real packets only."""

    state_of = ("name",)
    states = ("to",)

    name: str
    """As the system's file calls it."""
    to: Literal["started", "ended"]
    """What became of it."""
    because: str
    """The reason."""


class Holding(Entry, frozen=True, gc=False, kw_only=True, tag="holds"):
    """The kernel of a host gets a virtual address, or loses it; it says so itself, and real packets only."""

    state_of = ("address",)
    states = ("to",)
    untold = ("free",)

    address: str
    """The address."""
    to: Literal["held", "free"]
    """Whether the host has it from now on."""
    because: str
    """The reason."""


class Term(Entry, frozen=True, gc=False, kw_only=True, tag="term"):
    """A host of another system leads a numbered term, as its own line says; real packets only."""

    remembered = True

    term: int
    """Number of the term."""
    because: str
    """The line that said so."""


class View(Entry, frozen=True, gc=False, kw_only=True, tag="view"):
    """A host of another system says which hosts are members, as its own line says; real packets only."""

    remembered = True

    members: str
    """MOIDs of the members, with blanks between."""
    because: str
    """The line that said so."""


class Link(Entry, frozen=True, gc=False, kw_only=True, tag="link"):
    """A host of another system says what it thinks of its link to another host, as its own line says; real packets
    only."""

    state_of = ("peer", "network")
    states = ("to",)

    peer: str
    """MOID of the other host."""
    network: str
    """Name of the network."""
    to: Literal["up", "down"]
    """What the link is from now on."""
    because: str
    """The line that said so."""


class Write(Entry, frozen=True, gc=False, kw_only=True, tag="write"):
    """The answer that the client on a host got to a write to another system: each one that was acknowledged, and the
    first of a row that were not; real packets only."""

    number: int
    """Number of the write; the host's writes have different ones."""
    to: Literal["acknowledged", "refused", "unanswered"]
    """What it was told."""
    because: str
    """The line that said so."""


class Found(Entry, frozen=True, gc=False, kw_only=True, tag="found"):
    """What a host of another system has of one host's writes when the run is over; real packets only."""

    writer: str
    """MOID of the host whose client wrote them."""
    numbers: list[int]
    """Numbers of the writes that are there."""


class PowerLost(Entry, frozen=True, gc=False, kw_only=True, tag="power-lost"):
    """A host lost power while it wrote to a datastore; simulation only, where a test asks for it."""

    remembered = True

    in_: str
    """Kind of the write."""
    path: str
    """The file, from the datastore's root."""


class CaptureFull(Entry, frozen=True, gc=False, kw_only=True, tag="capture-full"):
    """The capture reached the limit of its size, and has no later packets; real packets only."""

    remembered = True

    limit_bytes: int
    """The limit."""
    because: str
    """The reason."""


class Machinery(Entry, frozen=True, gc=False, kw_only=True, tag="machinery"):
    """A part of the harness died or stands still, so the run proves nothing any more."""

    remembered = True

    what: str
    """Name of the part."""
    because: str
    """The reason."""


class End(Entry, frozen=True, gc=False, kw_only=True, tag="end"):
    """The run ends."""

    because: str
    """The reason."""


HarnessEntry = (
    Run
    | ClusterReady
    | FaultChange
    | Counters
    | LastHeartbeat
    | Sent
    | Switches
    | ProgramChange
    | Holding
    | Term
    | View
    | Link
    | Write
    | Found
    | PowerLost
    | CaptureFull
    | Machinery
    | End
)
REAL_PACKETS_ONLY = frozenset(
    {
        "lateness",
        "undelivered",
        "switches",
        "capture-full",
        "program",
        "holds",
        "term",
        "view",
        "link",
        "write",
        "found",
    }
)
"""Kinds that no simulation writes."""
SIMULATION_ONLY = frozenset({"power-lost"})


class Field(msgspec.Struct, frozen=True):
    """What the schema says about one field."""

    unit: Unit | None
    """None: the value measures no time."""
    optional: bool
    """Left out of records that it does not concern."""
    values: tuple[str, ...]
    """All that it can be; empty when that cannot be listed."""


class Kind(msgspec.Struct, frozen=True):
    entry: type[Entry]
    fields: Mapping[str, Field]
    """By name, as a history shows it."""

    @property
    def about(self) -> str:
        return inspect.getdoc(self.entry) or ""


def _field(hint: Any) -> Field:
    arms = get_args(hint) if get_origin(hint) is UnionType or get_origin(hint) is Union else (hint,)
    units = [mark for arm in arms for mark in getattr(arm, "__metadata__", ()) if isinstance(mark, Unit)]
    values = tuple(value for arm in arms if get_origin(arm) is Literal for value in get_args(arm))
    return Field(units[0] if units else None, UnsetType in arms, values)


def _kind(entry: type[Entry]) -> Kind:
    hints = get_type_hints(entry, include_extras=True)
    names = zip(entry.__struct_fields__, entry.__struct_encode_fields__, strict=True)
    return Kind(entry, {shown: _field(hints[name]) for name, shown in names})


KINDS: dict[str, Kind] = {kind_of(e): _kind(e) for e in (*get_args(AgentsEntry), *get_args(HarnessEntry))}


def field_docs(cls: type) -> dict[str, str]:
    """Attribute of a class to the text below it in the source."""
    (tree,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            assert isinstance(text.value, ast.Constant)
            found[field.target.id] = " ".join(str(text.value.value).split())
    return found
