"""The VMs of a master's cluster: which of them runs where, by inventories, power-on results and poweron files.

This module decides what a poweron file says of VMs, and when a power-off marker is looked for. It leaves what is done
about a VM that no longer runs to `failover.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.master.host_book import HostBook
from herzschlag.agents.ha.master.ownership import Ownership
from herzschlag.agents.protocol.actions import ReadFile


class Stopped(NamedTuple):
    """A VM that a cut-off host stopped."""

    vm: str
    host: str
    because: str


class RunningVms:
    def __init__(self, context: Context, hosts: HostBook, ownership: Ownership) -> None:
        self._c = context
        self._hosts = hosts
        self._ownership = ownership
        self.where: dict[str, str] = {}
        """VM to the host it runs on, as far as known."""
        self._reported: dict[str, frozenset[str]] = {}
        """Of each host, what it last said itself that it runs."""
        self._listed: dict[str, frozenset[str]] = {}
        """Of each cut-off host, what its poweron file said last."""
        self._markers: dict[tuple[str, str], tuple[str, str]] = {}
        """(datastore, marker path) to the VM whose marker is being read, and the host whose file has it no more."""

    def on(self, moid: str) -> set[str]:
        return {vm for vm, host in self.where.items() if host == moid}

    def told(self, moid: str) -> frozenset[str]:
        """What a host last said itself in this reign that it runs."""
        return self._reported.get(moid, frozenset())

    def runs(self, vm: str, moid: str) -> None:
        """It was seen running there: the protectedlist shall say so."""
        self.where[vm] = moid
        self._ownership.moved(vm, moid)

    def exactly(self, moid: str, vms: frozenset[str]) -> list[str]:
        """Exactly these run on a host, by its own word. Returns those that were thought to run there as well, and run
        nowhere. A host that was cut off or stood still may name VMs that were restarted meanwhile: they count as
        running where they are said to run already, unless that host does not reach them, and this one does."""
        self._reported[moid] = vms
        known = self.on(moid)
        for vm in sorted(vms - known):
            before = self.where.get(vm, "")
            if self.reaches(moid, vm) and not (self._has(before, vm) and self.reaches(before, vm)):
                self.runs(vm, moid)
            elif not self._has(before, vm):
                self.where[vm] = moid  # The list goes on naming the host that had its lock last.
        return self.gone(known - vms)

    def gone(self, vms: Iterable[str]) -> list[str]:
        """These do not run any more where they ran. Returns those that no other host says it has, itself or by the file
        of one that lives; one that does not reach a VM's datastore cannot see that its lock is another's."""
        gone = []
        for vm in sorted(vms):
            before = self.where.pop(vm)
            others = (host for host in sorted(self._reported) if self._has(host, vm) and self.reaches(host, vm))
            other = next(others, "")
            cut_off = (host for host in sorted(self._listed) if host != before and self._has_silently(host, vm))
            silent = next(cut_off, "")
            if other:
                self.runs(vm, other)
            elif silent:
                self.where[vm] = silent
            else:
                gone.append(vm)
        return gone

    def lists(self, moid: str, vm: str) -> bool:
        """Whether the poweron file of a cut-off host has the VM."""
        return vm in self._listed.get(moid, frozenset())

    def _has(self, moid: str, vm: str) -> bool:
        """Whether the host is connected, has said since what it runs, and named the VM."""
        peer = self._c.peers.get(moid)
        told = moid == self._c.moid or (peer is not None and peer.joined and peer.inventory >= 0)
        return told and vm in self.told(moid)

    def _has_silently(self, moid: str, vm: str) -> bool:
        """Whether the host is cut off and lives, and its poweron file has the VM."""
        lives = not self._hosts.speaks(moid) and self._hosts.alive(moid) and self._hosts.poweron_known(moid)
        return lives and self.lists(moid, vm)

    def reaches(self, moid: str, vm: str) -> bool:
        """Whether a host reaches the VM's datastore, by its own word."""
        config, peer = self._c.cluster.vm(vm), self._c.peers.get(moid)
        access = self._c.access if peer is None else peer.datastores
        return config is not None and access.get(config.datastore, "ok") == "ok"

    def poweron_read(self, moid: str, file: layout.PoweronFile) -> list[str]:
        """The VMs that a cut-off host runs, by its own file. Returns those not known to run there. A VM that is missing
        from it was stopped, or its lock was lost: its power-off marker tells."""
        self._listed[moid] = frozenset(file.vms)
        known = self.on(moid)
        new = [vm for vm in sorted(set(file.vms) - known) if not self._hosts.speaks(self.where.get(vm, ""))]
        for vm in new:
            self.where[vm] = moid
        for vm in sorted(known - set(file.vms)):
            config = self._c.cluster.vm(vm)
            if config is not None and self._c.works(config.datastore):
                path = layout.marker_path(vm)
                self._markers[config.datastore, path] = vm, moid
                self._c.do(ReadFile(config.datastore, path))
        return new

    def marker_read(self, datastore: str, path: str, status: str) -> Stopped | None:
        """The answer to a read. None: it was not about a marker we asked for, or another host has the VM by now."""
        vm, host = self._markers.pop((datastore, path), ("", ""))
        if not vm or self.where.get(vm, host) != host:
            return None
        if vm in self.where and not self.gone((vm,)):
            return None
        marker = "its power-off marker is there" if status == "ok" else "there is no power-off marker"
        return Stopped(vm, host, f"{host} stopped it: gone from its poweron file, {marker}")
