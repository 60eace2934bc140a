"""The VM of `make vm-check`: a fresh layer over the image, run by plain qemu, reached over one port of loopback.

This module decides how it is run. Hardware virtualisation is used only where a kernel really boots with it: on some
machines the device is there, the firmware starts, and no kernel ever comes up. Otherwise the processor is emulated, and
its clock counts instructions instead of seconds (qemu's icount): a busy machine then slows the VM's time down, and no
timer in it is late only because the emulator had to wait. Emulation has one processor for that reason.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".setup/vm"
USER = "vagrant"
MEMORY_MB = 3072
KERNEL_S_MAX = 15.0  # firmware and boot loader take 2 s with hardware virtualisation
BOOT_S_MAX = 600.0  # 40 s on an idle machine without hardware virtualisation
END_S_MAX = 60.0
# 4 ns an instruction: a processor of 250 MHz, which an emulator on a busy machine keeps up with now and then.
CLOCK = "shift=2,sleep=on"


class MachineFailed(Exception):
    """The VM did not come up; the text says how far it came."""


class Machine:
    def __init__(self) -> None:
        self._work = Path(tempfile.mkdtemp(prefix="herzschlag-vm-"))
        self._qemu: subprocess.Popen[bytes] | None = None
        self.acceleration = ""
        self.port = 0
        self.known_hosts = self._work / "known_hosts"
        self._serial = self._work / "serial.log"

    def __enter__(self) -> Self:
        try:
            if os.access("/dev/kvm", os.R_OK | os.W_OK):
                self._start("-accel", "kvm", "-cpu", "host", "-smp", str(min(4, os.cpu_count() or 1)))
                if self._wait_for_kernel():
                    self.acceleration = "KVM"
            if not self.acceleration:
                self._end()
                self._start("-accel", "tcg,thread=single", "-icount", CLOCK, "-cpu", "qemu64", "-smp", "1")
                self.acceleration = "emulated (TCG), clock by instructions"
            self._wait_for_login()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        shutil.rmtree(self._work, ignore_errors=True)

    def _start(self, *how: str) -> None:
        layer = self._work / "layer.qcow2"
        layer.unlink(missing_ok=True)
        self._serial.unlink(missing_ok=True)
        disk = FOLDER / "disk.raw"
        create = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(disk), str(layer)]
        subprocess.run(create, check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kind, key = (FOLDER / "host_key.pub").read_text().split()[:2]
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")
        command = [
            *("qemu-system-x86_64", *how, "-m", str(MEMORY_MB), "-display", "none", "-monitor", "none"),
            *("-serial", f"file:{self._serial}", "-drive", f"file={layer},if=virtio,cache=unsafe"),
            *("-device", "virtio-rng-pci", "-device", "virtio-net-pci,netdev=line"),
            # Nothing leads out of it: what it needs is in the image.
            *("-netdev", f"user,id=line,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22"),
        ]
        with (self._work / "qemu.log").open("wb") as log:
            # In a session of its own: Ctrl-C is for the check, which ends it in its own time.
            self._qemu = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _wait_for_kernel(self) -> bool:
        give_up_at = time.monotonic() + KERNEL_S_MAX
        while time.monotonic() < give_up_at and self._lives():
            if self._serial.exists() and b"Linux version" in self._serial.read_bytes():
                return True
            time.sleep(0.2)
        return False

    def _wait_for_login(self) -> None:
        """The forwarder accepts before anybody listens inside: only the server's greeting counts."""
        give_up_at = time.monotonic() + BOOT_S_MAX
        while time.monotonic() < give_up_at and self._lives():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
                    line.settimeout(30)
                    if line.recv(16).startswith(b"SSH-"):
                        return
            except OSError:
                pass
            time.sleep(0.5)
        said = self._serial.read_text(errors="replace")[-1500:] if self._serial.exists() else ""
        errors = (self._work / "qemu.log").read_text(errors="replace")
        raise MachineFailed(
            f"the VM accepted no login within {BOOT_S_MAX:g} s; its console ends with:\n{said}\n{errors}"
        )

    def _lives(self) -> bool:
        return self._qemu is not None and self._qemu.poll() is None

    def _end(self) -> None:
        if self._qemu is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._lives():
                self._qemu.send_signal(number)
                try:
                    self._qemu.wait(END_S_MAX)
                except subprocess.TimeoutExpired:
                    continue
        self._qemu = None

    def options(self) -> list[str]:
        """Of `herzschlag remote`, to reach it."""
        return [
            *("--host", f"{USER}@127.0.0.1:{self.port}", "--key", str(FOLDER / "key")),
            # Emulated, it may be silent for long while it is busy.
            *("--known-hosts", str(self.known_hosts), "--patience", "120"),
        ]
