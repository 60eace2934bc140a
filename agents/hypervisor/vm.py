"""The process of a virtual machine, as a pure core: it writes to its disk, and each write names its writer.

    on (appends a record each second) -> shutting down -> ended
     |  \\-> stunned (its disk did not answer) -> on, once the hypervisor has looked at its lock
     +-> hung (guest dead: no writes, no guest heartbeat) -> on, by a reset

This module decides what the guest does. It leaves locks and power to the hypervisor. A write that hangs for the limit
of one VMFS I/O is withdrawn and the VM waits for `continue`: by the time access returns its lock may be another host's.
It also waits after a gap of that length between two writes, because then the whole host was frozen. A write that is
refused (the datastore is full or read-only) is tried again each second, once the lock was looked at. So the disk file
shows two writers exactly when two hosts believed that they held the lock.
"""

from __future__ import annotations

import zlib

from herzschlag.agents.core import Core
from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.requests import FAILED, Append
from herzschlag.agents.hypervisor.api import (
    VM_REQUESTS_SHIFT,
    AbortIo,
    AnyVmAction,
    AnyVmEvent,
    EndVm,
    Io,
    IoDone,
    Tell,
    VmBoot,
    VmCommand,
    VmReport,
    VmSettings,
    VmWord,
)
from herzschlag.agents.protocol.events import Wake


def encode_write(writer: tuple[str, str, int, int], n: int, at_ns: int) -> bytes:
    """One disk record of (vm, host, boot, life): its n-th, written at `at_ns`.

    It begins with a line end, so that a torn record before it does not spoil this one.
    """
    vm, host, boot, life = writer
    body = f"{vm}\t{host}\t{boot}\t{life}\t{n}\t{at_ns}".encode()
    return b"\n%b\t%08x" % (body, zlib.crc32(body))


class Vm(Core):
    def __init__(self, settings: VmSettings) -> None:
        self._settings = settings
        self._name = settings.vm.name
        self._datastore = settings.vm.datastore
        self._disk = layout.disk_path(settings.vm.name)
        self._timers = settings.timers
        self._request = settings.number << VM_REQUESTS_SHIFT
        self._life = settings.number << 16
        """The guest's life: it grows with every process of this host's life, and with every reset."""
        self._writes = 0
        self._hung = False
        self._stunned = False
        self._ended = False
        self._pending: int | None = None
        self._refused = ""
        """What its disk answered to the last write, when it was not done."""
        self._limit_at_ns = 0
        self._next_write_ns: int | None = None
        self._good_at_ns = 0
        self._ends_at_ns: int | None = None

    def handle(self, event: AnyVmEvent, now_ns: int) -> list[AnyVmAction]:
        if self._ended:
            return []
        if type(event) is Wake:
            return self._wake(now_ns)
        if type(event) is IoDone:
            return self._io_done(event, now_ns)
        if type(event) is VmBoot:
            self._good_at_ns = now_ns
            return [self._tell("started"), *self._write(now_ns)]
        assert type(event) is VmCommand, f"{event!r} is not an event of a VM"
        return self._command(event, now_ns)

    def wake_at_ns(self) -> int | None:
        if self._ended:
            return None
        at_ns = self._limit_at_ns if self._pending is not None else self._next_write_ns  # Never both are set.
        if self._ends_at_ns is None:
            return at_ns
        return self._ends_at_ns if at_ns is None else min(at_ns, self._ends_at_ns)

    def view(self) -> str:
        """`on`, `stunned`, `hung` or `ended`."""
        if self._ended:
            return "ended"
        if self._hung:
            return "hung"
        return "stunned" if self._stunned else "on"

    def _tell(self, what: VmWord, because: str = "") -> Tell:
        return Tell(VmReport(self._name, self._settings.number, what, because))

    def _end(self, because: str) -> list[AnyVmAction]:
        self._ended = True
        return [EndVm(because)]

    # --- Writing ------------------------------------------------------------------------------------------------------

    def _wake(self, now_ns: int) -> list[AnyVmAction]:
        if self._ends_at_ns is not None and self._ends_at_ns <= now_ns:
            return self._end("its guest shut down")
        if self._pending is not None and self._limit_at_ns <= now_ns:
            request, self._pending = self._pending, None
            return [AbortIo(self._datastore, request), *self._stun("its disk does not answer")]
        if self._next_write_ns is not None and self._next_write_ns <= now_ns:
            if self._refused:
                return self._stun(f"{self._datastore} {FAILED[self._refused]}")
            if now_ns - self._good_at_ns > self._timers.vmfs_io_limit_ns:
                return self._stun("it did not run for a while")
            return self._write(now_ns)
        return []

    def _write(self, now_ns: int) -> list[AnyVmAction]:
        self._writes += 1
        self._request += 1
        self._pending = self._request
        self._limit_at_ns = now_ns + self._timers.vmfs_io_limit_ns
        self._next_write_ns = None
        settings = self._settings
        data = encode_write((self._name, settings.host, settings.boot, self._life), self._writes, now_ns)
        return [Io(Append(self._request, self._datastore, self._disk, data=data))]

    def _io_done(self, event: IoDone, now_ns: int) -> list[AnyVmAction]:
        outcome = event.outcome
        if outcome.request != self._pending:
            return []
        self._pending = None
        if outcome.status == "lost":
            return self._stun("its disk failed")
        before, self._refused = self._refused, outcome.status if outcome.status in FAILED else ""
        if self._refused:
            self._next_write_ns = None if self._hung else now_ns + self._timers.vm_write_ns
            because = f"{self._datastore} {FAILED[self._refused]}"
            return [] if before else [self._tell("disk-refuses", because)]
        self._good_at_ns = now_ns
        if not self._hung:
            self._next_write_ns = max(
                now_ns, self._limit_at_ns - self._timers.vmfs_io_limit_ns + self._timers.vm_write_ns
            )
        return [self._tell("disk-works", "its disk takes writes")] if before else []

    def _stun(self, because: str) -> list[AnyVmAction]:
        self._stunned = True
        self._next_write_ns = None
        return [self._tell("stunned", because)]

    # --- Commands -----------------------------------------------------------------------------------------------------

    def _command(self, event: VmCommand, now_ns: int) -> list[AnyVmAction]:
        match event.command:
            case "crash":
                return self._end("its process crashed")
            case "shutdown":
                seconds = self._settings.vm.guest_shutdown_s
                if seconds is not None and not self._hung and self._ends_at_ns is None:
                    self._ends_at_ns = now_ns + round(seconds * self._settings.second_ns)
            case "hang":
                if not self._hung:
                    self._hung = True
                    self._next_write_ns = self._ends_at_ns = None
                    return [self._tell("silent", "its guest hangs")]
            case "recover":
                return self._recover(now_ns)
            case "reset":
                self._life += 1
                self._ends_at_ns = None
                return self._recover(now_ns)
            case "continue":
                if self._stunned:
                    self._stunned = False
                    return [] if self._hung else self._resume(now_ns)
        return []

    def _recover(self, now_ns: int) -> list[AnyVmAction]:
        if not self._hung:
            return []
        self._hung = False
        heard = self._tell("heard", "its guest runs")
        if self._stunned:
            return [heard]
        if now_ns - self._good_at_ns > self._timers.vmfs_io_limit_ns:
            return [heard, *self._stun("its guest did not write for a while")]
        return [heard, *self._resume(now_ns)]

    def _resume(self, now_ns: int) -> list[AnyVmAction]:
        self._good_at_ns = now_ns
        return self._write(now_ns) if self._pending is None else []
