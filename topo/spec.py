"""The specification of a lab, as plain values that check themselves.

This file decides the naming and numbering of everything in a lab: nodes, addresses, MAC addresses, interface names
and switch ports all follow from the specification alone, so that every part of the project (lab, controller, faults,
captures, simulation) computes the same ones without asking. Building a lab is left to `herzschlag.topo.lab.lab`.

Addresses lie in 198.18.0.0/15, the range set aside for benchmarking (RFC 2544), which no real network uses.

    node          on A            on B            switch port
    gateway       198.18.0.1      198.19.0.1      1
    vcenter       198.18.0.2      198.19.0.2      2
    first host    198.18.1.1      198.19.1.1      11
    second host   198.18.1.2      198.19.1.2      12   and so on, in the order of the specification
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

GATEWAY = "gateway"
VCENTER = "vcenter"
NETWORKS = ("A", "B")
PREFIX_LENGTH = 16

HOSTS_MIN = 2
HOSTS_MAX = 96  # hosts per cluster since vSphere 7.0 U1
MTU_MIN = 576  # the smallest datagram every IPv4 host must accept (RFC 791)
MTU_MAX = 9000
DATASTORES_MAX = 64
DATASTORE_MB = 128  # a running VM writes some 75 bytes a second: 200 VMs for two hours, or three for a week
DATASTORE_MB_MAX = 65536
INTERFACE_NAME_MAX = 15  # the kernel's IFNAMSIZ less its terminating zero

_FIRST_OCTETS = {"A": "198.18", "B": "198.19"}
_FIRST_HOST_PORT = 11
_HOSTS_PER_OCTET = 250
_MOID = re.compile(r"host-(0|[1-9][0-9]{0,6})")  # seven digits: "sA-host-1234567" is the longest name that fits
_DATASTORE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")

DatastoreKind = Literal["vmfs", "nfs"]
Datapath = Literal["auto", "kernel", "user"]
"""Of Open vSwitch: the kernel's, the user-space one, or the kernel's where its module is there."""
Captured = Literal["all", "heartbeats", "off"]
"""Packets kept. `heartbeats`: the HA port's datagrams with all their fragments, and ICMP. `all`: whatever crosses the
switches."""
CAPTURE_BYTES = 256_000_000
"""The limit of a capture's size, unless a user names another. A flood of 50,000 packets a second writes 19 MB a second.
The end of a run reads the whole file, for which it needs some four times as much memory: 1 GB."""
DirectedLink = tuple[str, str, str]  # (network, source node, destination node)


class SpecError(ValueError):
    """An impossible topology: the text says the value, the rule and the way out."""


class HostSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One emulated hypervisor host. Memory and CPU are what placement counts with; nothing enforces them."""

    moid: str
    memory_mb: int = 65536
    cpu_mhz: int = 20000

    def __post_init__(self) -> None:
        if not _MOID.fullmatch(self.moid):
            raise SpecError(
                f"host {self.moid!r}: a managed object ID is 'host-' and a number of at most 7 digits without leading"
                " zeros: write for example 'host-98'"
            )
        for name, value in (("memory_mb", self.memory_mb), ("cpu_mhz", self.cpu_mhz)):
            if value <= 0:
                raise SpecError(f"{self.moid}: {name}={value} must be above 0: leave it out for the default")


class DatastoreSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A directory several hosts share; `hosts=None` means that all hosts see it. `size_mb`: all it holds."""

    name: str
    kind: DatastoreKind
    hosts: tuple[str, ...] | None = None
    size_mb: int = DATASTORE_MB

    def __post_init__(self) -> None:
        if not _DATASTORE.fullmatch(self.name):
            raise SpecError(
                f"datastore {self.name!r}: a name is 1 to 32 of a-z, 0-9 and '-', not starting with '-':"
                " write for example 'vmfs-1'"
            )
        if self.kind not in ("vmfs", "nfs"):
            raise SpecError(f"datastore {self.name}: kind {self.kind!r} is unknown: use 'vmfs' or 'nfs'")
        if self.hosts is not None and not self.hosts:
            raise SpecError(f"datastore {self.name}: hosts is empty, so no host sees it: name hosts or leave it out")
        if self.hosts is not None and len(set(self.hosts)) != len(self.hosts):
            raise SpecError(f"datastore {self.name}: hosts {list(self.hosts)} names a host twice: name it once")
        if not 1 <= self.size_mb <= DATASTORE_MB_MAX:
            raise SpecError(f"datastore {self.name}: size_mb={self.size_mb}: a size is 1 to {DATASTORE_MB_MAX} MB")


def check_host_count(count: int) -> None:
    """Raises SpecError. To be asked before anything is made of a number that a user wrote."""
    if not HOSTS_MIN <= count <= HOSTS_MAX:
        raise SpecError(
            f"{count} hosts: a cluster has {HOSTS_MIN} to {HOSTS_MAX} hosts: add or remove"
            f" {HOSTS_MIN - count if count < HOSTS_MIN else count - HOSTS_MAX}"
        )


class TopologySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole lab: hosts on one or two networks, a gateway and a vCenter node on each, and datastores."""

    hosts: tuple[HostSpec, ...]
    datastores: tuple[DatastoreSpec, ...] = ()
    networks: tuple[str, ...] = NETWORKS
    mtu: int = 1500

    def __post_init__(self) -> None:
        self._check_hosts()
        self._check_networks()
        self._check_datastores()

    def _check_hosts(self) -> None:
        check_host_count(len(self.hosts))
        seen: set[str] = set()
        for moid in self.moids:
            if moid in seen:
                raise SpecError(f"host {moid} is listed twice: managed object IDs must be unique: rename one")
            seen.add(moid)

    def _check_networks(self) -> None:
        if self.networks not in (("A",), ("A", "B")):
            raise SpecError(
                f"networks {list(self.networks)}: a lab has network A alone or A and B: write ['A'] or ['A', 'B']"
            )
        if not MTU_MIN <= self.mtu <= MTU_MAX:
            raise SpecError(f"mtu={self.mtu} is outside {MTU_MIN} to {MTU_MAX}: 1500 is the usual one")

    def _check_datastores(self) -> None:
        if len(self.datastores) > DATASTORES_MAX:
            raise SpecError(f"{len(self.datastores)} datastores: at most {DATASTORES_MAX} are allowed: remove some")
        known = set(self.moids)
        seen: set[str] = set()
        for datastore in self.datastores:
            if datastore.name in seen:
                raise SpecError(f"datastore {datastore.name} is listed twice: names must be unique: rename one")
            seen.add(datastore.name)
            for moid in datastore.hosts or ():
                if moid not in known:
                    raise SpecError(
                        f"datastore {datastore.name}: host {moid!r} is not in this lab:"
                        f" use one of {', '.join(self.moids)}"
                    )

    @property
    def moids(self) -> tuple[str, ...]:
        return tuple(host.moid for host in self.hosts)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Everything with an interface on the networks: the hosts in order, then gateway and vCenter."""
        return (*self.moids, GATEWAY, VCENTER)

    @property
    def default_route_network(self) -> str:
        """Where a packet goes that is for neither network: to the gateway's address on this one."""
        return self.networks[0]

    def address(self, node: str, network: str) -> str:
        return f"{self._first_octets(network)}.{self._last_octets(node)}"

    def mac(self, node: str, network: str) -> str:
        """The node's address behind the prefix 02:00 (locally administered), so that captures can be read by eye."""
        octets = self.address(node, network).split(".")
        return "02:00:" + ":".join(f"{int(octet):02x}" for octet in octets)

    def port(self, node: str) -> int:
        """The node's OpenFlow port, the same number on every switch."""
        if node == GATEWAY:
            return 1
        if node == VCENTER:
            return 2
        return _FIRST_HOST_PORT + self._host_index(node)

    def node_of_address(self, address: str) -> tuple[str, str] | None:
        """Which (node, network) an address belongs to, or None for a stranger's."""
        return next(
            ((node, net) for net in self.networks for node in self.nodes if self.address(node, net) == address), None
        )

    def host(self, moid: str) -> HostSpec:
        return self.hosts[self._host_index(moid)]

    def datastore(self, name: str) -> DatastoreSpec:
        for datastore in self.datastores:
            if datastore.name == name:
                return datastore
        names = ", ".join(datastore.name for datastore in self.datastores) or "none"
        raise SpecError(f"datastore {name!r} is not in this lab: its datastores are {names}")

    def datastores_of(self, moid: str) -> tuple[DatastoreSpec, ...]:
        self._host_index(moid)
        return tuple(d for d in self.datastores if d.hosts is None or moid in d.hosts)

    def directed_links(self) -> Iterator[DirectedLink]:
        """Every (network, source, destination) over which a packet can travel."""
        for network in self.networks:
            for source in self.nodes:
                for destination in self.nodes:
                    if source != destination:
                        yield network, source, destination

    def _host_index(self, moid: str) -> int:
        for index, host in enumerate(self.hosts):
            if host.moid == moid:
                return index
        raise SpecError(f"node {moid!r} is not in this lab: its nodes are {', '.join(self.nodes)}")

    def _first_octets(self, network: str) -> str:
        if network not in self.networks:
            raise SpecError(f"network {network!r} is not in this lab: its networks are {', '.join(self.networks)}")
        return _FIRST_OCTETS[network]

    def _last_octets(self, node: str) -> str:
        if node == GATEWAY:
            return "0.1"
        if node == VCENTER:
            return "0.2"
        index = self._host_index(node)
        return f"{1 + index // _HOSTS_PER_OCTET}.{1 + index % _HOSTS_PER_OCTET}"


def node_interface(network: str) -> str:
    """The interface of that network inside every node."""
    return f"mgmt{network}"


def switch_name(network: str) -> str:
    return f"s{network}"


def switch_interface(node: str, network: str) -> str:
    """The switch's end of a node's link, at most 15 characters because MOIDs are checked."""
    return f"{switch_name(network)}-{node}"


def datapath_id(network: str) -> int:
    """The switch's OpenFlow datapath ID: 0xa for A, 0xb for B."""
    return int(network, 16)
