"""The warmed-up process all hosts are forked from: `python -m agents.zygote STAGE_FD RECORDS_FD`.

Everything is imported here once; 64 hosts with their agents and VMs then share those pages. Decides how a process
gets into a host's namespaces; leaves which ones to the stage, which tells it over a packet socket, one document a
packet, with the end of the new node's control channel attached.

    zygote ──fork──> helper: enters network, mount and process namespaces of the host's first process
                       └──fork──> the host's hypervisor process, in the process namespace; the helper ends

The hypervisor process so becomes the zygote's own child (the zygote adopts orphans), is told apart from the dead by
a pidfd, and dies with it: when the zygote ends, by whatever signal, every host process does.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable

import msgspec

from agents.driver_control import (
    ZYGOTE_ORDERS,
    Died,
    Started,
    StartFailed,
    StartHost,
    StartVcenter,
    ZygoteNews,
    ZygoteReady,
)
from agents.driver_fork import close_all_but, ending, run_child
from agents.driver_hypervisor import HypervisorProcess
from agents.driver_kernel import adopt_orphans, die_with_parent, enter_namespaces, set_name
from agents.driver_vcenter import VcenterProcess

PACKET_MAX = 1_000_000
"""Bytes of one order: an address book of 96 hosts has 8,000, a large cluster's configuration 300,000."""


class Zygote:
    def __init__(self, stage: socket.socket, records: int) -> None:
        self._stage = stage
        self._records = records
        self._lifeline, self._held = os.pipe()
        self._children: dict[int, tuple[str, int]] = {}
        """pidfd to (node, pid)."""

    def run(self) -> None:
        self._tell(ZygoteReady())
        while True:
            for descriptor in select.select([self._stage.fileno(), *self._children], [], [])[0]:
                if descriptor != self._stage.fileno():
                    self._reap(descriptor)
                elif not self._obey():
                    return

    def _tell(self, news: ZygoteNews) -> None:
        self._stage.sendall(msgspec.msgpack.encode(news))

    def _obey(self) -> bool:
        data, descriptors, _flags, _address = socket.recv_fds(self._stage, PACKET_MAX, 1)
        if not data:
            return False
        order: StartHost | StartVcenter = ZYGOTE_ORDERS.decode(data)
        (control,) = descriptors
        try:
            pid = self._start(order, control)
        except OSError as error:
            self._tell(StartFailed(order.node, str(error)))
        else:
            self._children[os.pidfd_open(pid)] = (order.node, pid)
            self._tell(Started(order.node, pid))
        finally:
            os.close(control)
        return True

    def _reap(self, descriptor: int) -> None:
        node, pid = self._children.pop(descriptor)
        _, status = os.waitpid(pid, 0)
        os.close(descriptor)
        self._tell(Died(node, pid, ending(status)))

    def _start(self, order: StartHost | StartVcenter, control: int) -> int:
        """Fork the helper, learn its child's number, let the helper end, then let the child go."""
        told, tell = os.pipe()
        wait, go = os.pipe()

        def helper() -> None:
            try:
                enter_namespaces(order.pid)
                pid = os.fork()
            except OSError as error:
                os.write(tell, f"-{error}".encode())
                return
            if pid == 0:
                run_child(lambda: self._node(order, control, wait, go))
            os.write(tell, f"+{pid}".encode())

        number = os.fork()
        if number == 0:
            run_child(helper)
        os.close(tell)
        os.close(wait)
        answer = os.read(told, 4096).decode()
        os.close(told)
        os.waitpid(number, 0)
        if answer.startswith("+"):
            os.write(go, b"g")  # not before the helper is gone: the parent-death signal would fire for it
        os.close(go)
        if not answer.startswith("+"):
            raise OSError(answer[1:] or "the helper process ended without a word")
        return int(answer[1:])

    def _node(self, order: StartHost | StartVcenter, control: int, wait: int, go: int) -> None:
        """The node's first process, in its namespaces."""
        os.close(go)
        os.close(self._held)
        if os.read(wait, 1) != b"g":
            return
        die_with_parent(self._lifeline)
        close_all_but((control, self._records))
        set_name(f"{order.node}-hv" if isinstance(order, StartHost) else order.node)
        end = socket.socket(fileno=control)
        body: Callable[[], None]
        if isinstance(order, StartHost):
            body = HypervisorProcess(order, end, self._records).run
        else:
            body = VcenterProcess(order, end, self._records).run
        body()


def main() -> None:
    stage = socket.socket(fileno=int(sys.argv[1]))
    records = int(sys.argv[2])
    os.set_inheritable(stage.fileno(), False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which ends everything
    adopt_orphans()
    set_name("zygote")
    gc.collect()
    gc.freeze()  # what is imported stays out of the collector's way, so its pages stay shared
    Zygote(stage, records).run()


if __name__ == "__main__":
    main()
