"""An instant of a run: all that a picture shows, from the records, the faults in force, and the packets just before.

This module decides which packets belong to an instant, and whether a host's datastore heartbeats go on. It leaves
states of links to `report/picture.py`, intervals to `report/model.py`, and everything that is drawn to its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from herzschlag.agents.protocol.messages import ClusterView, Report
from herzschlag.checkers.segments import Segment
from herzschlag.faults import primitives as p
from herzschlag.history.clock import told_s
from herzschlag.history.records import SECOND
from herzschlag.history.sent import PING
from herzschlag.pictures.layers import HOST_PING, PACKETS
from herzschlag.report.model import Fault, Model, Stretch
from herzschlag.report.picture import standing, vms_most
from herzschlag.report.traffic import Datagram
from herzschlag.topo.spec import DatastoreSpec
from herzschlag.wrong_input import InputError

AGE_INTERVALS = 1.25
"""How old a packet may be, in heartbeat intervals. On real packets heartbeats leave some milliseconds after the whole
second, not always as many: within just one interval there would sometimes be none. Of each kind, way and network the
newest counts."""
HEARTBEAT_FILE = "{host}-hb"
VM_FILE = ".vmx"


class Packet(msgspec.Struct, frozen=True, order=True):
    """The newest of its kind on its way."""

    kind: str
    network: str
    source: str
    destination: str
    lost: bool


class Lock(msgspec.Struct, frozen=True, order=True):
    datastore: str
    what: str
    """The VM whose file is locked, or the name of the file."""
    host: str
    left: bool
    """Its holder has no power any more."""


class Instant(msgspec.Struct, frozen=True, kw_only=True):
    """All that is drawn."""

    title: str
    seconds: float
    """After the first fault, as people count."""
    virtual: bool
    """Played in virtual time; False: real packets."""
    hosts: tuple[str, ...]
    networks: tuple[str, ...]
    datastores: tuple[DatastoreSpec, ...]
    vms_most: int
    """Of any host at any time: each picture of a run has the same places."""
    roles: dict[str, str]
    vms: dict[str, tuple[tuple[str, str], ...]]
    """Host to (VM, state)."""
    beliefs: dict[str, tuple[tuple[str, str], ...]]
    """Host to (master, its opinion) where that is worth a word."""
    links: dict[str, str]
    """`network|node` to its state, as `report/picture.py` says; what is in order is not there."""
    impaired: frozenset[str]
    groups: dict[str, int]
    storage_lost: tuple[tuple[str, str], ...]
    """(host, datastore)"""
    gateway: str
    vcenter: str
    beating: frozenset[tuple[str, str]]
    """(datastore, host) where the host's datastore heartbeats go on."""
    silent: frozenset[tuple[str, str]]
    """Where it made some before."""
    locks: tuple[Lock, ...]
    packets: tuple[Packet, ...]
    missing: str
    """Why there are no packets; empty when they are known."""
    faults: tuple[tuple[float, str], ...]
    """Of each fault in force, the newest last: for how many seconds, and what it is."""


def instant(model: Model, seconds: float) -> Instant:
    """What was so this many seconds after the first fault. Raises InputError outside of the run."""
    if not (math.isfinite(seconds) and model.begin_s <= seconds <= model.end_s):
        raise InputError(
            "at",
            f"{seconds:g} is not in the run, which goes from {told_s(model.begin_s, 1)} to {told_s(model.end_s, 1)}",
        )
    at_ns = min(model.clock.zero_ns + round(seconds * SECOND), model.end_ns - 1)
    segment = model.truth.segment_at(at_ns)
    around = standing(model.truth, segment)
    beating, silent = _datastore_heartbeats(model, segment, at_ns)
    return Instant(
        title=model.run.scenario.title or model.run.scenario.name,
        seconds=seconds,
        virtual=model.run.file.backend == "simulation",
        hosts=model.hosts,
        networks=model.lab.networks,
        datastores=model.lab.datastores,
        vms_most=vms_most(model),
        roles={host: model.role_at(host, at_ns) for host in model.hosts},
        vms=_vms(model, at_ns),
        beliefs=_beliefs(model, at_ns),
        links=around["links"],
        impaired=frozenset(around["impaired"]),
        groups=around["groups"],
        storage_lost=tuple((host, datastore) for host, datastore, _ in around["storage"]),
        gateway=around["gateway"],
        vcenter="off" if not model.truth.powered("vcenter", segment) else around["vcenter"],
        beating=beating,
        silent=silent,
        locks=_locks(model, at_ns),
        packets=_packets(model, at_ns),
        missing=model.run.traffic.missing,
        faults=tuple((seconds - model.seconds(f.begin_ns), f.about) for f in _in_force(model, at_ns)),
    )


def _at(stretches: Sequence[Stretch], at_ns: int) -> Stretch | None:
    return next((s for s in stretches if s.begin_ns <= at_ns < s.end_ns), None)


def _vms(model: Model, at_ns: int) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, list[tuple[str, str]]] = {host: [] for host in model.hosts}
    for vm, stays in sorted(model.vms.items()):
        for stay in stays:
            if stay.begin_ns <= at_ns < stay.end_ns and stay.who in found:
                found[stay.who].append((vm, stay.state))
    return {host: tuple(vms) for host, vms in found.items()}


def _beliefs(model: Model, at_ns: int) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for (observer, host), stretches in model.opinions.items():
        now = _at(stretches, at_ns)
        if now is not None and observer in model.hosts and now.state not in ("connectedToMaster", "master"):
            found.setdefault(host, []).append((observer, now.state))
    return {host: tuple(said) for host, said in found.items()}


def _datastore_heartbeats(
    model: Model, segment: Segment, at_ns: int
) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
    """Where hosts write datastore heartbeats, and where they wrote some and do not now. A host holds a file's lock for
    it on each datastore that was chosen; losing power leaves the lock where it is."""
    beating: set[tuple[str, str]] = set()
    silent: set[tuple[str, str]] = set()
    for datastore in model.lab.datastores:
        for host in model.hosts:
            held = _held(model, datastore.name, HEARTBEAT_FILE.format(host=host), at_ns)
            if held is None:
                continue
            writes = (
                held.state == "held"
                and model.truth.powered(host, segment)
                and p.Frozen(host) not in segment.conditions
                and model.truth.reaches_storage(host, segment, datastore.name)
            )
            (beating if writes else silent).add((datastore.name, host))
    return frozenset(beating), frozenset(silent)


def _held(model: Model, datastore: str, file: str, at_ns: int) -> Stretch | None:
    for (where, path), stretches in model.locks.items():
        if where == datastore and path.rpartition("/")[2] == file:
            return _at(stretches, at_ns)
    return None


def _locks(model: Model, at_ns: int) -> tuple[Lock, ...]:
    """Of VMs, and of the master's list; not those of the heartbeat files, which say nothing more than heartbeats do."""
    found: list[tuple[str, bool, Lock]] = []
    for (datastore, path), stretches in model.locks.items():
        file = path.rpartition("/")[2]
        now = _at(stretches, at_ns)
        if now is None or now.state not in ("held", "left") or file.endswith(HEARTBEAT_FILE.format(host="")):
            continue
        lock = Lock(datastore, file.removesuffix(VM_FILE), now.who, now.state == "left")
        found.append((datastore, not file.endswith(VM_FILE), lock))
    return tuple(lock for *_, lock in sorted(found))


def _packets(model: Model, at_ns: int) -> tuple[Packet, ...]:
    since_ns = at_ns - round(AGE_INTERVALS * model.truth.timers.heartbeat_interval_ns)
    newest: dict[tuple[str, str, str, str], Packet] = {}
    for one in model.run.traffic.datagrams:
        kind = _drawn_as(one, model)
        if since_ns < one.sent_ns <= at_ns and kind in PACKETS:
            key = (kind, one.network, one.source, one.destination)
            newest[key] = Packet(*key, lost=one.arrived_ns is None)
    return tuple(sorted(newest.values()))


def _drawn_as(one: Datagram, model: Model) -> str:
    """The name of its sign: pings that ask a host are told from others, and what a master reports is a report."""
    if one.kind == PING and one.destination in model.hosts:
        return HOST_PING
    return Report.__name__ if one.kind == ClusterView.__name__ else one.kind


def _in_force(model: Model, at_ns: int) -> list[Fault]:
    return [f for f in model.faults if f.lasting and f.begin_ns <= at_ns < (f.end_ns if f.healed else model.end_ns)]
