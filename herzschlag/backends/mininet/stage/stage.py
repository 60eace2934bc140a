"""The first process of a sandbox; its command line is in `beginning.py`.

It brings a whole lab up (controller, Open vSwitch, nodes, hypervisors with their agents, vCenter), then does what the
command outside asks, at the instant it asks for, and watches everything it started. This module decides the order of
the start and what counts as machinery. It leaves conditions to `effects/` and processes to `nodes.py`.

When this process ends, for whatever reason, the kernel ends everything else in the sandbox: nothing is taken down.
"""

from __future__ import annotations

import contextlib
import os
import platform
import select
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from herzschlag.agents.processes.record_file import Lateness, RecordFile
from herzschlag.agents.records import Disk
from herzschlag.backends.mininet.stage.api import (
    Collected,
    Done,
    Holders,
    Look,
    Looked,
    MachineryGone,
    Ready,
    Refused,
    StageNews,
    StageOrder,
    StageSettings,
    Want,
    Where,
    cut_name,
)
from herzschlag.backends.mininet.stage.beginning import (
    CONTROL_SOCKET,
    CONTROLLER_ADDRESS,
    CONTROLLER_PORT,
    Started,
)
from herzschlag.backends.mininet.stage.disks import read_disk_file
from herzschlag.backends.mininet.stage.effects import Effects, EffectUnavailable
from herzschlag.backends.mininet.stage.foreign.programs import Programs
from herzschlag.backends.mininet.stage.look import look
from herzschlag.backends.mininet.stage.nodes import ANSWER_S_MAX, Nodes, StageError
from herzschlag.backends.mininet.stage.priorities import make_urgent
from herzschlag.backends.mininet.stage.stopped import stopped
from herzschlag.controller.client import ControllerClient, ControllerError
from herzschlag.controller.messages import Network, Port
from herzschlag.faults.primitives import PowerOff
from herzschlag.history.kinds import Switches
from herzschlag.systems.model import System
from herzschlag.topo.capture import capture
from herzschlag.topo.errors import TopoError, UnusableMachineError
from herzschlag.topo.impairments.apply import kernel_serves
from herzschlag.topo.lab.lab import ControllerAt, Lab
from herzschlag.topo.lab.storage import LOCAL_MB
from herzschlag.topo.lab.switch_watch import SwitchWatch
from herzschlag.topo.lab.switches import management_socket
from herzschlag.topo.spec import VCENTER, datapath_id, switch_name

_NO_PROTOCOL = 255
"""Reserved: no packet has it."""
PREPARATION_NS = 10_000_000
"""How long before its instant a change is prepared. No longer, because what a cut drops is counted only until then."""


class Outside:
    """The line to the command."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._lines = end.makefile("rb")
        self._decode = msgspec.json.Decoder(StageOrder).decode

    def fileno(self) -> int:
        return self._socket.fileno()

    def settings(self) -> StageSettings:
        return msgspec.json.decode(self._lines.readline(), type=StageSettings)

    def order(self) -> StageOrder | None:
        """The next order; None when the command is gone."""
        line = self._lines.readline()
        order: StageOrder | None = self._decode(line) if line else None
        return order

    def tell(self, news: StageNews) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._socket.sendall(msgspec.json.encode(news) + b"\n")


class Stage:
    def __init__(
        self,
        outside: Outside,
        settings: StageSettings,
        records: int,
        capture_line: int | None,
        started: Started,
    ) -> None:
        self._outside = outside
        self._settings = settings
        self._logs = Path(settings.log_directory)
        self._records = records
        self._ours: set[int] = set()
        self._stood: set[str] = set()
        """Processes of ours that were seen to stand still."""
        self._switches: SwitchWatch
        self._began = time.monotonic()
        self._timings_ms: dict[str, float] = {}
        self._watched: dict[int, str] = {}
        """The pidfd of every machinery process, with the name of the process."""
        self._relay: dict[str, int] = {}
        """Its pid under its name, once there is one."""
        self._versions = {"kernel": platform.release(), "python": platform.python_version()}
        self._controller_process, self._controller_says = started.controller
        if started.zygote is not None:
            self._nodes: Nodes | Programs = Nodes(settings, started.zygote, self._logs / "agents.log", self._gone)
        else:
            assert settings.system is not None
            self._nodes = Programs(settings, settings.system, records, self._logs, self._gone)
        self._lab = Lab(
            settings.topology,
            datapath=settings.datapath,
            log_directory=self._logs,
            controller=ControllerAt(CONTROLLER_ADDRESS, CONTROLLER_PORT, self._await_controller),
            seed=settings.seed,
            local_mb=LOCAL_MB if settings.system is None else settings.system.disk_mb,
        )
        self._lab.impairments.on_relay = self._watch_relay
        self._capture_line = capture_line
        self._controller: ControllerClient
        self._effects: Effects

    def _stamp(self, what: str) -> None:
        self._timings_ms[what] = round((time.monotonic() - self._began) * 1000, 1)

    # --- Starting -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        relayed, unplanned = self._relayed(), self._settings.bad_lines is None
        if relayed or (unplanned and not kernel_serves()):
            self._lab.impairments.start_relay()
        self._lab.start()
        self._stamp("lab")
        self._configure_controller()
        self._lab.switches.count_no_more()
        self._stamp("controller")
        self._lab.impairments.warm_up()  # meanwhile the zygote imports its modules
        self._lab.impairments.ready_relay(relayed)
        self._stamp("filters")
        self._nodes.wait_ready()
        self._stamp("zygote")
        self._effects = Effects(self._settings, self._lab, self._controller, self._nodes)
        urgent = [*self._lab.processes().values(), *self._nodes.machinery.values(), self._controller_process.pid]
        self._versions["scheduling"] = make_urgent(urgent)
        self._watch_switches()
        # This process cuts and heals, so it has to be in time as well, and its threads, of which the watch is one; a
        # user's commands, which it forks, need not be.
        make_urgent((), childless=[os.getpid()])
        self._nodes.start(self._lab, [*self._settings.topology.moids, VCENTER])
        self._stamp("nodes")
        machinery = {
            **self._lab.processes(),
            "controller": self._controller_process.pid,
            **self._nodes.machinery,
        }
        self._ours = set(machinery.values())
        for name, pid in machinery.items():
            self._watched[os.pidfd_open(pid)] = name
        self._outside.tell(Ready(self._versions, self._timings_ms, machinery | self._relay | self._nodes.pids))

    def _watch_relay(self, pid: int) -> None:
        """A packet that is late in the relay would be blamed on the protocol: it has priority like the switches."""
        self._watched[os.pidfd_open(pid)] = "relay"
        self._relay = {"relay": pid}
        make_urgent([pid])

    def _watch_switches(self) -> None:
        """From now on: a switch that stands still before the cluster is ready harms the run as well. Earlier there was
        nothing to forward, and it had no priority yet."""
        networks = self._settings.topology.networks
        late = [Lateness(RecordFile(self._records, switch_name(network)), "switch") for network in networks]

        def tell(late_ns: int, now_ns: int) -> None:
            for one in late:
                one.fired(late_ns, now_ns)

        self._switches = SwitchWatch(management_socket(networks[0]), tell)

    def _capture(self) -> None:
        """Begin the capture, before the first datagram. The line stays open as long as this process lives."""
        if self._capture_line is not None:
            line = capture.begin(
                self._settings.topology, self._capture_line, self._settings.capture, _kept(self._settings.system)
            )
            self._watched[line.detach()] = "the recorder of packets"
            self._stamp("capture")

    def _await_controller(self) -> None:
        """Wait for the controller. The lab calls this once its switches have their ports: both start side by side."""
        self._capture()
        self._versions |= {"datapath": self._lab.datapath, "open vswitch": _ovs_version()}
        if not select.select([self._controller_says], [], [], ANSWER_S_MAX)[0]:
            raise StageError(f"the controller was not ready within {ANSWER_S_MAX:.0f} s: see log/controller.out")
        words = os.read(self._controller_says, 1000).decode().split()
        os.close(self._controller_says)
        if not words:
            raise StageError("the controller ended while starting: see log/controller.out")
        self._versions["controller"] = " ".join(words[1:])
        self._stamp("controller listens")

    def _configure_controller(self) -> None:
        self._controller = ControllerClient(CONTROL_SOCKET)
        spec = self._settings.topology
        self._controller.configure(
            {
                network: Network(
                    datapath_id(network),
                    {node: Port(spec.port(node), spec.mac(node, network)) for node in spec.nodes},
                    floods=self._settings.system is not None and self._settings.system.floods,
                )
                for network in spec.networks
            }
        )

    # --- Serving ------------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Serve the command until it is gone."""
        while self._look(None):
            pass

    def _look(self, timeout_s: float | None) -> bool:
        """Wait for news of any kind and deal with it. False: the command is gone."""
        readers: dict[int, Callable[[], None]] = self._nodes.descriptors()
        watched = [*readers, *self._watched, self._outside.fileno()]
        for descriptor in select.select(watched, [], [], timeout_s)[0]:
            if descriptor in readers:
                readers[descriptor]()
            elif descriptor in self._watched:
                name = self._watched.pop(descriptor)
                os.close(descriptor)
                self._gone(name, "its process ended")
            else:
                order = self._outside.order()
                if order is None:
                    return False
                self._obey(order)
        return True

    def _gone(self, what: str, because: str) -> None:
        self._outside.tell(MachineryGone(what, because))

    def _obey(self, order: StageOrder) -> None:
        try:
            self._outside.tell(self._answer(order))
        except EffectUnavailable as error:
            self._outside.tell(Refused(str(error), error.fix))
        except (StageError, TopoError, ControllerError, OSError, subprocess.SubprocessError) as error:
            traceback.print_exc()
            self._outside.tell(Refused(f"{type(error).__name__}: {error}"))

    def _answer(self, order: StageOrder) -> Done | Collected | Looked | Holders:
        if isinstance(order, Want):
            return self._want(order)
        if isinstance(order, Look):
            return Looked(look(self._settings.topology, self._lab))
        if isinstance(order, Where):
            lab = self._lab
            return Holders({node: lab.pid(node) for node in lab.spec.nodes if lab.powered(node)})
        return self._collect()

    def _want(self, order: Want) -> Done:
        past_ns = max(0, time.monotonic_ns() - order.at_ns)
        skipped = -(-past_ns // order.every_ns) if order.every_ns else 0
        at_ns = order.at_ns + skipped * order.every_ns
        while (left_ns := at_ns - PREPARATION_NS - time.monotonic_ns()) > 0:
            if not self._look(left_ns / 1e9):
                break  # the command is gone; the lab follows, but not in the middle of a change
        if any(isinstance(c, PowerOff) and self._lab.powered(c.node) for c in order.conditions):
            self._see_who_stands_still()  # what loses power now will not tell any more
        prepared = self._effects.prepare(frozenset(order.conditions), order.commands)
        if (left_ns := at_ns - time.monotonic_ns()) > 0:
            time.sleep(left_ns / 1e9)
        asked_ns = time.monotonic_ns()
        applied = prepared.apply()
        self._tell_how_late_the_relay_was()
        return Done(skipped, asked_ns, applied.at_ns, applied.took_ns, applied.dropped, applied.evidence)

    def _relayed(self) -> list[tuple[str, str]]:
        """Nodes, each with a network, whose packets the relay is going to carry."""
        served = kernel_serves()
        return [(one.src, one.network) for one in self._settings.bad_lines or () if one.beyond_kernel or not served]

    # --- The end ------------------------------------------------------------------------------------------------------

    def _collect(self) -> Collected:
        disks: list[Disk] = []
        for vm in self._settings.config.vms:
            disks += read_disk_file(self._lab.datastore_path(vm.datastore), vm.datastore, vm.name)
        self._switches.tell_overdue()
        self._tell_how_late_the_relay_was()
        if isinstance(self._nodes, Programs):
            self._nodes.read_back()
        for node in self._settings.topology.nodes:
            # Its hypervisor's end is told by the zygote; gateway and vCenter's node have no other process that is.
            if self._lab.powered(node) and not self._lab.holder_lives(node):
                self._gone(f"{node}'s first process", "its process ended")
        status = self._controller.status()
        dropped = {cut_name(cut.network, cut.src, cut.dst): cut.packets or 0 for cut in status.cuts}
        switches = Switches(
            forwarded=sum(one.packets or 0 for one in status.forwarded)
            + sum(one.packets or 0 for one in status.flooded),
            unknown=sum(switch.table_miss_packets or 0 for switch in status.switches),
        )
        lines = {
            cut_name(*link): counts
            for node in self._lab.spec.nodes
            for link, counts in self._lab.impairments.lines(node).items()
        }
        self._see_who_stands_still()
        return Collected(time.monotonic_ns(), disks, dropped, switches, sorted(self._stood), lines)

    def _tell_how_late_the_relay_was(self) -> None:
        """Packets that wait for it are late, which would be blamed on the protocol."""
        late_ns = self._lab.impairments.take_relay_late_ns()
        if late_ns is not None:
            Lateness(RecordFile(self._records, "relay"), "relay").fired(late_ns, time.monotonic_ns())

    def _see_who_stands_still(self) -> None:
        frozen = [f"/proc/{self._lab.pid(node)}" for node in self._lab.frozen()]
        self._stood |= set(stopped(self._ours, frozen))


def _kept(system: System | None) -> capture.Kept | None:
    """What a capture of heartbeats keeps of another system; none of it where they cannot be told from the rest."""
    if system is None:
        return None
    looks = system.heartbeats
    return capture.Kept(_NO_PROTOCOL) if looks is None else capture.Kept(looks.protocol, looks.port)


def _ovs_version() -> str:
    result = subprocess.run(["ovs-vsctl", "--version"], capture_output=True, text=True, check=False)
    return result.stdout.split("\n", 1)[0].rpartition(" ")[2]


def main(started: Started) -> int:
    outside = Outside(socket.socket(fileno=int(sys.argv[1])))
    records = int(sys.argv[2])
    os.set_inheritable(outside.fileno(), False)
    os.set_inheritable(records, False)
    capture_line = int(sys.argv[5]) if len(sys.argv) > 5 else None
    try:
        stage = Stage(outside, outside.settings(), records, capture_line, started)
        stage.start()
    except UnusableMachineError as error:
        outside.tell(Refused(error.what, error.fix))
        return 4
    except (StageError, TopoError, ControllerError, OSError, subprocess.SubprocessError) as error:
        traceback.print_exc()
        outside.tell(Refused(f"{type(error).__name__}: {error}"))
        return 3
    stage.serve()
    return 0
