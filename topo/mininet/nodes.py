"""Host, switch and controller classes for Mininet, which note what it decides until the lab makes all of it at once.

Mininet makes a node by starting a shell and typing into it. Ours start none: the lab starts a process that holds the
node's namespaces, and a node's shell is opened at the first command typed into it. A switch notes the very words that
Mininet would have given to `ovs-vsctl`, so that one call can do them for all switches.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from mininet.node import Host, OVSSwitch, RemoteController

from herzschlag.topo.errors import LabError
from herzschlag.topo.mininet.workshop import Workshop

PROTOCOL = "OpenFlow14"


class LabHost(Host):  # type: ignore[misc]
    """A node whose processes live in the holder's namespaces, so that they end with it."""

    pid: int | None
    shell: Any
    _popen: Any

    def __init__(self, name: str, *, workshop: Workshop, **params: Any) -> None:
        self.workshop = workshop
        self.gateway: str | None = None
        """Where packets go that none of its networks is for."""
        super().__init__(name, **params)

    @classmethod
    def setup(cls) -> None:
        """What is needed is checked by the lab as a whole."""

    def startShell(self, mnopts: str | None = None) -> None:
        """Called by the constructor: the node is started with all others, its shell when a command is typed."""

    def config(
        self, mac: str | None = None, ip: str | None = None, defaultRoute: str | None = None, **_: Any
    ) -> dict[str, Any]:
        """As Mininet's, without its `ifconfig lo up`: a node starts with it."""
        results: dict[str, Any] = {}
        self.setParam(results, "setMAC", mac=mac)
        self.setParam(results, "setIP", ip=ip)
        self.setParam(results, "setDefaultRoute", defaultRoute=defaultRoute)
        return results

    def setDefaultRoute(self, intf: Any = None) -> Any:
        """As Mininet's: an interface, or words such as `via 198.18.0.1`."""
        words = str(intf).split()
        self.gateway = words[words.index("via") + 1] if "via" in words else None
        return super().setDefaultRoute(intf) if self.pid is not None and self._is_set_up() else None

    def _is_set_up(self) -> bool:
        return any(interface.real for interface in self.intfList())

    def _inside(self) -> list[str]:
        """The words that run a program in the node; setpriv so that it ends with the waiting nsenter as well."""
        pid = str(self.workshop.holder(self.name))
        ways = ["--user", "--preserve-credentials", "--net", "--mount", "--pid", "--uts", "--ipc"]
        return ["nsenter", "--target", pid, *ways, "--", "setpriv", "--pdeathsig", "KILL", "--"]

    def _open_shell(self) -> None:
        if self.shell is not None and self.shell.poll() is not None:
            self.abandon()
        if self.shell is not None:
            return
        inside, plain = self._inside(), self._popen

        def enter(command: list[str], **options: Any) -> Any:
            at = command.index("env")
            # Its pseudo-terminal becomes its session's own: otherwise no Ctrl-C would reach what runs in it.
            return plain(["mnexec", "-cd", *inside, "setsid", "--ctty", *command[at:]], **options)

        self._popen = enter  # Mininet's own start of a shell, with our way into the node
        try:
            super().startShell("-cd")
        finally:
            del self._popen
        self.pid = self.workshop.holder(self.name)

    def sendCmd(self, *words: Any, **options: Any) -> None:
        self._open_shell()
        super().sendCmd(*words, **options)

    def cmd(self, *words: Any, **options: Any) -> Any:
        self._open_shell()
        return super().cmd(*words, **options)

    def popen(self, *words: Any, **options: Any) -> Any:
        options.setdefault("mncmd", self._inside())
        return super().popen(*words, **options)

    def abandon(self) -> None:
        """Forget a shell that has ended with the node."""
        shell, self.shell = self.shell, None
        if shell is None:
            return
        self.outToNode.pop(self.stdout.fileno(), None)
        self.inToNode.pop(self.stdin.fileno(), None)
        self.stdin.close()
        with contextlib.suppress(OSError):
            os.close(self.slave)
        shell.kill()
        shell.wait()
        self.waiting = False

    def terminate(self) -> None:
        """Its shell is forgotten when the node has ended (`abandon`): before, what the shell started has a parent."""
        self.workshop.end_host(self)


class LabSwitch(OVSSwitch):  # type: ignore[misc]
    """A bridge of the sandbox's Open vSwitch; commands run in the sandbox, where Open vSwitch is."""

    commands: list[str]
    _uuids: list[str]

    def __init__(self, name: str, *, workshop: Workshop, **params: Any) -> None:
        self.workshop = workshop
        self.controllers: Sequence[Any] = ()
        self._under_way = False
        """Whether its bridge is being made."""
        self._ready = False
        super().__init__(name, **{**params, "batch": True, "protocols": PROTOCOL, "inNamespace": False})
        self._ready = True

    @classmethod
    def setup(cls) -> None:
        """What is needed is checked by the lab as a whole."""

    @classmethod
    def isOldOVS(cls) -> bool:
        return False

    def startShell(self, mnopts: str | None = None) -> None:
        self.pid = os.getpid()

    def cmd(self, *words: Any, **_: Any) -> str:
        if not self._ready:
            return ""  # its constructor brings the loopback up, as the sandbox has done
        line = " ".join(str(word) for word in words)
        return subprocess.run(line, shell=True, capture_output=True, text=True, check=False).stdout

    def sendCmd(self, *words: Any, **_: Any) -> None:
        raise LabError(f"{self.name} is a switch without a prompt of its own: use sh, for example: sh ovs-vsctl show")

    def dpctl(self, *words: str) -> str:
        return self.cmd("ovs-ofctl", "-O", PROTOCOL, words[0], self.name, *words[1:])

    def popen(self, *words: Any, **options: Any) -> Any:
        return super().popen(*words, **{"mncmd": [], **options})

    # --- starting and ending ---

    def note_bridge(self) -> None:
        """Note how it is made, with the ports it has; without controllers, which may have yet to listen."""
        super().start([])
        self._under_way = True

    def note_ports(self) -> None:
        """Note the ports of a bridge that is being made."""
        for interface in self.intfs.values():
            if self.ports[interface]:
                self.note_port(interface)

    def note_port(self, interface: Any) -> None:
        """Done at once by a switch that has started."""
        self.vsctl(f"-- add-port {self} {interface}{self.intfOpts(interface)}")

    def take_words(self) -> list[str]:
        """Everything noted for `ovs-vsctl` and not yet done."""
        noted, self.commands = self.commands, []
        return [word for line in noted for word in shlex.split(line)]

    @property
    def numbers(self) -> dict[str, int]:
        """Its ports by the names of their interfaces."""
        return {interface.name: port for port, interface in self.intfs.items() if port}

    def start(self, controllers: Sequence[Any]) -> None:
        self.controllers = controllers
        self.batch = True
        if not self._under_way:  # stopped before
            self.note_bridge()
            self.workshop.begin_switches([self])
            self.batchStartup([self])

    @classmethod
    def batchStartup(cls, switches: Sequence[LabSwitch], run: Callable[..., Any] | None = None) -> Sequence[LabSwitch]:
        workshop = switches[0].workshop
        workshop.finish_switches(switches)
        for controller in switches[0].controllers:
            controller.await_listening()
        for switch in switches:
            switch.note_controllers()
        workshop.configure_switches(switches)
        for switch in switches:
            switch.work_at_once()
        return switches

    def work_at_once(self) -> None:
        """From here on `ovs-vsctl` is called for every command, as for any switch of Mininet's that has started."""
        self.batch = False

    def note_controllers(self) -> None:
        self._uuids = []  # Mininet remembers those of a bridge that may have gone since
        names = []
        for controller in self.controllers:
            name = f"@{self.name}{controller.name}"
            names.append(name)
            target = f"{controller.protocol}:{controller.IP()}:{controller.port}"
            self.vsctl(
                f"-- --id={name} create Controller target='\"{target}\"' connection_mode=out-of-band"
                f" max_backoff={self.reconnectms}"
            )
        if names:
            self.vsctl(f"-- set Bridge {self.name} controller=[{','.join(names)}]")

    @classmethod
    def batchShutdown(cls, switches: Sequence[LabSwitch], run: Callable[..., Any] | None = None) -> Sequence[LabSwitch]:
        """Both switches at once; their ports' interfaces belong to the links."""
        for switch in switches:
            switch.batch = True
            switch.vsctl("-- --if-exists del-br", switch)
            switch._under_way = False
        switches[0].workshop.configure_switches(switches, wait=True)
        for switch in switches:
            switch.work_at_once()
        return switches

    def stop(self, deleteIntfs: bool = True) -> None:
        self.batchShutdown([self])

    def terminate(self) -> None:
        """A switch has no process of its own."""


class LabController(RemoteController):  # type: ignore[misc]
    """A controller that was started beside the lab, and may not listen yet when Mininet hears of it."""

    def __init__(self, name: str, *, listening: Callable[[], None] | None = None, **params: Any) -> None:
        """`listening` returns when the controller listens; None: it may come and go as it likes."""
        self._listening = listening
        super().__init__(name, **params)

    def startShell(self, mnopts: str | None = None) -> None:
        """Nothing is typed into it."""

    def checkListening(self) -> None:
        """Done when the switches are given its address: `await_listening`."""

    def await_listening(self) -> None:
        """Asked once: a controller that listened and is gone is looked for by the switches themselves."""
        wait, self._listening = self._listening, None
        if wait is not None:
            wait()
