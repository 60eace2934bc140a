"""The warmed-up process that all hosts' processes are forked from.

    python -m herzschlag.agents.processes.zygote STAGE_FD RECORDS_FD [cold]

Everything is imported here once; 64 hosts with their agents and VMs then share those pages. This module decides whose
child is whose; leaves how a fork gets into a host's namespaces to `fork.py`, and which ones there shall be to the stage
(hosts, vCenter) and to each host's hypervisor (its agent, its VMs). Both tell it over packet sockets, one document a
packet, with the end of the new process's channel attached.

Every child dies with the zygote, by whatever signal that ends; agent and VMs die with their hypervisor as well.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
from typing import NamedTuple

import msgspec

from herzschlag.agents.clock import ClockSetting
from herzschlag.agents.hypervisor.api import VmSettings
from herzschlag.agents.processes.agent import AgentProcess
from herzschlag.agents.processes.control import (
    CHILD_ORDERS,
    ZYGOTE_ORDERS,
    ChildNews,
    ChildOrder,
    Died,
    KillProcess,
    ProcessEnded,
    ProcessStarted,
    Started,
    StartFailed,
    StartHost,
    StartProcess,
    StartVcenter,
    ZygoteNews,
    ZygoteReady,
)
from herzschlag.agents.processes.fork import Forks, ending
from herzschlag.agents.processes.hypervisor import HypervisorProcess
from herzschlag.agents.processes.kernel import set_name
from herzschlag.agents.processes.vcenter import VcenterProcess
from herzschlag.agents.processes.vm import VmProcess
from herzschlag.agents.processes.warm_up import warm_up

PACKET_MAX = 1_000_000
"""Bytes of one order: an address book of 96 hosts has 8,000, a large cluster's configuration 300,000."""


class _Host:
    """A host whose hypervisor runs, or whose processes are not all gone yet."""

    def __init__(self, order: StartHost, line: socket.socket) -> None:
        self.order = order
        self.line = line
        self.children: dict[int, int] = {}
        """Number given by the hypervisor to pidfd."""

    def tell(self, news: ChildNews) -> None:
        if self.line.fileno() >= 0:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the host is being switched off
                self.line.send(msgspec.msgpack.encode(news))

    def kill(self, number: int) -> None:
        if number in self.children:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.children[number], signal.SIGKILL)


class _Child(NamedTuple):
    """What the zygote knows of a child."""

    node: str
    pid: int
    host: _Host | None
    """The host, of everything in it."""
    number: int | None
    """None: the node's first process."""


class Zygote:
    def __init__(self, stage: socket.socket, records: int) -> None:
        self._stage = stage
        self._records = records
        self._forks = Forks()
        self._children: dict[int, _Child] = {}
        """By pidfd."""
        self._hosts: dict[int, _Host] = {}
        """By descriptor of the hypervisor's line."""
        self._poll = select.poll()
        self._poll.register(stage, select.POLLIN)

    def run(self) -> None:
        self._tell(ZygoteReady())
        while True:
            for descriptor, _event in self._poll.poll():
                if descriptor in self._children:
                    self._reap(descriptor)
                elif descriptor in self._hosts:
                    self._serve(self._hosts[descriptor])
                elif descriptor == self._stage.fileno() and not self._obey():
                    return

    def _tell(self, news: ZygoteNews) -> None:
        self._stage.sendall(msgspec.msgpack.encode(news))

    # --- Nodes, for the stage -----------------------------------------------------------------------------------------

    def _obey(self) -> bool:
        try:
            data, descriptors, _flags, _address = socket.recv_fds(self._stage, PACKET_MAX, 1)
        except ConnectionResetError:
            data = b""
        if not data:
            return False  # the stage is gone
        order: StartHost | StartVcenter = ZYGOTE_ORDERS.decode(data)
        with socket.socket(fileno=descriptors[0]) as control:
            try:
                if isinstance(order, StartHost):
                    self._start_host(order, control)
                else:
                    self._start_vcenter(order, control)
            except OSError as error:
                self._tell(StartFailed(order.node, str(error)))
        return True

    def _start_host(self, order: StartHost, control: socket.socket) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

        def body() -> None:
            HypervisorProcess(order, control, theirs, self._records).run()

        with theirs:
            keep = (control.fileno(), theirs.fileno(), self._records)
            pid = self._forks.into(order.pid, f"{order.node}-hv", keep, body)
        host = _Host(order, ours)
        self._hosts[ours.fileno()] = host
        self._poll.register(ours, select.POLLIN)
        self._watch(_Child(order.node, pid, host, None))
        self._tell(Started(order.node, pid))

    def _start_vcenter(self, order: StartVcenter, control: socket.socket) -> None:
        def body() -> None:
            VcenterProcess(order, control, self._records).run()

        pid = self._forks.into(order.pid, order.node, (control.fileno(), self._records), body)
        self._watch(_Child(order.node, pid, None, None))
        self._tell(Started(order.node, pid))

    # --- Agents and VMs, for hypervisors ------------------------------------------------------------------------------

    def _serve(self, host: _Host) -> None:
        try:
            data, descriptors, _flags, _address = socket.recv_fds(host.line, PACKET_MAX, 1)
        except ConnectionResetError:
            data = b""
        if not data:  # the hypervisor is gone; its pidfd tells the rest
            self._drop(host)
            return
        order: ChildOrder = CHILD_ORDERS.decode(data)
        match order:
            case StartProcess(number=number, vm=vm, clock=clock):
                with socket.socket(fileno=descriptors[0]) as end:
                    self._start_process(host, number, vm, clock, end)
            case KillProcess(number=number):
                host.kill(number)

    def _start_process(
        self, host: _Host, number: int, vm: VmSettings | None, clock: ClockSetting, end: socket.socket
    ) -> None:
        order = host.order

        def body() -> None:
            if vm is None:
                AgentProcess(order.agent, order.book, order.key, end, self._records, clock=clock).run()
            else:
                VmProcess(vm, end, self._records).run()

        name = f"{order.node}-fdm" if vm is None else vm.vm.name
        try:
            pid = self._forks.into(order.pid, name, (end.fileno(), self._records), body)
        except OSError as error:
            host.tell(ProcessEnded(number, str(error)))
            return
        host.children[number] = self._watch(_Child(order.node, pid, host, number))
        host.tell(ProcessStarted(number, pid))

    # --- Deaths -------------------------------------------------------------------------------------------------------

    def _watch(self, child: _Child) -> int:
        descriptor = os.pidfd_open(child.pid)
        self._children[descriptor] = child
        self._poll.register(descriptor, select.POLLIN)
        return descriptor

    def _reap(self, descriptor: int) -> None:
        child = self._children[descriptor]
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if not pid:
            return  # news of an older child, whose descriptor had the same number
        del self._children[descriptor]
        self._poll.unregister(descriptor)
        os.close(descriptor)
        because = ending(status)
        if child.number is None:
            if child.host is not None:
                for number in child.host.children:
                    child.host.kill(number)
                self._drop(child.host)
            self._tell(Died(child.node, child.pid, because))
        elif child.host is not None:
            del child.host.children[child.number]
            child.host.tell(ProcessEnded(child.number, because))

    def _drop(self, host: _Host) -> None:
        if self._hosts.pop(host.line.fileno(), None) is not None:
            self._poll.unregister(host.line)
            host.line.close()


def main() -> None:
    stage = socket.socket(fileno=int(sys.argv[1]))
    records = int(sys.argv[2])
    os.set_inheritable(stage.fileno(), False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which ends everything
    set_name("zygote")
    if "cold" not in sys.argv[3:]:
        warm_up()
    gc.freeze()  # what is imported stays out of the collector's way, so its pages stay shared
    Zygote(stage, records).run()


if __name__ == "__main__":
    main()
