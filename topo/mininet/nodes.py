"""Mininet's own view of a lab: its Host, Switch, Link and Intf classes over things that exist already.

Mininet makes a node by starting a shell and typing into it. Here nodes, links and addresses are there before Mininet
hears of them; a node's shell is opened at the first command typed into it. What remains is what people use Mininet
for: `net["host-98"].cmd(...)`, `popen`, `pexec`, links, and its prompt.

Two of Mininet's habits are kept away: it would set machine-wide kernel limits (`Mininet.init`), and its clean-up ends
processes by name.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import warnings
from collections.abc import Callable
from typing import Any

from herzschlag.topo.errors import LabError
from herzschlag.topo.spec import PREFIX_LENGTH, TopologySpec, datapath_id, node_interface, switch_interface, switch_name

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Mininet imports distutils, which Python announces to remove
    from mininet.cli import CLI
    from mininet.link import Intf, Link
    from mininet.log import output
    from mininet.net import Mininet
    from mininet.node import Host, Node, Switch
    from mininet.util import quietRun

_LOOK_S = 0.2
"""How often a shell that says nothing is looked at."""


class LabIntf(Intf):  # type: ignore[misc]
    """An interface that netlink has set up already."""

    def config(self, ip: str | None = None, **_: Any) -> dict[str, Any]:
        self.ip, self.prefixLen = ip, PREFIX_LENGTH if ip else None
        return {}

    def updateIP(self) -> str | None:
        """The lab's address, also while the node is off or has lost it: who pings it wants to see that it is gone."""
        return self.ip


class LabLink(Link):  # type: ignore[misc]
    """A veth pair that netlink has made already; it ends with the sandbox."""

    @classmethod
    def makeIntfPair(cls, *_: Any, **__: Any) -> None:
        return

    def delete(self) -> None:
        return

    stop = delete


class LabHost(Host):  # type: ignore[misc]
    """A node whose processes live in the holder's namespaces, so that they end with it."""

    shell: Any
    _popen: Any

    def __init__(self, name: str, *, holder: Callable[[str], int], **params: Any) -> None:
        self._holder = holder
        super().__init__(name, **params)

    @classmethod
    def setup(cls) -> None:
        """What is needed is checked by the lab as a whole."""

    def startShell(self, mnopts: str | None = None) -> None:
        if mnopts is None:  # from the constructor: nobody has typed anything yet
            with contextlib.suppress(LabError):  # powered off
                self.pid = self._holder(self.name)

    def _inside(self) -> list[str]:
        """The words that run a program in the node; setpriv so that it ends with the waiting nsenter as well."""
        pid = str(self._holder(self.name))
        return ["nsenter", "-t", pid, "-n", "-m", "-p", "-u", "--", "setpriv", "--pdeathsig", "KILL", "--"]

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
        self.pid = self._holder(self.name)

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
        self.abandon()


class LabSwitch(Switch):  # type: ignore[misc]
    """A bridge that exists already; commands run in the sandbox, where Open vSwitch is."""

    def __init__(self, name: str, *, datapath: str, **params: Any) -> None:
        self.datapath = datapath
        self.controlIntf = None
        params["inNamespace"] = False
        Node.__init__(self, name, **params)
        self.dpid = self.defaultDpid(params["dpid"])

    @classmethod
    def setup(cls) -> None:
        return

    def startShell(self, mnopts: str | None = None) -> None:
        self.pid = os.getpid()

    def cmd(self, *words: Any, **_: Any) -> str:
        line = " ".join(str(word) for word in words)
        return subprocess.run(line, shell=True, capture_output=True, text=True, check=False).stdout

    def sendCmd(self, *words: Any, **_: Any) -> None:
        raise LabError(f"{self.name} is a switch without a prompt of its own: use sh, for example: sh ovs-vsctl show")

    def dpctl(self, *words: str) -> str:
        return self.cmd("ovs-ofctl", "-O", "OpenFlow14", words[0], self.name, *words[1:])

    def popen(self, *words: Any, **options: Any) -> Any:
        return super().popen(*words, **{"mncmd": [], **options})

    def start(self, controllers: list[Any]) -> None:
        return

    def stop(self, deleteIntfs: bool = True) -> None:
        return

    def terminate(self) -> None:
        return


class LabPrompt(CLI):  # type: ignore[misc]
    """Mininet's prompt, which takes `host-98 ping host-99`: its own ends a command's name at the first hyphen.

    Runs as it is made: LabPrompt(lab.net), or with script=path. Subclass it with do_... methods for more commands.
    """

    identchars = f"{CLI.identchars}-"

    def do_pingall(self, line: str) -> None:
        """Ping between all hosts that have power: pingall [TIMEOUT]"""
        self.mn.ping(self._powered(), line.strip() or None)

    def do_pingallfull(self, line: str) -> None:
        """Ping between all hosts that have power, and say how long each took."""
        self.mn.pingFull(self._powered())

    def waitForNode(self, node: LabHost) -> None:
        """Mininet's own waits for ever when the node's shell ends, as by `host-98 exit`."""
        if self.isatty():
            quietRun("stty -icanon min 1")
        while node.waiting:
            try:
                ready = select.select([node.stdout, self.stdin], [], [], _LOOK_S)[0]
                if self.stdin in ready:
                    node.write(self.stdin.read(1))
                if node.stdout in ready:
                    output(node.monitor())
                elif node.shell.poll() is not None:
                    node.abandon()
                    raise LabError(f"the shell of {node.name} has ended: its next command opens a new one")
            except KeyboardInterrupt:
                node.sendInt()

    def _powered(self) -> list[Any]:
        output("*** Ping: testing ping reachability\n")
        off = [node for node in self.mn.hosts if node.pid is None]
        if off:
            output(f"*** Without power, left out: {' '.join(node.name for node in off)}\n")
        return [node for node in self.mn.hosts if node.pid is not None]


def build_mininet(spec: TopologySpec, holder: Callable[[str], int], datapath: str) -> Any:
    """A built and started Mininet over the nodes, links and bridges that exist already."""
    Mininet.inited = True  # its initialisation would raise limits of the whole machine
    net = Mininet(topo=None, build=False, controller=None, host=LabHost, switch=LabSwitch, link=LabLink, intf=LabIntf)
    first = spec.networks[0]
    for node in spec.nodes:
        address = f"{spec.address(node, first)}/{PREFIX_LENGTH}"
        net.addHost(node, ip=address, mac=spec.mac(node, first), holder=holder)
    for network in spec.networks:
        net.addSwitch(switch_name(network), dpid=f"{datapath_id(network):x}", datapath=datapath)
        for node in spec.nodes:
            net.addLink(
                node,
                switch_name(network),
                port1=spec.networks.index(network),
                port2=spec.port(node),
                intfName1=node_interface(network),
                intfName2=switch_interface(node, network),
                addr1=spec.mac(node, network),
                params1={"ip": spec.address(node, network)},
            )
    net.built = True
    return net
