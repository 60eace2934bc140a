"""Kinds of records that HA agents write: what each kind means, its fields, and their units."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from herzschlag.agents.records.entry import Entry
from herzschlag.agents.states import HostState, Role

PathState = Literal["up", "silent"]
SilencePhase = Literal["watching", "unreachable", "heard"]


class AgentRole(Entry, frozen=True, gc=False, kw_only=True, tag="role"):
    """An agent changes its role."""

    state_of = ()
    states = ("to", "master")

    from_: Role
    """The role before."""
    to: Role
    """The role from now on."""
    master: str
    """MOID of the master it follows, or is; empty without one."""
    because: str
    """The reason."""


class Path(Entry, frozen=True, gc=False, kw_only=True, tag="path"):
    """One network of a peer falls silent or carries again, while another may carry on."""

    state_of = ("host", "network")
    states = ("to",)
    untold = ("up",)

    host: str
    """MOID of the peer."""
    network: str
    """Name of the network."""
    from_: PathState
    """How it was."""
    to: PathState
    """How it is."""
    because: str
    """The reason."""


class Mastership(Entry, frozen=True, gc=False, kw_only=True, tag="mastership"):
    """A reign ends."""

    remembered = True

    phase: Literal["left"]
    """Always `left`; `role` and `election` say how a reign begins."""
    because: str
    """The reason."""


class Liveness(Entry, frozen=True, gc=False, kw_only=True, tag="liveness"):
    """Watching over one host's sign of life."""

    host: str
    """MOID of the host."""
    phase: SilencePhase
    """Datastore heartbeats are watched; no network heartbeat for 10 s; datagrams arrive again."""
    because: str
    """The reason."""


class HostOpinion(Entry, frozen=True, gc=False, kw_only=True, tag="host-state"):
    """A master, or vCenter, changes its opinion of a host."""

    state_of = ("host",)
    states = ("to",)

    host: str
    """MOID of the host."""
    from_: HostState | Literal["unknown"]
    """The opinion before; `unknown` when there was none."""
    to: HostState
    """The opinion from now on."""
    because: str
    """The reason."""


class Election(Entry, frozen=True, gc=False, kw_only=True, tag="election"):
    """An election of one host."""

    phase: Literal["started", "won", "lost"]
    """It began; no better candidate was heard; a better one was."""
    because: str
    """The reason."""


class Isolation(Entry, frozen=True, gc=False, kw_only=True, tag="isolation"):
    """A host's way into isolation and out of it."""

    remembered = True

    phase: Literal["probing", "declared", "cancelled", "deferred", "response"]
    """It pings the isolation addresses; it is isolated; it is not after all; a VM's response waits; a VM's response."""
    vm: str | UnsetType = UNSET
    """Name of the VM, with `deferred` and `response`."""
    do: Literal["defer", "power-off", "shut-down"] | UnsetType = UNSET
    """What is done with the VM."""
    because: str
    """The reason."""


class Restart(Entry, frozen=True, gc=False, kw_only=True, tag="restart"):
    """A master restarts a VM."""

    remembered = True

    vm: str
    """Name of the VM."""
    phase: Literal["begins", "ordered", "done", "failed", "pending", "given-up"]
    """The VM is to be restarted; a host was told; it runs; the host could not; no host has room; no further attempt."""
    attempt: int
    """Number of the attempt, from 1; 0 before the first."""
    target: str
    """MOID of the host that was told; empty when none was."""
    because: str
    """The reason."""


class Protection(Entry, frozen=True, gc=False, kw_only=True, tag="protect"):
    """A VM becomes protected: a master has written it down, then vCenter has seen that."""

    state_of = ("vm", "phase")
    states = ()

    vm: str
    """Name of the VM."""
    phase: Literal["confirmed"] | UnsetType = UNSET
    """VCenter writes `confirmed`, a master nothing."""
    datastore: str | UnsetType = UNSET
    """Where the protectedlist is that the master wrote."""
    because: str
    """The reason."""


class Configured(Entry, frozen=True, gc=False, kw_only=True, tag="config"):
    """An agent took a configuration, or vCenter gave one."""

    state_of = ()
    states = ("generation",)

    generation: int
    """Number of the configuration, from 1."""
    because: str
    """The reason."""


class Dropped(Entry, frozen=True, gc=False, kw_only=True, tag="dropped"):
    """An agent, or vCenter, refused a datagram that it could read."""

    sender: str
    """MOID that the datagram names."""
    reason: str
    """One word: `replayed`, `stranger`, …"""
    count: int
    """How many the writer has refused for this reason so far: the 1st, 2nd, 4th, 8th, … are written."""
    because: str
    """The reason as a sentence."""

    @staticmethod
    def is_told(count: int) -> bool:
        """Whether the refusal with this number gets a record: a flood must not fill the history."""
        return count & (count - 1) == 0


class ComponentProtection(Entry, frozen=True, gc=False, kw_only=True, tag="vmcp"):
    """VM component protection acts."""

    remembered = True

    datastore: str | UnsetType = UNSET
    """The datastore that the host cannot use."""
    vm: str | UnsetType = UNSET
    """Name of the VM, where it is about one."""
    phase: Literal["apd-timeout", "cleared", "left-alone", "ended"]
    """I/O hung for 140 s; access is back after that; nothing is done; the VM is powered off to run elsewhere."""
    because: str
    """The reason."""


class Guest(Entry, frozen=True, gc=False, kw_only=True, tag="guest"):
    """A guest's heartbeat or disk stops or is back, by its hypervisor; VM monitoring gives it up, by the agent."""

    remembered = True

    vm: str
    """Name of the VM."""
    to: Literal["silent", "heard", "given-up", "disk-refuses", "disk-works"]
    """Its heartbeat stopped; its heartbeat is back; too many resets did not help; its disk refuses writes, because the
    datastore is full or read-only; its disk takes them again."""
    because: str
    """The reason."""
