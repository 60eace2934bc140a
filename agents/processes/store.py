"""A process's datastore I/O: carries requests out on the mounted folders and brings outcomes to its core.

This module decides when requests that hang (all paths down) or wait (a slow datastore) are tried again; leaves how a
request is carried out to `tmpfs_store.py` and what an outcome means to the core. The host's local disk is here as well.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from herzschlag.agents.hypervisor.api import AbortIo, Io, IoDone
from herzschlag.agents.processes.channel import UNREADABLE
from herzschlag.agents.processes.loop import Chore, Loop
from herzschlag.agents.processes.regular_files import (
    Trouble,
    folder_at,
    open_regular,
    read_regular,
    trouble,
    write_all,
)
from herzschlag.agents.processes.tmpfs_store import TmpfsDatastores
from herzschlag.agents.settings import ClusterConfig

DATASTORES = Path("/datastores")
LOCAL = Path("/local")
_KEPT, _TEMPORARY = "config", ".config.tmp"
RETRY_NS = 50_000_000
"""How often a hanging datastore is tried again (real time): half a protocol second at speed 10."""

_CONFIG: msgspec.msgpack.Decoder[ClusterConfig] = msgspec.msgpack.Decoder(ClusterConfig)


class Store:
    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._datastores = TmpfsDatastores(DATASTORES)
        self._hanging: set[int] = set()
        self._retrying = Chore(RETRY_NS, lambda: bool(self._hanging), self._retry)
        loop.add(self._retrying)

    def io(self, action: Io) -> None:
        outcome = self._datastores.perform(action.request)
        if outcome is None:
            self._hanging.add(action.request.request)
            self._plan()
        else:
            self._loop.feed(IoDone(outcome))

    def abort(self, action: AbortIo) -> None:
        self._hanging.discard(action.request)
        self._datastores.abort(action.datastore, action.request)

    def _retry(self) -> None:
        for outcome in self._datastores.retry():
            self._hanging.discard(outcome.request)
            self._loop.feed(IoDone(outcome))
        self._plan()

    def _plan(self) -> None:
        """What waits is carried out when it is due, not at the next of the regular tries."""
        due_ns = self._datastores.due_ns()
        if due_ns is not None:
            self._retrying.due_ns = min(self._retrying.due_ns, due_ns)


def keep_config(config: ClusterConfig, folder: Path = LOCAL) -> Trouble | None:
    """Store it on the host's local disk, whole or not at all. A disk that takes no writes keeps what it held: the host
    runs on with what it was given, and boots with what is stored."""
    try:
        with folder_at(folder) as local:
            file = open_regular(local, _TEMPORARY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            try:
                write_all(file, msgspec.msgpack.encode(config))
            finally:
                os.close(file)
            os.rename(_TEMPORARY, _KEPT, src_dir_fd=local, dst_dir_fd=local)
    except OSError as error:
        return trouble(error)
    return None


def kept_config(folder: Path = LOCAL) -> ClusterConfig | None:
    """What an earlier life of this host stored; None: vCenter never configured it, or it cannot be read."""
    try:
        with folder_at(folder) as local:
            return _CONFIG.decode(read_regular(local, _KEPT))
    except OSError as error:
        trouble(error)
        return None
    except UNREADABLE:
        return None
