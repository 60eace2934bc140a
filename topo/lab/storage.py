"""Datastores of a lab: folders on one tmpfs of the sandbox, and what each host sees of them.

A host's view is a bind mount in its own mount namespace. Taking it away lays a dead folder over it, which holds only a
marker and cannot be written to; giving it back takes the dead folder off. So there is no moment at which a host's path
shows neither, and no other host notices anything. What a marker means is left to those who read it:

    .apd   all paths down: I/O gets no answer          .pdl   permanent device loss: I/O fails

This file decides the folders and the steps; `herzschlag.topo.lab.spawner` does the steps inside the host.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel import syscalls
from herzschlag.topo.lab.spawner import Step
from herzschlag.topo.spec import TopologySpec

StorageView = Literal["ok", "apd", "pdl"]
DATASTORES = "/datastores"  # where a host sees its datastores
LOCAL = "/local"  # where a host keeps what survives its power cycles
HOME = Path("/run/herzschlag")  # where the sandbox has all of it
_READ_ONLY = syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY | syscalls.MS_NOSUID | syscalls.MS_NODEV


class Storage:
    def __init__(self, spec: TopologySpec) -> None:
        self._spec = spec
        self._over: dict[tuple[str, str], list[StorageView]] = {}  # dead folders on a view, topmost last

    def datastore_path(self, name: str) -> Path:
        return HOME / "datastores" / self._spec.datastore(name).name

    def local_path(self, moid: str) -> Path:
        return HOME / "local" / self._spec.host(moid).moid

    def make_folders(self) -> None:
        HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        syscalls.mount("datastores", str(HOME), "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "size=75%,mode=755")
        for datastore in self._spec.datastores:
            self.datastore_path(datastore.name).mkdir(parents=True)
        for moid in self._spec.moids:
            self.local_path(moid).mkdir(parents=True)
        for view in ("apd", "pdl"):
            dead = HOME / "dead" / view
            dead.mkdir(parents=True)
            (dead / f".{view}").touch()

    def steps_of_a_new_life(self, node: str) -> list[Step]:
        """What a node's fresh mount namespace is given: nothing but for hosts."""
        if node not in self._spec.moids:
            return []
        steps = _bind(str(self.local_path(node)), LOCAL)
        steps.append(["mount", "datastores", DATASTORES, "tmpfs", syscalls.MS_NOSUID, "size=1m,mode=755"])
        for datastore in self._spec.datastores_of(node):
            target = f"{DATASTORES}/{datastore.name}"
            steps.append(["make_folder", target])
            steps += _bind(str(self.datastore_path(datastore.name)), target)
            for view in self._over.get((node, datastore.name), []):
                steps += _bind_dead(view, target)
        return steps

    def steps_to(self, moid: str, datastore: str, view: StorageView) -> list[Step]:
        """What changes a running host's view; nothing when it is so already."""
        seen = [one.name for one in self._spec.datastores_of(moid)]
        if datastore not in seen:
            raise LabError(f"{moid} does not see {datastore}: it sees {', '.join(seen) or 'none'}")
        if view not in get_args(StorageView):
            raise LabError(f"storage view {view!r} is unknown: use 'ok', 'apd' or 'pdl'")
        over = self._over.get((moid, datastore), [])
        if view == (over[-1] if over else "ok"):
            return []
        target = f"{DATASTORES}/{datastore}"
        return [["unmount", target] for _ in over] if view == "ok" else _bind_dead(view, target)

    def note(self, moid: str, datastore: str, view: StorageView) -> None:
        """Remember a view that is in effect now, also for the host's next life."""
        over = self._over.setdefault((moid, datastore), [])
        if view == "ok":
            over.clear()
        elif over[-1:] != [view]:
            over.append(view)


def _bind(source: str, target: str) -> list[Step]:
    return [["mount", source, target, None, syscalls.MS_BIND, None]]


def _bind_dead(view: StorageView, target: str) -> list[Step]:
    return [*_bind(str(HOME / "dead" / view), target), ["mount", "none", target, None, _READ_ONLY, None]]
