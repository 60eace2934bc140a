"""Messages between the live page and its server: one JSON document each, over one WebSocket.

This module decides the conversation alone. Faults travel in the very words of scenario files: `{"do": "begin", "fault":
{"fault": "isolate", "host": "host-98", "networks": "A"}}`. State is absolute: a browser that joins late, or lost a
message, gets everything again. Instants are protocol seconds since the cluster was ready. docs/live.md shows both
tables.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, Literal

import msgspec

from herzschlag.faults import KINDS, AnyFault, Fault, kinds
from herzschlag.report.plans import Plans

MESSAGE_BYTES_MAX = 64_000
"""A fault that names every link of 96 hosts stays below; nothing else a browser sends comes near."""
PACE_MAX = 1000.0
ADVANCE_S_MAX = 3600.0

Phase = Literal["starting", "running", "failed"]


# --- from the browser -------------------------------------------------------------------------------------------------


class Begin(msgspec.Struct, frozen=True, tag_field="do", tag="begin", forbid_unknown_fields=True):
    """Break something, right after the next heartbeat."""

    fault: AnyFault


class Heal(msgspec.Struct, frozen=True, tag_field="do", tag="heal", forbid_unknown_fields=True):
    """End faults that are in force, by their ids; without ids all of them."""

    ids: tuple[str, ...] = ()


class Open(msgspec.Struct, frozen=True, tag_field="do", tag="open", forbid_unknown_fields=True):
    """End this lab and start a scenario's; an empty name starts the present one afresh."""

    scenario: str = ""


class Next(msgspec.Struct, frozen=True, tag_field="do", tag="next", forbid_unknown_fields=True):
    """Make the scenario's next step, now."""


class Auto(msgspec.Struct, frozen=True, tag_field="do", tag="auto", forbid_unknown_fields=True):
    """Whether the scenario's steps come by themselves, each at its time."""

    on: bool


class Pace(msgspec.Struct, frozen=True, tag_field="do", tag="pace", forbid_unknown_fields=True):
    """Simulation only: protocol seconds per real second; 0 pauses."""

    factor: float


class Advance(msgspec.Struct, frozen=True, tag_field="do", tag="advance", forbid_unknown_fields=True):
    """Simulation only: advance by this many protocol seconds at once."""

    seconds: float


class Judge(msgspec.Struct, frozen=True, tag_field="do", tag="judge", forbid_unknown_fields=True):
    """Run every checker on what happened so far; the lab goes on."""


AnyCommand = Begin | Heal | Open | Next | Auto | Pace | Advance | Judge


def command_decoder() -> msgspec.json.Decoder[AnyCommand]:
    """Of messages from a browser; with packages that bring faults, a Begin may name those, too."""
    if kinds().keys() == KINDS.keys():
        return msgspec.json.Decoder(AnyCommand)
    fault: Any = reduce(or_, kinds().values())
    begin = msgspec.defstruct("AnyBegin", [("fault", fault)], bases=(Begin,), tag_field="do", tag="begin", frozen=True)
    every: Any = reduce(or_, (kind for kind in COMMANDS if kind is not Begin), begin)
    return msgspec.json.Decoder(every)


# --- from the server --------------------------------------------------------------------------------------------------


class Listed(msgspec.Struct, frozen=True):
    """A scenario that can be opened."""

    name: str
    title: str


class Welcome(msgspec.Struct, frozen=True, tag_field="news", tag="welcome"):
    """The first message to a browser: whether it may act, or only look on."""

    acts: bool


class Lab(msgspec.Struct, frozen=True, kw_only=True, tag_field="news", tag="lab"):
    """What stays the same while one lab runs; told to each browser, and again for each new lab."""

    number: int
    """Of the lab, from 1: a higher one means that everything before is gone."""
    backend: str
    speed: float
    scenario: str
    title: str
    about: str
    steps: tuple[str, ...]
    """The scenario's changes in order, as sentences."""
    networks: tuple[str, ...]
    hosts: tuple[str, ...]
    datastores: tuple[dict[str, Any], ...]
    """`name`, `kind`, `hosts` of each; `hosts` is null when all of them see it."""
    plans: Plans
    """Places and sizes in the picture: `wide`, and `narrow` for a phone."""
    scenarios: tuple[Listed, ...]


class Active(msgspec.Struct, frozen=True):
    """A fault in force."""

    id: str
    about: str
    fault: Fault
    at_s: float


class Finding(msgspec.Struct, frozen=True):
    checker: str
    verdict: str
    because: str


class State(msgspec.Struct, frozen=True, kw_only=True, tag_field="news", tag="state"):
    """The current state of the lab."""

    phase: Phase
    because: str = ""
    """Of a failure, or what a starting lab waits for."""
    picture: dict[str, Any] = {}
    """What `createCluster(...).render` takes: roles, notes, vms, links, impaired, storage, gateway, vcenter."""
    active: tuple[Active, ...] = ()
    steps_done: int = 0
    auto: bool = False
    pace: float = 1.0
    zero_s: float = 0.0
    """T, from which people count: the first fault, in seconds since the cluster was ready; 0 before one."""
    verdict: str = ""
    """Of the last judgement; empty before the first."""
    judged_s: float = 0.0
    """When that was, since the cluster was ready."""
    findings: tuple[Finding, ...] = ()


class Clock(msgspec.Struct, frozen=True, tag_field="news", tag="clock"):
    """The time of the lab."""

    now_s: float


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One line of the timeline: [number, second, kind, what, because]."""

    number: int
    at_s: float
    kind: str
    text: str
    because: str


class Story(msgspec.Struct, frozen=True, tag_field="news", tag="story"):
    """Lines of the timeline, oldest first; a browser that joins gets the last of them."""

    entries: tuple[Entry, ...]


class Beat(msgspec.Struct, frozen=True, array_like=True):
    """One heartbeat on its way: [network, from, to, lost]."""

    network: str
    source: str
    destination: str
    lost: bool


class Beats(msgspec.Struct, frozen=True, tag_field="news", tag="beats"):
    """Heartbeats just seen; a sample, when there are more than an eye can follow."""

    beats: tuple[Beat, ...]


class Refused(msgspec.Struct, frozen=True, tag_field="news", tag="refused"):
    """A request was refused."""

    because: str


AnyNews = Welcome | Lab | State | Clock | Story | Beats | Refused

COMMANDS: tuple[type[msgspec.Struct], ...] = (Begin, Heal, Open, Next, Auto, Pace, Advance, Judge)
NEWS: tuple[type[msgspec.Struct], ...] = (Welcome, Lab, State, Clock, Story, Beats, Refused)


def table(kinds: tuple[type[msgspec.Struct], ...]) -> str:
    """Messages as a Markdown table; docs/live.md holds it, and a test compares."""
    rows = ["| Message | Fields | Means |", "|---|---|---|"]
    for kind in kinds:
        fields = ", ".join(f"`{name}`" for name in kind.__struct_fields__) or "none"
        about = " ".join((kind.__doc__ or "").split())
        rows.append(f"| `{kind.__struct_config__.tag}` | {fields} | {about} |")
    return "\n".join(rows)
