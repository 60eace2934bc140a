"""The process of an HA agent: its core between real sockets and its hypervisor.

This module decides nothing but where each action goes: Send and Ping to the network, host calls through a pipe to the
hypervisor, Trace to the run's record file. Forked by the zygote for its hypervisor; ends with it.
"""

from __future__ import annotations

import os
import socket
from typing import Any, NoReturn

import msgspec

from herzschlag.agents.clock import RIGHT, ClockSetting
from herzschlag.agents.ha.agent import Agent
from herzschlag.agents.processes.channel import Channel
from herzschlag.agents.processes.control import SetClock
from herzschlag.agents.processes.loop import Chore, Loop
from herzschlag.agents.processes.ping import Pinger
from herzschlag.agents.processes.record_file import DROP_REPORT_NS, Drops, RecordFile
from herzschlag.agents.processes.udp import AddressBook, Network
from herzschlag.agents.protocol.actions import HostCall, Ping, Send, Trace
from herzschlag.agents.protocol.codec import Codec
from herzschlag.agents.protocol.events import WAKE, AnyEvent, PingAnswered, Received
from herzschlag.agents.settings import AgentSettings

EVENTS: msgspec.msgpack.Decoder[AnyEvent | SetClock] = msgspec.msgpack.Decoder(AnyEvent | SetClock)


class AgentProcess:
    """Everything an agent's process holds."""

    def __init__(
        self,
        settings: AgentSettings,
        book: AddressBook,
        key: bytes,
        hypervisor: socket.socket,
        records: int,
        *,
        clock: ClockSetting = RIGHT,
    ) -> None:
        self._records = RecordFile(records, settings.moid)
        self._drops = Drops(self._records)
        self._network = Network(settings.moid, book, Codec(settings.cluster, key), self._drops)
        self._pinger = Pinger()
        self._hypervisor = Channel(hypervisor, EVENTS)
        self.loop = Loop(Agent(settings), WAKE, self._perform, self._records, "agent", clock=clock)
        self._network.join(self.loop, self._received)
        self.loop.add(Chore(DROP_REPORT_NS, self._drops.waiting, self._drops.tell_all))
        self.loop.watch(self._pinger.fileno(), self._ping_answered)
        self.loop.join(self._hypervisor, self._told, self.loop.stop)

    def close(self) -> None:
        """Give everything back, where the process goes on."""
        self._network.close()
        self._pinger.close()
        self._hypervisor.close()

    def run(self) -> NoReturn:
        self.loop.run()
        os._exit(0)  # the hypervisor closed its end

    def _told(self, value: AnyEvent | SetClock) -> None:
        if isinstance(value, SetClock):
            self.loop.set_clock(value.ahead_ns)
        else:
            self.loop.feed(value)

    def _received(self, event: Received, now_ns: int) -> None:
        self.loop.feed(event, now_ns)

    def _ping_answered(self) -> None:
        for address in self._pinger.answers():
            self.loop.feed(PingAnswered(address))

    def _perform(self, action: Any, now_ns: int) -> None:
        match action:
            case Send():
                self._network.send(action, now_ns)
            case Ping(address=address):
                try:
                    self._pinger.send(address)
                except OSError as error:
                    self._drops.count("out", "ping", "unreachable", f"to {address}: {error.strerror}", now_ns)
            case Trace(entry=entry):
                self._records.write(now_ns, entry)
            case HostCall():
                self._hypervisor.send(action)
            case _:
                raise AssertionError(f"the agent asked for {action!r}, which no driver knows")
