"""Ownership of VMs: the `protectedlist` of each datastore, held locked by one master.

This module decides which lists to lock, what is in them, and which VMs this master may restart: those it has read from,
or written to, a list whose lock it holds (fact sheet 1.5, 5, 7.1, 7.4 [DD-F] [YB-OWN]). A lock is released on
isolation, abdication and maintenance. It leaves breaking a dead owner's lock to the hypervisor's lock manager.
"""

from __future__ import annotations

from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.context import Context
from herzschlag.agents.protocol.actions import Lock, ReadFile, Unlock, WriteFile
from herzschlag.agents.settings import NEVER_NS


class _List:
    """The protectedlist of one datastore."""

    __slots__ = ("asked", "entries", "held", "out_of_reach", "read", "retry_ns", "written")

    def __init__(self) -> None:
        self.held = False
        self.asked = False
        self.out_of_reach = False
        """It was lost, or asked for, when its datastore was: once that is back, the lock may be ours still."""
        self.read = False
        self.entries: dict[str, str] = {}
        """VM to the host it last ran on, as the datastore says."""
        self.written: dict[str, str] | None = None
        """The entries that a write under way will leave there."""
        self.retry_ns = 0


class Ownership:
    """All protectedlists this master holds or wants."""

    def __init__(self, context: Context) -> None:
        self._c = context
        self._lists: dict[str, _List] = {d.name: _List() for d in context.cluster.datastores}
        self._wanted: dict[str, str] | None = None
        """What vCenter wants protected: VM to host; None until vCenter has contacted this master."""
        self._generation = 0

    # --- asked by others ---

    def owned(self) -> tuple[str, ...]:
        return tuple(name for name, entry in self._lists.items() if entry.held)

    def protected(self) -> dict[str, str]:
        """VM to last host, for every VM this master answers for."""
        found: dict[str, str] = {}
        for entry in self._lists.values():
            if entry.held:
                found.update(entry.entries)
        return found

    def listed(self, datastore: str) -> frozenset[str]:
        """The VMs on the list of one datastore."""
        return frozenset(self._lists[datastore].entries)

    def to_restart(self) -> dict[str, str]:
        """Of these, those that vCenter still wants protected, by its last word: a list that was out of reach, or has no
        room, may name what a user has switched off meanwhile."""
        return {vm: host for vm, host in self.protected().items() if self.wanted(vm)}

    def wanted(self, vm: str) -> bool:
        """Whether vCenter wants it protected, or has not said yet."""
        return self._wanted is None or vm in self._wanted

    def settled(self) -> bool:
        """Every list is either read, or known to belong to another master."""
        return all(entry.read if entry.held else not entry.asked for entry in self._lists.values())

    def due_ns(self) -> int:
        waiting = [e.retry_ns for name, e in self._lists.items() if not e.held and not e.asked and self._c.works(name)]
        return min(waiting, default=NEVER_NS)

    # --- what happens ---

    def check(self) -> None:
        """Try to lock every list that is not ours yet; a refused one is tried again periodically [DD-F]."""
        for name, entry in self._lists.items():
            if not entry.held and not entry.asked and self._c.works(name) and self._c.now_ns >= entry.retry_ns:
                entry.asked = True
                self._c.do(Lock(name, self._path()))

    def lock_changed(self, datastore: str, held: bool) -> None:
        entry = self._lists[datastore]
        entry.asked = entry.out_of_reach = False
        entry.held = held
        if held:
            self._c.do(ReadFile(datastore, self._path()))
        else:
            entry.read = False
            entry.retry_ns = self._c.now_ns + self._c.timers.report_ns

    def file_read(self, datastore: str, status: str, data: bytes) -> bool:
        """The list of a lock we won. Returns whether it is now known. A damaged one counts as empty: vCenter writes
        it again."""
        entry = self._lists[datastore]
        if not entry.held or status == "lost":
            return False
        entry.entries = {}
        if status == "ok":
            entry.entries = {vm.vm: vm.last_host for vm in layout.decode_protectedlist(data).vms}
        entry.read = True
        self._write(datastore)
        return True

    def file_written(self, datastore: str, status: str) -> list[str]:
        """A list is on the datastore. Returns the VMs that are protected by it for the first time."""
        entry = self._lists[datastore]
        new: list[str] = []
        if status == "ok" and entry.written is not None:
            new = [vm for vm in entry.written if vm not in entry.entries]
            entry.entries = entry.written
        elif status == "not-owner":
            entry.held = entry.read = False
            entry.retry_ns = self._c.now_ns + self._c.timers.report_ns
        entry.written = None
        if status == "ok":
            self._write(datastore)
        return new

    def access_changed(self, datastore: str) -> None:
        """A lost datastore takes its list with it [YB-OWN]."""
        entry = self._lists.get(datastore)
        if entry is not None and not self._c.works(datastore):
            entry.out_of_reach = entry.out_of_reach or entry.held or entry.asked
            entry.held = entry.asked = entry.read = False
            entry.written = None

    def reconfigured(self) -> None:
        """The cluster may have more datastores now."""
        for datastore in self._c.cluster.datastores:
            self._lists.setdefault(datastore.name, _List())

    def protect(self, vms: dict[str, str]) -> None:
        """vCenter says which VMs are to be protected: all of them, whatever it said before."""
        self._wanted = vms
        for datastore in self._lists:  # Again and again until vCenter sees it done: a write may have found no room.
            self._write(datastore)

    def moved(self, vm: str, host: str) -> None:
        """A protected VM runs on another host now."""
        if self._wanted is not None and vm in self._wanted and self._wanted[vm] != host:
            self._wanted = {**self._wanted, vm: host}
        config = self._c.cluster.vm(vm)
        if config is not None and config.datastore in self._lists:
            entry = self._lists[config.datastore]
            if entry.held and vm in entry.entries and entry.entries[vm] != host:
                self._write(config.datastore, {**entry.entries, vm: host})

    def release(self) -> None:
        """Release everything: isolation, abdication, maintenance [DD-F]."""
        for name, entry in self._lists.items():
            if entry.held or entry.asked or entry.out_of_reach:
                self._c.do(Unlock(name, self._path()))
            entry.held = entry.asked = entry.out_of_reach = entry.read = False

    # --- how ---

    def _path(self) -> str:
        return layout.protectedlist_path(self._c.cluster.name)

    def _write(self, datastore: str, entries: dict[str, str] | None = None) -> None:
        entry = self._lists[datastore]
        if not entry.held or not entry.read or entry.written is not None:
            return
        if entries is None:
            if self._wanted is None:
                return
            entries = {vm: host for vm, host in self._wanted.items() if self._home(vm) == datastore}
        if entries != entry.entries:
            entry.written = entries
            self._generation += 1
            rows = tuple(self._row(vm, host) for vm, host in sorted(entries.items()))
            data = layout.encode_protectedlist(layout.ProtectedList(rows, self._generation))
            self._c.do(WriteFile(datastore, self._path(), data, locked=True))

    def _row(self, vm: str, host: str) -> layout.ProtectedVm:
        config = self._c.cluster.vm(vm)
        assert config is not None, f"{vm} has a home datastore, so it is in the configuration"
        return layout.ProtectedVm(vm, host, config.priority, config.cpu_mhz, config.memory_mb)

    def _home(self, vm: str) -> str | None:
        config = self._c.cluster.vm(vm)
        return config.datastore if config else None
