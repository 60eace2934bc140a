"""Datastores of a lab: a tmpfs each, with a size of its own, and what each host sees of them.

So a lab takes a bounded amount of memory, and a datastore that is full leaves all others as they are. A host's view is
a bind mount in its own mount namespace. Taking it away lays a dead folder over it, which holds only a marker and cannot
be written to; giving it back takes the dead folder off. So there is no moment at which a host's path shows neither, and
no other host notices anything. What a marker means is left to those who read it:

    .apd   all paths down: I/O gets no answer          .pdl   permanent device loss: I/O fails

A datastore that works, but badly, stays where it is, and a mark beside it says so:

    .slow-NAME      a file: how many nanoseconds each I/O takes
    .stale-NAME/    a mount, with what the datastore held at that moment in `content`

A host that may only read is given the live folder once more, over the first, mounted read-only. A full datastore is
full for all: its tmpfs is made as small as what it holds.

This file decides the folders and the steps; `herzschlag.topo.lab.spawner` does the steps inside the host.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel import syscalls
from herzschlag.topo.lab.snapshot import copy_regular
from herzschlag.topo.lab.steps import Step
from herzschlag.topo.spec import VCENTER, TopologySpec

StorageView = Literal["ok", "read-only", "apd", "pdl", "slow", "stale"]
DATASTORES = "/datastores"  # where a host sees its datastores
LOCAL = "/local"  # where a host keeps what survives its power cycles
HOME = Path("/run/herzschlag")  # where the sandbox has all of it
INODES_MAX = 1_000_000  # files of one tmpfs: each takes some 1 KB of the kernel's memory besides the size
LOCAL_MB = 16  # for a host's own disk: the configuration of 8,000 VMs is below 2 MB; the rest is for users' programs
_SAFE = syscalls.MS_NOSUID | syscalls.MS_NODEV
_FULL_TRIES = 100  # hosts write meanwhile, and a tmpfs cannot be made smaller than what it holds
_VIEWS = "'ok', 'read-only', 'apd', 'pdl', 'slow' or 'stale'"
_READ_ONLY = syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY | syscalls.MS_NOSUID | syscalls.MS_NODEV


class Mark(NamedTuple):
    """What lies beside a datastore that works badly: for a host, until it sees it otherwise."""

    view: StorageView
    said: str
    """How slow it is, in nanoseconds; or the folder with what it once held."""

    def steps(self, datastore: str) -> list[Step]:
        target = f"{DATASTORES}/.{self.view}-{datastore}"
        if self.view == "slow":
            return [["write", target, self.said]]
        return [
            ["make_folder", target],
            ["show", self.said, target],
            ["mount", "none", target, None, _READ_ONLY, None],
        ]

    def undo(self, datastore: str) -> list[Step]:
        target = f"{DATASTORES}/.{self.view}-{datastore}"
        return [["write", target, ""]] if self.view == "slow" else [["unmount", target]]


Marks = dict[tuple[str, str], Mark]
"""By (host, datastore)."""


class Storage:
    def __init__(self, spec: TopologySpec, local_mb: int = LOCAL_MB) -> None:
        self._local_mb = local_mb
        self._spec = spec
        self._over: dict[tuple[str, str], list[StorageView]] = {}  # what lies over a view, topmost last
        self._marks: dict[tuple[str, str], Mark] = {}
        self._snapshots = 0

    def datastore_path(self, name: str) -> Path:
        return HOME / "datastores" / self._spec.datastore(name).name

    def local_path(self, node: str) -> Path:
        """The own disk of a host, or of vCenter."""
        return HOME / "local" / (node if node == VCENTER else self._spec.host(node).moid)

    def make_folders(self) -> None:
        HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        syscalls.mount("datastores", str(HOME), "tmpfs", _SAFE, "size=1m,mode=755")
        for datastore in self._spec.datastores:
            path = self.datastore_path(datastore.name)
            _mount_tmpfs(path, datastore.size_mb)
            read_only = HOME / "read-only" / datastore.name
            read_only.mkdir(parents=True)
            syscalls.mount(str(path), str(read_only), None, syscalls.MS_BIND)
            syscalls.mount("none", str(read_only), None, _READ_ONLY)
            _mount_tmpfs(self._stale_path(datastore.name), datastore.size_mb)
        for node in (*self._spec.moids, VCENTER):
            _mount_tmpfs(self.local_path(node), self._local_mb)
        for view in ("apd", "pdl"):
            dead = HOME / "dead" / view
            dead.mkdir(parents=True)
            (dead / f".{view}").touch()

    def steps_of_a_new_life(self, node: str) -> list[Step]:
        """What a fresh mount namespace is given: its own disk for a host and for vCenter, for hosts datastores."""
        if node == VCENTER:
            return _bind(str(self.local_path(node)), LOCAL)
        if node not in self._spec.moids:
            return []
        steps = _bind(str(self.local_path(node)), LOCAL)
        steps.append(["mount", "datastores", DATASTORES, "tmpfs", _SAFE, "size=1m,mode=755"])
        for datastore in self._spec.datastores_of(node):
            target = f"{DATASTORES}/{datastore.name}"
            steps.append(["make_folder", target])
            steps += _bind(str(self.datastore_path(datastore.name)), target)
        return steps

    def views_of_a_new_life(self, node: str) -> list[Step]:
        """What then lies over the datastores."""
        if node not in self._spec.moids:
            return []
        steps: list[Step] = []
        for datastore in self._spec.datastores_of(node):
            for view in self._over.get((node, datastore.name), []):
                steps += _show_over(view, datastore.name, f"{DATASTORES}/{datastore.name}")
            if (mark := self._marks.get((node, datastore.name))) is not None:
                steps += mark.steps(datastore.name)
        return steps

    def writable(self, node: str) -> list[str]:
        """Where a node may write: vCenter on its disk, hosts on theirs and on their datastores, beside which lie the
        marks of those that work badly."""
        if node == VCENTER:
            return [LOCAL]
        if node not in self._spec.moids:
            return []
        return [LOCAL, DATASTORES, *(f"{DATASTORES}/{datastore.name}" for datastore in self._spec.datastores_of(node))]

    def marks_for(self, views: Mapping[tuple[str, str], StorageView], delay_ns: Mapping[tuple[str, str], int]) -> Marks:
        """The marks of those views that need one; what stale datastores hold now is kept for it."""
        marks: Marks = {}
        taken: dict[str, str] = {}
        for where, view in sorted(views.items()):
            before = self._marks.get(where)
            if view == "slow":
                marks[where] = Mark(view, str(delay_ns[where]))
            elif view == "stale" and before is not None and before.view == view:
                marks[where] = before
            elif view == "stale":
                if where[1] not in taken:
                    taken[where[1]] = self._take_snapshot(where[1])
                marks[where] = Mark(view, taken[where[1]])
        return marks

    def _stale_path(self, datastore: str) -> Path:
        return HOME / "stale" / datastore

    def _take_snapshot(self, datastore: str) -> str:
        self._snapshots += 1
        folder = self._stale_path(datastore) / str(self._snapshots)
        size_max = self._spec.datastore(datastore).size_mb << 20
        copy_regular(self.datastore_path(datastore), folder / "content", size_max)
        return str(folder)

    def steps_to(self, moid: str, datastore: str, view: StorageView, mark: Mark | None = None) -> list[Step]:
        """What changes a running host's view; nothing when it is so already."""
        seen = [one.name for one in self._spec.datastores_of(moid)]
        if datastore not in seen:
            raise LabError(f"{moid} does not see {datastore}: it sees {', '.join(seen) or 'none'}")
        if view not in get_args(StorageView):
            raise LabError(f"storage view {view!r} is unknown: use {_VIEWS}")
        over = self._over.get((moid, datastore), [])
        before = self._marks.get((moid, datastore))
        target = f"{DATASTORES}/{datastore}"
        steps = mark.steps(datastore) if mark is not None and mark != before else []
        if view in ("ok", "slow", "stale"):
            steps += [["unmount", target] for _ in over]
        elif over[-1:] != [view]:
            steps += _show_over(view, datastore, target)
        if before is not None and (mark is None or mark.view != before.view):
            steps += before.undo(datastore)
        return steps

    def set_full(self, datastore: str, full: bool) -> None:
        """Leave the datastore no space, for any host, or give it its own again. A file goes on growing within its last
        block of 4 KiB, as on any file system."""
        path = self.datastore_path(datastore)
        size = self._spec.datastore(datastore).size_mb << 20
        for left in reversed(range(_FULL_TRIES)):
            if full:
                found = os.statvfs(path)
                size = max(1, found.f_blocks - found.f_bfree) * found.f_frsize
            try:
                syscalls.mount("none", str(path), None, syscalls.MS_REMOUNT | _SAFE, f"size={size}")
            except OSError as error:
                if error.errno != errno.EINVAL or not left:
                    raise
            else:
                return

    def note(self, moid: str, datastore: str, view: StorageView, mark: Mark | None = None) -> None:
        """Remember a view that is in effect now, also for the host's next life."""
        over = self._over.setdefault((moid, datastore), [])
        before = self._marks.pop((moid, datastore), None)
        if mark is not None:
            self._marks[moid, datastore] = mark
        if before is not None and before.view == "stale" and before not in self._marks.values():
            shutil.rmtree(before.said, ignore_errors=True)
        if view in ("ok", "slow", "stale"):
            over.clear()
        elif over[-1:] != [view]:
            over.append(view)


def _mount_tmpfs(path: Path, size_mb: int) -> None:
    path.mkdir(parents=True)
    # The superuser of a host may write everywhere on it, so only a limit on files keeps it from making too many.
    syscalls.mount(path.name, str(path), "tmpfs", _SAFE, f"size={size_mb}m,nr_inodes={INODES_MAX},mode=755")


def _bind(source: str, target: str) -> list[Step]:
    return [["mount", source, target, None, syscalls.MS_BIND, None]]


def _show_over(view: StorageView, datastore: str, target: str) -> list[Step]:
    """By a step that needs no path inside: a host does not see where the sandbox has its storage."""
    if view == "read-only":
        return [["show", str(HOME / "read-only" / datastore), target]]  # a copy of a read-only mount is read-only too
    return [["show", str(HOME / "dead" / view), target], ["mount", "none", target, None, _READ_ONLY, None]]
