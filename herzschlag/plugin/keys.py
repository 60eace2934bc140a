"""The keys of the marker, as a type checker sees them: those of a scenario's [cluster] table, and `speed`, `seed`,
and `alone`.

This module decides the types alone; `herzschlag.scenarios.model` has the keys, their defaults and their meaning, and a
test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from herzschlag.agents.settings import Response
from herzschlag.faults.primitives import Option
from herzschlag.scenarios.model import VmEntry
from herzschlag.topo.spec import DatastoreSpec, HostSpec

Table = Mapping[str, Any]
"""A table as in a scenario file, in place of a typed value."""


class ClusterKeys(TypedDict, total=False):
    """Every key may be left out."""

    system: str
    system_profile: str
    system_options: Mapping[str, str | int | float]
    hosts: int | Sequence[str | HostSpec | Table]
    datastores: Sequence[DatastoreSpec | Table]
    heartbeat_datastores: Sequence[str] | None
    networks: Sequence[str]
    mtu: int
    vms_per_host: int
    vms: Sequence[VmEntry | Table]
    profile: Literal["vsphere-5.1", "vsphere-5.0"]
    phases: Literal["aligned", "spread"]
    isolation_response: Response
    host_monitoring: bool
    admission_control: bool
    vmcp_apd: Literal["disabled", "conservative", "aggressive"]
    vmcp_pdl: bool
    vmcp_reset_on_apd_cleared: bool
    vm_monitoring: bool
    options: Mapping[str, Option]
    speed: float
    """Divisor of every timer on real packets; 1 is real time. The simulation runs in virtual time whatever it is."""
    seed: int
    """Of every random choice."""
    alone: bool
    """On real packets: wait until no other lab of this user is on the machine, and have others wait."""
