"""The process of a virtual machine: its core between its disk and its hypervisor.

This module decides nothing. It opens its disk anew for each write, so a host whose view of the datastore was taken away
meets that at the next one. It ends with its hypervisor's process: a host that dies takes its VMs along.
"""

from __future__ import annotations

import os
import socket
from typing import Any, NoReturn

import msgspec

from herzschlag.agents.hypervisor.api import AbortIo, EndVm, Io, Tell, VmBoot, VmCommand, VmOrder, VmReport, VmSettings
from herzschlag.agents.hypervisor.vm import Vm
from herzschlag.agents.processes.channel import Channel
from herzschlag.agents.processes.loop import Loop
from herzschlag.agents.processes.record_file import RecordFile
from herzschlag.agents.processes.store import Store
from herzschlag.agents.protocol.actions import Trace
from herzschlag.agents.protocol.events import WAKE

_ORDERS: msgspec.msgpack.Decoder[VmOrder] = msgspec.msgpack.Decoder(VmOrder)


class VmProcess:
    def __init__(self, settings: VmSettings, hypervisor: socket.socket, records: int) -> None:
        self._settings = settings
        self._records = RecordFile(records, settings.host)
        self._hypervisor = Channel(hypervisor, _ORDERS)
        self._loop = Loop(Vm(settings), WAKE, self._perform, self._records, "vm")
        self._store = Store(self._loop)
        self._loop.join(self._hypervisor, self._commanded, self._loop.stop)

    def run(self) -> NoReturn:
        self._loop.feed(VmBoot())
        self._loop.run()
        os._exit(0)

    def _commanded(self, command: VmOrder) -> None:
        self._loop.feed(VmCommand(command))

    def _perform(self, action: Any, now_ns: int) -> None:
        match action:
            case Io():
                self._store.io(action)
            case AbortIo():
                self._store.abort(action)
            case Tell(report=report):
                self._hypervisor.send(report)
            case EndVm(because=because):
                # Told as "ended" now; the hypervisor's process believes it when the process is gone.
                settings = self._settings
                self._hypervisor.send(VmReport(settings.vm.name, settings.number, "ended", because))
                os._exit(0)
            case Trace(entry=entry):
                self._records.write(now_ns, entry)
            case _:
                raise AssertionError(f"the VM asked for {action!r}, which no driver knows")
