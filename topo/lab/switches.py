"""A private Open vSwitch inside the sandbox: one database, one switch process, a bridge per network.

This file decides the life of both processes, how their commands are run, and which datapath serves. Which bridges and
ports there are is said by Mininet's switches (`topo/mininet/nodes.py`); what is forwarded is left to the controller.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from herzschlag.topo.environment import program
from herzschlag.topo.errors import SwitchError, UnusableMachineError
from herzschlag.topo.kernel.probes import kernel_datapath_present
from herzschlag.topo.spec import Datapath, switch_name

PROTOCOL = "OpenFlow14"
RUN_DIRECTORY = Path("/run/openvswitch")  # fresh in every sandbox
_START_S_MAX = 20.0
_COMMAND_S_MAX = 60
_CARRIED_OUT_S_MAX = 10
_COUNT_MS = 24 * 3600 * 1000
_PACKAGE = "sudo apt-get install openvswitch-switch"


def management_socket(network: str) -> Path:
    """Where Open vSwitch itself takes OpenFlow requests for a network's bridge, beside the controller's."""
    return RUN_DIRECTORY / f"{switch_name(network)}.mgmt"


def listens(path: Path) -> bool:
    """Whether a process takes connections there. A socket's file is there before that: it is bound first, and on a busy
    machine a command that came between was refused."""
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


class Switches:
    """Open vSwitch of one sandbox. Started early (`start`), given its bridges later (`begin`, `finish`)."""

    def __init__(self, datapath: Datapath = "auto", log_directory: Path | None = None) -> None:
        self.datapath: Literal["kernel", "user"] = _chosen(datapath)
        self._log_directory = log_directory or RUN_DIRECTORY
        self._processes: list[subprocess.Popen[bytes]] = []
        self._transaction: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start database and switch process; does not wait for them."""
        os.environ["OVS_RUNDIR"] = str(RUN_DIRECTORY)  # for every Open vSwitch command started from here on
        RUN_DIRECTORY.mkdir(parents=True, exist_ok=True)
        database = RUN_DIRECTORY / "conf.db"
        _command("ovsdb-tool", "create", str(database))
        self._daemon("ovsdb-server", f"--remote=punix:{RUN_DIRECTORY}/db.sock", str(database))
        self._until(lambda: listens(RUN_DIRECTORY / "db.sock"), "the database's socket")
        self._daemon("ovs-vswitchd", f"unix:{RUN_DIRECTORY}/db.sock")

    def begin(self, words: Sequence[str]) -> None:
        """Begin making bridges or ports, in one transaction after those begun before; `finish` waits for all."""
        self._complete()
        self._transaction = subprocess.Popen(
            [_found("ovs-vsctl"), "--no-wait", "--", "init", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, ports: Mapping[str, int], bridges: Sequence[str]) -> None:
        """Wait until every bridge is there, and every port under its number."""
        self._complete()
        self._until(lambda: self._ports_ready(ports, bridges), "the ports")

    def _complete(self) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            output, _ = transaction.communicate(timeout=_COMMAND_S_MAX)
            if transaction.returncode != 0:
                raise SwitchError(f"ovs-vsctl refused bridges or ports: {output.strip()}")

    def configure(self, words: Sequence[str], *, wait: bool) -> None:
        """Another transaction, on what is there; `wait` until the switch process has carried it out as well."""
        _command("ovs-vsctl", f"--timeout={_CARRIED_OUT_S_MAX}" if wait else "--no-wait", *words)

    def count_no_more(self) -> None:
        """Keep what the database says of counters and controllers as it is now, once they are connected.

        The switch process asks the kernel for counters port by port, each five seconds by default, and forwards nothing
        meanwhile: where another lab on the machine ends, which keeps the kernel's lock of interfaces for tens of
        milliseconds, packets were as late. `ovs-ofctl dump-ports` counts as before. ovs-vswitchd.conf.db(5)
        """
        self.configure(["set", "Open_vSwitch", ".", f"other_config:stats-update-interval={_COUNT_MS}"], wait=False)

    def flows(self, network: str, *words: str) -> str:
        """Run `ovs-ofctl COMMAND BRIDGE …` on the network's bridge, e.g. flows("A", "add-flow", "actions=NORMAL")."""
        return _command("ovs-ofctl", "-O", PROTOCOL, words[0], switch_name(network), *words[1:])

    def processes(self) -> dict[str, int]:
        """The daemons' pids, for those who watch over them."""
        return {os.path.basename(str(process.args[0])): process.pid for process in self._processes}  # type: ignore[index]  # noqa: PTH119

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        self._processes.clear()

    def _daemon(self, name: str, *words: str) -> None:
        log = self._log_directory / f"{name}.log"
        self._processes.append(
            subprocess.Popen(
                [_found(name), "-vconsole:off", "-vsyslog:off", *words, "--pidfile", f"--log-file={log}"],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in a terminal is not for the switches
            )
        )

    def _ports_ready(self, ports: Mapping[str, int], bridges: Sequence[str]) -> bool:
        """Raises when a port has failed for good."""
        text = _command("ovs-vsctl", "--format=json", "--columns=name,ofport,error", "list", "Interface")
        numbers: dict[str, object] = {}
        for name, ofport, error in json.loads(text)["data"]:
            numbers[name] = ofport
            if isinstance(error, str) and error:
                raise SwitchError(f"Open vSwitch cannot use {name}: {error}{_hint(name, error)}")
        return all(isinstance(numbers.get(bridge), int) for bridge in bridges) and all(
            numbers.get(name) == port for name, port in ports.items()
        )

    def _until(self, ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _START_S_MAX
        while not ready():
            for process in self._processes:
                if process.poll() is not None:
                    raise SwitchError(f"{process.args!r} ended with status {process.returncode}{self._last_words()}")
            if time.monotonic() > deadline:
                raise SwitchError(f"Open vSwitch: {what} not ready after {_START_S_MAX:.0f} s{self._last_words()}")
            time.sleep(0.002)

    def _last_words(self) -> str:
        lines = []
        for log in sorted(self._log_directory.glob("ov*.log")):
            lines += [
                line for line in log.read_text(errors="replace").splitlines() if "|ERR|" in line or "|EMER|" in line
            ]
        return ": " + " / ".join(lines[-3:]) if lines else ""


def _chosen(datapath: Datapath) -> Literal["kernel", "user"]:
    if datapath == "auto":
        return "kernel" if kernel_datapath_present() else "user"
    if datapath == "kernel" and not kernel_datapath_present():
        raise UnusableMachineError(
            "the kernel's openvswitch module, which the datapath that was asked for needs,",
            fix="sudo modprobe openvswitch, or let the userspace datapath serve",
        )
    if datapath not in ("kernel", "user"):
        raise SwitchError(f"datapath {datapath!r} is unknown: use 'auto', 'kernel' or 'user'")
    return datapath


def _hint(name: str, error: str) -> str:
    if "ermission denied" in error and "-" not in name:
        return ": /dev/net/tun must be open to this user: sudo chmod 0666 /dev/net/tun"
    return ""


def _found(name: str) -> str:
    path = program(name)
    if path is None:
        raise UnusableMachineError(f"the program {name}", fix=_PACKAGE)
    return path


def _command(name: str, *words: str) -> str:
    try:
        result = subprocess.run(
            [_found(name), *words], capture_output=True, text=True, timeout=_COMMAND_S_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        raise SwitchError(f"{name} {words[0]}: no answer after {_COMMAND_S_MAX} s") from None
    if result.returncode != 0:
        raise SwitchError(f"{name} {' '.join(words)[:200]}: {result.stderr.strip()}")
    return result.stdout
