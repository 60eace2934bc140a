"""The process of vCenter: its core between real sockets, its disk and the stage.

This module decides nothing: users' wishes come from the stage, everything else from the network. Its disk is the node's
own /local, so that a vCenter that was killed comes back with what it knew.
"""

from __future__ import annotations

import os
import socket
import time
from typing import Any, NoReturn

import msgspec

from herzschlag.agents.processes.channel import Channel
from herzschlag.agents.processes.control import (
    CONTROL_ORDERS,
    ControlOrder,
    Here,
    Obeyed,
    StartVcenter,
    TellVcenter,
    Who,
)
from herzschlag.agents.processes.loop import Chore, Loop
from herzschlag.agents.processes.record_file import DROP_REPORT_NS, Drops, RecordFile
from herzschlag.agents.processes.store import keep_config, kept_config
from herzschlag.agents.processes.udp import Network
from herzschlag.agents.protocol.actions import KeepConfig, Send, Trace
from herzschlag.agents.protocol.codec import Codec
from herzschlag.agents.protocol.events import WAKE, Boot, Received
from herzschlag.agents.vcenter.vcenter import VCenter


class VcenterProcess:
    def __init__(self, order: StartVcenter, control: socket.socket, records: int) -> None:
        self._order = order
        self._records = RecordFile(records, order.node)
        self._core = VCenter(order.vcenter)
        codec = Codec(order.vcenter.config.name, order.key)
        drops = Drops(self._records)
        self._network = Network(order.node, order.book, codec, drops)
        self._loop = Loop(self._core, WAKE, self._perform, self._records, "vcenter")
        self._network.join(self._loop, self._received)
        self._loop.add(Chore(DROP_REPORT_NS, drops.waiting, drops.tell_all))
        self._control = Channel(control, CONTROL_ORDERS)
        self._loop.join(self._control, self._ordered, self._loop.stop)

    def run(self) -> NoReturn:
        self._loop.feed(Boot(self._order.boot, kept_config(), {}, {}))
        self._loop.run()
        os._exit(0)  # the stage is gone, and with it the run

    def _received(self, event: Received, now_ns: int) -> None:
        self._loop.feed(event, now_ns)

    def _ordered(self, order: ControlOrder) -> None:
        match order:
            case TellVcenter(event=event):
                self._loop.feed(event)
                self._control.send(Obeyed(time.monotonic_ns()))
            case Who():
                self._control.send(Here(0, {}, msgspec.to_builtins(self._core.view())))
            case _:
                raise AssertionError(f"vCenter was told {order!r}")

    def _perform(self, action: Any, now_ns: int) -> None:
        match action:
            case Send():
                self._network.send(action, now_ns)
            case Trace(entry=entry):
                self._records.write(now_ns, entry)
            case KeepConfig(config=config):
                keep_config(config)
            case _:
                raise AssertionError(f"vCenter asked for {action!r}, which no driver knows")
