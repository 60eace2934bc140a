"""Makes the zygote's memory worth sharing: everything that runs in an agent has run in the zygote before.

CPython writes into code it runs for the first times (it counts, then specialises it), into types and dictionaries it
meets, and puts new objects into whatever holes the old ones left. Each such write in a forked process makes a page
its own. So a small cluster runs here for a moment, 200 times as fast as real, over loopback and with datastores in
memory; then the holes are filled. Measured with 32 hosts: an agent has 0.6 MB less of its own.

Only memory is changed: nothing that ran here is used later, and no file is touched.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import time
from typing import Any

from herzschlag.agents.datastore.memory_store import MemoryDatastores
from herzschlag.agents.hypervisor.api import (
    AgentStarted,
    Answer,
    Called,
    HostBoot,
    HypervisorSettings,
    Io,
    IoDone,
    StartAgent,
    StartVm,
    StopVm,
    VmReport,
)
from herzschlag.agents.hypervisor.hypervisor import Hypervisor
from herzschlag.agents.processes.agent import AgentProcess
from herzschlag.agents.processes.channel import Channel
from herzschlag.agents.processes.hypervisor import CALLS
from herzschlag.agents.processes.immortal import make_immortal
from herzschlag.agents.protocol.events import WAKE
from herzschlag.agents.settings import (
    PROFILES,
    SECOND,
    AgentSettings,
    ClusterConfig,
    DatastoreConfig,
    HostConfig,
    VmConfig,
)

_SPEED = 200
_PROTOCOL_S = 45
"""An election, joins, heartbeats, then the death of a host up to the restart of its VM."""
_SILENT_AFTER_S = 22
_MOIDS = ("host-7", "host-8", "host-9")
_CLUSTER = "warm-up"
_SMALL_MAX = 512
"""Bytes; larger objects are the C library's business."""
_LARGE_MAX = 65_536
_BYTES_HEAD = 33
"""Of a bytes object, its closing zero included."""
_kept: list[bytes] = []
"""What fills the holes."""


class _Host:
    """A hypervisor core with datastores in memory, and an agent with everything real."""

    def __init__(self, config: ClusterConfig, index: int, datastores: MemoryDatastores, nothing: int) -> None:
        self.moid = _MOIDS[index]
        self._datastores = datastores
        timers = PROFILES["vsphere-5.1"].at_speed(_SPEED)
        book = {host.moid: host.addresses for host in config.hosts}
        ours, theirs = socket.socketpair()
        settings = AgentSettings(moid=self.moid, cluster=_CLUSTER, timers=timers)
        self.agent = AgentProcess(settings, book, bytes(32), theirs, nothing)
        self._channel = Channel(ours, CALLS)
        self._core = Hypervisor(
            HypervisorSettings(
                moid=self.moid,
                cluster=_CLUSTER,
                boot=1,
                timers=timers,
                datastores={datastore.name: datastore.kind for datastore in config.datastores},
                second_ns=SECOND // _SPEED,
            )
        )
        self._feed(HostBoot(config))

    def turn(self) -> None:
        self.agent.loop.turn(0.0)
        for call in self._channel.receive()[0]:
            self._feed(Called(call))
        wake_ns = self._core.wake_at_ns()
        if wake_ns is not None and wake_ns <= time.monotonic_ns():
            self._feed(WAKE)

    def _feed(self, event: Any) -> None:
        events = [event]
        while events:
            for action in self._core.handle(events.pop(0), time.monotonic_ns()):
                match action:
                    case Io(request=request):
                        outcome = self._datastores.perform(request, self.moid)
                        events += [IoDone(outcome)] if outcome is not None else []
                    case Answer(event=answer):
                        self._channel.send(answer)
                    case StartAgent():
                        events.append(AgentStarted())
                    case StartVm(settings=settings):
                        events.append(VmReport(settings.vm.name, settings.number, "started"))
                    case StopVm(vm=vm, number=number):
                        events.append(VmReport(vm, number, "ended"))

    def close(self) -> None:
        self._channel.close()
        self.agent.close()


def warm_up() -> None:
    """Run the cluster and throw it away; from now on references to what is left are not counted, where this Python can
    do without; fill the holes that all this left."""
    _run()
    gc.collect()
    make_immortal()
    _fill_holes()


def _run() -> None:
    datastores = (DatastoreConfig(name="vmfs-1", kind="vmfs"), DatastoreConfig(name="nfs-1", kind="nfs"))
    names = tuple(datastore.name for datastore in datastores)
    config = ClusterConfig(
        name=_CLUSTER,
        generation=1,
        hosts=tuple(
            HostConfig(
                moid=moid,
                addresses={"A": f"127.1.0.{index + 1}", "B": f"127.2.0.{index + 1}"},
                datastores=names,
                heartbeat_datastores=names,
            )
            for index, moid in enumerate(_MOIDS)
        ),
        vcenter_addresses={"A": "127.1.0.99", "B": "127.2.0.99"},
        datastores=datastores,
        vms=(VmConfig(name="vm-1", datastore="vmfs-1"),),
        isolation_addresses=("127.1.0.98",),
    )
    memory = MemoryDatastores(names)
    nothing = os.open(os.devnull, os.O_WRONLY)
    hosts = [_Host(config, index, memory, nothing) for index in range(len(_MOIDS))]
    began = time.monotonic()
    while (at_s := (time.monotonic() - began) * _SPEED) < _PROTOCOL_S:
        for host in hosts if at_s < _SILENT_AFTER_S else hosts[1:]:
            host.turn()
    for host in hosts:
        host.close()
    os.close(nothing)


def _fill_holes() -> None:
    """Let new small objects come to lie together, on pages that nothing shared is on."""
    for size, free in _free_blocks().items():
        if _BYTES_HEAD < size <= _SMALL_MAX:
            _kept.extend([bytes(size - _BYTES_HEAD) for _ in range(free)])
    large: list[bytes] = []
    size = _LARGE_MAX
    while size > _SMALL_MAX:
        # The heap's end lies highest: a block above all others was cut from there, so no hole of this size is left.
        highest = max((id(block) for block in large), default=0)
        large.append(bytes(size))
        if id(large[-1]) > highest:
            size = size * 3 // 4
    _kept.extend(large)


def _free_blocks() -> dict[int, int]:
    """Size class to free blocks in pools that are in use, as the allocator itself tells on standard error."""
    told = os.memfd_create("allocator")
    saved = os.dup(2)
    os.dup2(told, 2)
    try:
        sys._debugmallocstats()
    finally:
        os.dup2(saved, 2)
        os.close(saved)
    with os.fdopen(told, "rb") as text:
        text.seek(0)
        rows = [line.split() for line in text.read().splitlines()]
    return {int(row[1]): int(row[4]) for row in rows if len(row) == 5 and all(word.isdigit() for word in row)}
