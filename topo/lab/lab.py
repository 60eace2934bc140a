"""A specification brought to life: a real Mininet inside a sealed sandbox, used by the sandbox's first process.

    with Lab(two_networks(3)) as lab:
        lab.net["host-98"].cmd("ping -c 1 198.18.1.2")      # a Mininet underneath, with its nodes, links and prompt
        lab.power_off("host-99")

This file decides the life of nodes, links and datastore views, and is the only one to import Mininet. How nodes are
made is in `spawner.py`, links in `topo/kernel/netlink.py`, switches in `switches.py`, Mininet's view of it in
`topo/mininet/nodes.py`.

Every change is absolute ("this link is down", not "toggle it"), so that repeating one changes nothing, and done when
the call returns; calls return the instant of it on the monotonic clock, which all namespaces share.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from herzschlag.topo.errors import LabError, UnusableMachineError
from herzschlag.topo.impairments.apply import Impairments
from herzschlag.topo.kernel import syscalls
from herzschlag.topo.kernel.netlink import (
    InNetwork,
    Message,
    Netlink,
    address_message,
    default_route_message,
    link_message,
    mtu_message,
    neighbour_messages,
    up_message,
)
from herzschlag.topo.kernel.probes import missing_for_a_lab
from herzschlag.topo.lab.nsenter_children import process_namespace, wake_waiters
from herzschlag.topo.lab.spawner import Spawner, Step
from herzschlag.topo.lab.storage import Storage, StorageView
from herzschlag.topo.lab.switches import Switches
from herzschlag.topo.sandbox.socket_release import hand_over
from herzschlag.topo.spec import GATEWAY, Datapath, TopologySpec, node_interface, switch_interface

_DEATH_S_MAX = 20.0
_STOP_S_MAX = 5.0
_WAKE_S = 0.02


@dataclass
class _Link:
    """What is wanted of a node's end of a link."""

    up: bool = True
    addressed: bool = True


class _Node:
    """A node's lasting part: its network namespace, kept open while holders come and go."""

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self.powered = True
        self.frozen = False
        self.netns = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.netlink = Netlink(self.netns)
        self.links: dict[str, _Link] = {}
        self.hold(pid)

    def hold(self, pid: int) -> None:
        self.pid = pid
        self.holder: int | None = os.pidfd_open(pid)
        self.processes = process_namespace(pid)
        self.powered = True

    def let_go(self) -> None:
        if self.holder is not None:
            os.close(self.holder)
        self.holder = None
        self.powered = self.frozen = False

    @property
    def netns_path(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self.netns}"


class Lab:
    """A running lab. Not to be used outside a sandbox: there it would change the machine's own network."""

    def __init__(
        self,
        spec: TopologySpec,
        *,
        datapath: Datapath = "auto",
        log_directory: Path | None = None,
    ) -> None:
        self.spec = spec
        self.timings_s: dict[str, float] = {}
        self._nodes: dict[str, _Node] = {}
        self._storage = Storage(spec)
        self._lock = threading.RLock()
        self._root = Netlink()
        self._neighbours: dict[str, list[Message]] = {}
        self.switches = Switches(datapath, log_directory)
        self.impairments = Impairments(spec, self._place)
        self.net: Any = None

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
        began = time.monotonic()
        for path in ("/proc/sys/net/ipv6/conf/all/disable_ipv6", "/proc/sys/net/ipv6/conf/default/disable_ipv6"):
            with contextlib.suppress(FileNotFoundError):
                Path(path).write_text("1")
        self._storage.make_folders()
        self._spawner = Spawner()
        self.switches.start()
        self._stamp("daemons", began)
        pids = self._spawner.spawn([self._holder(node, None) for node in self.spec.nodes])
        self._nodes = {node: _Node(node, pid) for node, pid in zip(self.spec.nodes, pids, strict=True)}
        self._stamp("nodes", began)
        self._make_links()
        self.switches.add(self.spec)
        self._stamp("links", began)
        self._set_up_nodes()
        from herzschlag.topo.mininet.nodes import build_mininet  # noqa: PLC0415 (Mininet is slow to import: while the switches work)

        self.net = build_mininet(self.spec, self.pid, self.switches.datapath)
        self._stamp("mininet", began)
        self.switches.finish(self.spec)
        hand_over(self.switches.processes()["ovs-vswitchd"])
        self._stamp("switches", began)

    def close(self) -> None:
        """End every process of the lab. Interfaces end with the sandbox."""
        self.impairments.close()
        for node in self._nodes.values():
            if node.holder is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(node.holder, signal.SIGKILL)
        for node in self._nodes.values():
            if self.net is not None:
                self.net[node.name].abandon()
            node.let_go()
            node.netlink.close()
            os.close(node.netns)
        self._nodes = {}
        if hasattr(self, "_spawner"):
            self._spawner.close()
        self.switches.stop()
        self._root.close()

    def processes(self) -> dict[str, int]:
        """What the lab stands on, by name to pid, for those who watch over it: without any of these it is none."""
        return {**self.switches.processes(), "spawner": self._spawner.pid}

    def _stamp(self, what: str, began: float) -> None:
        self.timings_s[what] = round(time.monotonic() - began, 4)

    def _make_links(self) -> None:
        """All of them in one batch."""
        spec = self.spec
        self._root.send([link_message(spec, n, net, self._nodes[n].netns) for net in spec.networks for n in spec.nodes])

    def _set_up_nodes(self) -> None:
        """Every node's interfaces, addresses, neighbours and routes, in one batch each."""
        spec = self.spec
        self._neighbours = {network: neighbour_messages(spec, network) for network in spec.networks}
        offload_off = self.switches.datapath == "user"
        names = tuple(node_interface(network) for network in spec.networks)
        for node in self._nodes.values():
            node.links = {network: _Link() for network in spec.networks}
            if offload_off:
                with InNetwork(node.netns):
                    syscalls.transmit_checksums_off(names)
            node.netlink.send([message for network in spec.networks for message in self._up(node, network)])

    def _up(self, node: _Node, network: str) -> list[Message]:
        """An interface going down loses its neighbours and routes, so coming up means giving it everything again."""
        messages = [up_message(network, True)]
        if node.links[network].addressed:
            messages.append(address_message(self.spec, node.name, network, present=True))
        messages += self._neighbours[network]
        if network == "A" and node.name != GATEWAY and node.links[network].addressed:
            messages.append(default_route_message(self.spec))
        return messages

    def _holder(self, node: str, netns: str | None) -> dict[str, Any]:
        return {"name": node, "netns": netns, "steps": self._storage.steps_of_a_new_life(node)}

    # --- where things are ---

    @property
    def datapath(self) -> Literal["kernel", "user"]:
        return self.switches.datapath

    def pid(self, node: str) -> int:
        """The node's holder; others enter the node by /proc/<pid>/ns/{net,mnt,pid}."""
        found = self._node(node)
        if not found.powered:
            raise LabError(f"{node} is powered off: power it on before entering it")
        return found.pid

    def powered(self, node: str) -> bool:
        return self._node(node).powered

    def netns(self, node: str) -> str:
        """The node's network namespace as a path, valid while this process lives, powered or not."""
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

    def _node(self, name: str) -> _Node:
        if name not in self._nodes:
            raise LabError(f"node {name!r} is not in this lab: its nodes are {', '.join(self.spec.nodes)}")
        return self._nodes[name]

    def _place(self, node: str) -> tuple[int, Netlink]:
        found = self._node(node)
        return found.netns, found.netlink

    def _link(self, node: str, network: str) -> tuple[_Node, _Link]:
        found = self._node(node)
        if network not in found.links:
            raise LabError(f"network {network!r} is not in this lab: its networks are {', '.join(self.spec.networks)}")
        return found, found.links[network]

    # --- power ---

    def power_off(self, *nodes: str) -> int:
        """End every process of these nodes, at once and without notice, then their links. Returns when all were dead.

        The kernel counts a process as gone only when its parent has taken its exit status, so whoever forked
        processes into the node from outside must be waiting for them.
        """
        with self._lock:
            alive = {node: holder for node in nodes if (holder := self._node(node).holder) is not None}
            for holder in alive.values():  # all of them first: a host with many VMs takes its time to be dead
                signal.pidfd_send_signal(holder, signal.SIGKILL)
            for node, holder in alive.items():
                self._await_death(node, holder)
            dead_ns = time.monotonic_ns()
            for node in alive:
                found = self._node(node)
                found.let_go()
                found.netlink.send([up_message(network, False) for network in found.links])
                self.net[node].abandon()
            return dead_ns

    def _await_death(self, node: str, holder: int) -> None:
        deadline = time.monotonic() + _DEATH_S_MAX
        while not select.select([holder], [], [], _WAKE_S)[0]:
            wake_waiters(self._node(node).processes)
            if time.monotonic() >= deadline:
                raise LabError(
                    f"{node} did not end within {_DEATH_S_MAX:.0f} s of being killed: some process that forked into it"
                    " does not wait for its children"
                )

    def power_on(self, node: str) -> int:
        """A new life in the old network namespace: nothing runs, /local and the datastores are as they were left."""
        with self._lock:
            found = self._node(node)
            if not found.powered:
                (pid,) = self._spawner.spawn([self._holder(node, found.netns_path)])
                found.hold(pid)
                self.net[node].pid = pid
                up = [network for network, link in found.links.items() if link.up]
                found.netlink.send([message for network in up for message in self._up(found, network)])
            return time.monotonic_ns()

    def freeze(self, node: str) -> int:
        """Stop every process of a node where it stands; its network stack still answers pings. Returns when stopped."""
        with self._lock:
            pid = self.pid(node)
            self._spawner.enter(("pid",), {pid: [["signal_all", signal.SIGSTOP]]})
            deadline = time.monotonic() + _STOP_S_MAX
            while running := _running(pid):
                if time.monotonic() > deadline:
                    raise LabError(f"{node}: processes {running} did not stop within {_STOP_S_MAX:.0f} s")
                time.sleep(0.001)
            self._node(node).frozen = True
            return time.monotonic_ns()

    def thaw(self, node: str) -> int:
        with self._lock:
            found = self._node(node)
            if found.powered:
                self._spawner.enter(("pid",), {found.pid: [["signal_all", signal.SIGCONT]]})
                wake_waiters(found.processes)
                found.frozen = False
            return time.monotonic_ns()

    # --- links ---

    def carrier(self, node: str, network: str, up: bool) -> int:
        """The node's own interface down or up, as a pulled cable at its end; the switch's port loses carrier too."""
        with self._lock:
            found, link = self._link(node, network)
            link.up = up
            if found.powered:
                found.netlink.send(self._up(found, network) if up else [up_message(network, False)])
            return time.monotonic_ns()

    def address(self, node: str, network: str, present: bool) -> int:
        """Take a node's address away, or give it back."""
        with self._lock:
            found, link = self._link(node, network)
            link.addressed = present
            if present:
                messages = self._up(found, network) if link.up and found.powered else []
                found.netlink.send([address_message(self.spec, node, network, present=True), *messages])
            else:
                found.netlink.send([address_message(self.spec, node, network, present=False)], missing_ok=True)
            return time.monotonic_ns()

    def mtu(self, node: str, network: str, mtu: int | None) -> int:
        """Drop packets above this size at the switch's end of the node's link, both ways; None for the lab's own size.

        The kernel allows 4 bytes more for a VLAN tag on the way into the switch.
        """
        with self._lock:
            self._link(node, network)
            self._root.send([mtu_message(switch_interface(node, network), mtu or self.spec.mtu)])
            return time.monotonic_ns()

    def gateway(self, *, silent: bool) -> int:
        """Whether the gateway, powered and connected, leaves pings unanswered."""
        with self._lock:
            step: Step = ["write", "/proc/sys/net/ipv4/icmp_echo_ignore_all", "1" if silent else "0"]
            self._spawner.enter_network(self._node(GATEWAY).netns_path, [step])
            return time.monotonic_ns()

    # --- storage ---

    def set_storage(self, views: Mapping[tuple[str, str], StorageView]) -> int:
        """How hosts see datastores, by (host, datastore): as they are, or as a dead folder holding only `.apd` or
        `.pdl`. All hosts change at once.

        Whoever opens a path sees the new view at once. What was open before stays open: hosts open anew for each I/O.
        Returns the instant before the first change, for a host may find out before another is told.
        """
        with self._lock:
            began_ns = time.monotonic_ns()
            steps: dict[int, list[Step]] = {}
            for (moid, datastore), view in views.items():
                found = self._node(moid)
                own = self._storage.steps_to(moid, datastore, view)
                if own and found.powered:
                    steps.setdefault(found.pid, []).extend(own)
            if steps:
                began_ns = self._spawner.enter(("mnt",), steps)
            for (moid, datastore), view in views.items():
                self._storage.note(moid, datastore, view)
            return began_ns


def _running(holder: int) -> list[int]:
    """Processes of a node that could still do something, by its own numbering, without its pid 1.

    Stopped and dead ones cannot. Nor can one that waits in the kernel, as for its vforked child which was stopped
    before it became another program: the stop reaches it before its next instruction.
    """
    found = []
    for entry in Path(f"/proc/{holder}/root/proc").iterdir():
        if entry.name.isdigit() and entry.name != "1":
            with contextlib.suppress(OSError):
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if state not in "TtZXD":
                    found.append(int(entry.name))
    return found


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
