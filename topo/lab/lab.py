"""A specification brought to life: a real Mininet inside a sealed sandbox, used by the sandbox's first process.

    with Lab(two_networks(3)) as lab:
        lab.net["host-98"].cmd("ping -c 1 198.18.1.2")      # the Mininet that made it, with its nodes, links and prompt
        lab.power_off("host-99")

Mininet makes the lab (`topo/mininet/net.py`) of the graph in `topo/mininet/topology.py`; the work under it is done in
`making.py`. This file decides what happens to nodes, links and datastore views from then on.

Every change is absolute ("this link is down", not "toggle it"), so that repeating one changes nothing, and done when
the call returns; calls return the instant of it on the monotonic clock, which all namespaces share.
"""

from __future__ import annotations

import contextlib
import select
import signal
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple

from herzschlag.topo.errors import LabError, SwitchError, UnusableMachineError
from herzschlag.topo.impairments.apply import Impairments
from herzschlag.topo.kernel.netlink import Netlink, address_message, mtu_message
from herzschlag.topo.kernel.probes import mininet_unusable, missing_for_a_lab
from herzschlag.topo.lab.holder import hosts_file
from herzschlag.topo.lab.making import Making
from herzschlag.topo.lab.node import Link, Node
from herzschlag.topo.lab.spawner import Spawner
from herzschlag.topo.lab.steps import Step
from herzschlag.topo.lab.storage import LOCAL_MB, Storage, StorageView
from herzschlag.topo.lab.switches import Switches
from herzschlag.topo.sandbox.socket_release import hand_over
from herzschlag.topo.spec import GATEWAY, PREFIX_LENGTH, Datapath, TopologySpec

_STOP_S_MAX = 5.0
_NO_IPV6 = ("/proc/sys/net/ipv6/conf/all/disable_ipv6", "/proc/sys/net/ipv6/conf/default/disable_ipv6")


class ControllerAt(NamedTuple):
    """Where the controller of a lab's switches listens, on the sandbox's own network."""

    address: str
    port: int
    listening: Callable[[], None] | None = None
    """Returns when it listens; None: it may come and go, and a switch that does not find it tries again every second.
    """


class Lab:
    """A running lab. Not to be used outside a sandbox: there it would change the machine's own network."""

    def __init__(
        self,
        spec: TopologySpec,
        *,
        datapath: Datapath = "auto",
        log_directory: Path | None = None,
        controller: ControllerAt | None = None,
        seed: int = 0,
        local_mb: int = LOCAL_MB,
    ) -> None:
        """Without a controller nothing is forwarded but by flows that are set by hand (`switches.flows`). `seed`: what
        bad lines do to packets follows from it. `local_mb`: the size of each host's own disk."""
        self.spec = spec
        self.timings_s: dict[str, float] = {}
        self._began = 0.0
        self._controller = controller
        self._storage = Storage(spec, local_mb)
        self.switches = Switches(datapath, log_directory)
        self._making = Making(self._storage, self.switches, hosts_file(spec), self._stamp)
        self._lock = self._making.lock
        self.impairments = Impairments(spec, self._place, seed)
        self.net: Any = None
        self._gateway_silent = False

    # --- coming up and going down ---

    def __enter__(self) -> Lab:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        _check_place()
        self._began = time.monotonic()
        for path in _NO_IPV6:
            with contextlib.suppress(FileNotFoundError):
                Path(path).write_text("1")
        self._storage.make_folders()
        self._making.start()
        self.switches.start()
        self._stamp("daemons")
        self.net = self._mininet()
        self._stamp("mininet")
        self.net.build()
        self.net.start()
        self._check_nodes()
        hand_over(self.switches.processes()["ovs-vswitchd"])
        self._stamp("started")

    def _mininet(self) -> Any:
        """The net that Mininet is to build, not yet built."""
        try:
            from herzschlag.topo.mininet.net import LabNet  # noqa: PLC0415 (slow to import: while the daemons start)
            from herzschlag.topo.mininet.nodes import LabController  # noqa: PLC0415
            from herzschlag.topo.mininet.topology import HerzschlagTopo  # noqa: PLC0415
        except ImportError as error:
            raise mininet_unusable(str(error)) from error
        at = self._controller
        controller = at and partial(LabController, ip=at.address, port=at.port, listening=at.listening)
        return LabNet(HerzschlagTopo(self.spec), self._making, self.switches.datapath, controller)

    def _check_nodes(self) -> None:
        """A package of Mininet's name that is another one might accept every call and make nothing."""
        if missing := [node for node in self.spec.nodes if node not in self._making.nodes]:
            raise mininet_unusable(f"it made no {', '.join(missing)}")

    def close(self) -> None:
        """End every process of the lab. Harmless when it has ended already."""
        self.impairments.close()
        if self.net is not None:
            with contextlib.suppress(SwitchError):  # Open vSwitch may have ended, and its bridges with it
                self.net.stop()
        self._making.close()
        self.switches.stop()

    def processes(self) -> dict[str, int]:
        """Processes that the lab needs, by name to pid, for the process that watches over it: without one of them the
        lab is dead."""
        return {**self.switches.processes(), "spawner": self._spawner.pid}

    def _stamp(self, what: str) -> None:
        self.timings_s[what] = round(time.monotonic() - self._began, 4)

    # --- where things are ---

    @property
    def datapath(self) -> Literal["kernel", "user"]:
        return self.switches.datapath

    def pid(self, node: str) -> int:
        """The node's holder; others enter the node by /proc/<pid>/ns/{net,mnt,pid,ipc,uts}, and then its user."""
        return self._making.holder(node)

    def powered(self, node: str) -> bool:
        return self._node(node).powered

    def netns(self, node: str) -> str:
        """The node's network namespace as a path, valid while this process lives, powered or not. Each life of a node
        has another one under this path."""
        return self._node(node).netns_path

    def datastore_path(self, name: str) -> Path:
        """A datastore as the sandbox sees it, whatever the hosts' views are."""
        return self._storage.datastore_path(name)

    def local_path(self, moid: str) -> Path:
        """What the host sees as /local, as the sandbox sees it."""
        return self._storage.local_path(moid)

    def popen(self, node: str, argv: list[str], **options: Any) -> Any:
        """Start a program in a node: a Popen with exit status and pipes, ended by the node's power-off."""
        return self.net[node].popen(argv, **options)

    @property
    def _spawner(self) -> Spawner:
        assert self._making.spawner is not None, "start comes first"
        return self._making.spawner

    @property
    def _root(self) -> Netlink:
        return self._making.root

    def _node(self, name: str) -> Node:
        return self._making.node(name)

    def _place(self, node: str) -> tuple[int, Netlink]:
        found = self._node(node)
        return found.netns, found.netlink

    def _link(self, node: str, network: str) -> tuple[Node, Link]:
        found = self._node(node)
        if network not in self.spec.networks:
            raise LabError(f"network {network!r} is not in this lab: its networks are {', '.join(self.spec.networks)}")
        return found, found.link(network)

    # --- power ---

    def power_off(self, *nodes: str) -> int:
        """End every process of these nodes, at once and without notice, and their links. Returns when none of them
        executed an instruction any more.

        They are stopped before the links go down and killed after that, for the kernel says farewell in the name of a
        process that ends: TCP connections would be closed, and no peer would have to find out by itself. The kernel
        counts a process as gone only when its parent has taken its exit status, so the process that forked processes
        into the node from outside must be waiting for them.
        """
        with self._lock:
            alive = [found for node in nodes if (found := self._node(node)).holder is not None]
            stopped = [found.processes.stop() for found in alive]
            off_ns = time.monotonic_ns()
            for found in alive:
                down = [link.down_message() for link in found.links.values()]
                found.netlink.send(down, missing_ok=True)  # a program on the node may have removed one
            for found in alive:  # all of them first: a host with many VMs takes its time to be dead
                found.kill()
            for found in alive:
                self._making.await_death(found)
            if not all(stopped):
                off_ns = time.monotonic_ns()
            for found in alive:
                found.let_go()
                self.net[found.name].abandon()
            return off_ns

    def power_on(self, node: str) -> int:
        """A new life: nothing runs, and of the life before there is only what lies on /local and on the datastores.

        The network namespace is a new one, into which the node's links are taken with what is wanted of them. Bad lines
        and filters of the lab are there again; whatever a program had added is not.
        """
        with self._lock:
            found = self._node(node)
            if not found.powered:
                counted = self.impairments.counted(node)
                self._making.begin_life(found)
                self.net[node].pid = found.pid
                self.impairments.renew(node, counted)
                if node == GATEWAY and self._gateway_silent:
                    self._silence()
            return time.monotonic_ns()

    def end_programs(self, node: str) -> int:
        """Kill every process of a node but its first one. Returns when none runs any more."""
        with self._lock:
            pid = self.pid(node)
            self._spawner.enter(("pid",), {pid: [["signal_all", signal.SIGKILL]]})
            deadline = time.monotonic() + _STOP_S_MAX
            while self._node(node).processes.running() and time.monotonic() < deadline:
                time.sleep(0.001)
            return time.monotonic_ns()

    def freeze(self, node: str) -> int:
        """Stop every process of a node where it is; its network stack still answers pings. Returns when stopped."""
        with self._lock:
            pid = self.pid(node)
            self._spawner.enter(("pid",), {pid: [["signal_all", signal.SIGSTOP]]})
            deadline = time.monotonic() + _STOP_S_MAX
            while running := self._node(node).processes.running():
                if time.monotonic() > deadline:
                    raise LabError(f"{node}: processes {running} did not stop within {_STOP_S_MAX:.0f} s")
                time.sleep(0.001)
            self._node(node).frozen = True
            return time.monotonic_ns()

    def frozen(self) -> list[str]:
        """The nodes that are frozen and have power."""
        with self._lock:
            return [node for node in self.spec.nodes if self._node(node).frozen and self._node(node).powered]

    def holder_lives(self, node: str) -> bool:
        """Whether the first process of a node that has power still runs."""
        holder = self._node(node).holder
        return holder is not None and not select.select([holder], [], [], 0)[0]

    def thaw(self, node: str) -> int:
        with self._lock:
            found = self._node(node)
            if found.powered:
                self._spawner.enter(("pid",), {found.pid: [["signal_all", signal.SIGCONT]]})
                found.processes.wake_waiters()
                found.frozen = False
            return time.monotonic_ns()

    # --- links ---

    def carrier(self, node: str, network: str, up: bool) -> int:
        """The node's own interface down or up, as a pulled cable at its end; the switch's port loses carrier too."""
        with self._lock:
            self._link(node, network)
            self._making.carrier(node, network, up)
            return time.monotonic_ns()

    def address(self, node: str, network: str, present: bool) -> int:
        """Take a node's address away, or give it back."""
        with self._lock:
            found, link = self._link(node, network)
            link.addressed = present
            if present and link.up and found.powered:
                found.bring_up(link)
            else:
                found.netlink.send(link.interface.address_message(present), missing_ok=not present)
            return time.monotonic_ns()

    def wrong_address(self, node: str, network: str, wrong: str, present: bool) -> int:
        """Another address in the place of a node's own, or its own again."""
        with self._lock:
            found, link = self._link(node, network)
            if present:
                self.address(node, network, False)
            message = address_message(link.interface.index, wrong, PREFIX_LENGTH, present=present)
            found.netlink.send([message], missing_ok=not present)
            return time.monotonic_ns() if present else self.address(node, network, True)

    def routes(self, node: str, network: str, present: bool) -> int:
        """Take a node's routes over one interface away, or give them back."""
        with self._lock:
            found, link = self._link(node, network)
            (found.give_routes if present else found.drop_routes)(link)
            return time.monotonic_ns()

    def mtu(self, node: str, network: str, mtu: int | None) -> int:
        """Drop packets above this size at the switch's end of the node's link, both ways; None for the lab's own size.

        The kernel allows 4 bytes more for a VLAN tag on the way into the switch.
        """
        with self._lock:
            _, link = self._link(node, network)
            link.mtu = mtu
            self._root.send([mtu_message(link.switch_interface, mtu or link.interface.mtu)])
            return time.monotonic_ns()

    def gateway(self, *, silent: bool) -> int:
        """Whether the gateway, powered and connected, leaves pings unanswered."""
        with self._lock:
            self._gateway_silent = silent
            self._silence()
            return time.monotonic_ns()

    def _silence(self) -> None:
        step: Step = ["write", "/proc/sys/net/ipv4/icmp_echo_ignore_all", "1" if self._gateway_silent else "0"]
        self._spawner.enter_network(self._node(GATEWAY).netns_path, [step])

    # --- storage ---

    def set_storage(
        self, views: Mapping[tuple[str, str], StorageView], delay_ns: Mapping[tuple[str, str], int] | None = None
    ) -> int:
        """How hosts see datastores, by (host, datastore): as they are, read-only, or as a dead folder holding only
        `.apd` or `.pdl`; with a mark beside them that they are slow (by `delay_ns` an I/O), or stale from now on. All
        hosts change at once.

        A process that opens a path sees the new view at once. What was open before stays open: hosts open anew for each
        I/O.
        Returns the instant before the first change, for a host may find out before another is told.
        """
        with self._lock:
            marks = self._storage.marks_for(views, delay_ns or {})
            began_ns = time.monotonic_ns()
            steps: dict[int, list[Step]] = {}
            for (moid, datastore), view in views.items():
                found = self._node(moid)
                own = self._storage.steps_to(moid, datastore, view, marks.get((moid, datastore)))
                if own and found.powered:
                    steps.setdefault(found.pid, []).extend(own)
            if steps:
                began_ns = self._spawner.enter(("mnt",), steps)
            for (moid, datastore), view in views.items():
                self._storage.note(moid, datastore, view, marks.get((moid, datastore)))
            return began_ns

    def set_full(self, datastore: str, full: bool) -> int:
        """Whether the datastore has no space left, for every host. Returns the instant before the change."""
        with self._lock:
            began_ns = time.monotonic_ns()
            self._storage.set_full(datastore, full)
            return began_ns


def _check_place() -> None:
    """A lab writes to its root and makes interfaces: both must be a sandbox's."""
    root = next(
        line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines() if line.split()[4] == "/"
    )
    if root[root.index("-") + 1 : root.index("-") + 3] != ["tmpfs", "herzschlag"]:
        raise LabError(
            "a lab runs only inside a sandbox: start this program by herzschlag.topo.sandbox.sandbox.Sandbox.start"
        )
    missing = missing_for_a_lab()
    if missing:
        raise UnusableMachineError(", ".join(one.what for one in missing), fix="; ".join(one.fix for one in missing))
