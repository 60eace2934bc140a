"""Carries out each request to the controller, under either framework.

This file decides when a request holds on all switches, and what happens when switches come and go. It remembers two
things: what is desired (networks, cuts) and what each switch is known to hold; sends differences; and never lifts a cut
it was not told to lift. A controller that was restarted adopts the cuts it finds, until it is told otherwise.
Rules are left to links.py, OpenFlow messages to switch.py, the socket to server.py.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from herzschlag.controller.floods import FloodedBefore
from herzschlag.controller.links import (
    Change,
    NetworkCuts,
    SwitchState,
    check_configuration,
    cut_cookie,
    desired_state,
    difference,
    flood_cookie,
    forward_cookie,
    miss_cookie,
    recognise_cuts,
    split_cuts,
)
from herzschlag.controller.messages import (
    Configure,
    ControlError,
    CutStatus,
    Done,
    ErrorCode,
    Failed,
    FloodStatus,
    ForwardStatus,
    Network,
    Quit,
    Reply,
    Request,
    SetCuts,
    Status,
    StatusReply,
    SwitchStatus,
)
from herzschlag.controller.switch import RuleCount
from herzschlag.controller.threads import Threads

_log = logging.getLogger(__name__)

# Ten thousand times what an idle switch needs, and below the client's own patience.
ANSWER_WAIT_NS = 5_000_000_000


class Switch(Protocol):
    """What the service needs of a switch; OpenFlowSwitch, or a stand-in in tests."""

    @property
    def dpid(self) -> int: ...
    def read(self, deadline_ns: int) -> SwitchState: ...
    def counters(self, deadline_ns: int) -> Mapping[int, RuleCount]: ...
    def begin(self, change: Change) -> Callable[[int], int]: ...


class Settle(Protocol):
    def __call__(self, deadline_ns: int, *, changed: bool) -> bool:
        """Make counters exact and, after a change, answered barriers true for the next packet; False if it cannot."""
        ...


@dataclass(slots=True)
class _Connection:
    """A switch and what it is known to hold; None after anything that left doubt, then it is read again."""

    switch: Switch
    holds: SwitchState | None = None


class Service:
    """Answers requests one at a time; switches may come and go at any time, from any thread."""

    def __init__(self, framework: str, framework_version: str, settle: Settle, threads: Threads) -> None:
        self._settle = settle
        self._framework = framework
        self._framework_version = framework_version
        self._networks: dict[str, Network] = {}
        self._cuts: dict[str, NetworkCuts] = {}  # a network is absent until ordered, or adopted from its switch
        self._flooded: dict[str, FloodedBefore] = {}
        self._threads = threads
        self._working = threads.lock()
        self._plugging = threading.Lock()  # guards _connections alone: switches come while a request waits
        self._came = threads.mailbox()  # for the request that waits for switches to come: one at most
        self._connections: dict[int, _Connection] = {}

    # Switches

    def connected(self, switch: Switch) -> None:
        """A switch has come (again); if it belongs to a network it is brought to what is desired."""
        with self._plugging:
            self._connections[switch.dpid] = _Connection(switch)
        self._came.put(switch.dpid)
        # The caller delivers the very replies that bringing it up to date waits for.
        self._threads.spawn(self._welcome, switch.dpid)

    def gone(self, switch: Switch) -> None:
        """A switch has left. It may have come back on another connection before this was noticed."""
        with self._plugging:
            connection = self._connections.get(switch.dpid)
            if connection is not None and connection.switch is switch:
                del self._connections[switch.dpid]

    def _welcome(self, dpid: int) -> None:
        with self._working:
            for name, network in self._networks.items():
                if network.dpid == dpid:
                    deadline_ns = time.monotonic_ns() + ANSWER_WAIT_NS
                    try:
                        changes, _ = self._apply([name], deadline_ns)
                        # One that came while a request waited for it is up to date, and its traffic is being counted.
                        if any(change.flows_changed or change.ports_changed for change in changes):
                            self._settle(deadline_ns, changed=True)
                            self._note_floods([name], deadline_ns)
                    except ControlError as error:
                        _log.warning("network %s: not brought up to date: %s", name, error)

    # Requests

    def answer(self, request: Request) -> Reply:
        """Carry out a request. Never raises: what goes wrong is a Failed reply."""
        asked_ns = time.monotonic_ns()
        try:
            with self._working:
                return self._carry_out(request, asked_ns)
        except ControlError as error:
            return Failed(code=error.code, message=error.message, request_id=request.request_id)
        except Exception as error:
            _log.exception("request %r", request)
            message = f"{type(error).__name__}: {error}; the controller's log has the rest"
            return Failed(code=ErrorCode.INTERNAL, message=message, request_id=request.request_id)

    def _carry_out(self, request: Request, asked_ns: int) -> Reply:
        deadline_ns = asked_ns + ANSWER_WAIT_NS
        match request:
            case Configure():
                check_configuration(request.networks)
                self._networks = dict(request.networks)
                self._cuts = {name: cuts for name, cuts in self._cuts.items() if self._still_valid(name, cuts)}
                self._await_switches(deadline_ns)
                for name in self._networks:
                    self._connection(name).holds = None  # ports may have been plugged in since it was read
            case SetCuts():
                if not self._networks:
                    raise ControlError(ErrorCode.NOT_CONFIGURED, "no networks yet: send a configure request first")
                cuts = split_cuts(self._networks, request.silent, request.ports_down)
                self._require_switches()
                self._cuts = cuts
            case Status():
                return self._status(deadline_ns, request.request_id)
            case Quit():
                return Done(asked_ns=asked_ns, effective_ns=time.monotonic_ns(), request_id=request.request_id)
        self._settle(deadline_ns, changed=False)  # else packets of before are booked on the rules of after
        changes, effective_ns = self._apply(list(self._networks), deadline_ns)
        certain = self._settle(deadline_ns, changed=True)
        if certain:
            effective_ns = time.monotonic_ns()
        self._note_floods(list(self._networks), deadline_ns)
        return Done(
            asked_ns=asked_ns,
            effective_ns=effective_ns,
            certain=certain,
            flows_changed=sum(change.flows_changed for change in changes),
            ports_changed=sum(change.ports_changed for change in changes),
            request_id=request.request_id,
        )

    def _still_valid(self, name: str, cuts: NetworkCuts) -> bool:
        network = self._networks.get(name)
        nodes = {node for pair in cuts.silent for node in pair} | cuts.ports_down
        return network is not None and nodes <= network.ports.keys()

    def _apply(self, names: list[str], deadline_ns: int) -> tuple[list[Change], int]:
        """Bring the switches of these networks to what is desired: send to all, then wait for all.

        A change goes out even when it is empty: the barrier alone then proves that the switch holds it.
        """
        planned: list[tuple[_Connection, SwitchState, Change]] = []
        for name in names:
            network = self._networks[name]
            connection = self._connection(name)
            holds = connection.holds if connection.holds is not None else connection.switch.read(deadline_ns)
            if name not in self._cuts:
                self._cuts[name] = recognise_cuts(network, holds)
            desired = desired_state(network, self._cuts[name])
            planned.append((connection, desired, difference(holds, desired)))
        running: list[tuple[_Connection, SwitchState, Callable[[int], int]]] = []
        failure: ControlError | None = None
        for connection, desired, change in planned:
            connection.holds = None  # in doubt until the barrier is answered
            try:
                running.append((connection, desired, connection.switch.begin(change)))
            except ControlError as error:
                failure = failure or error
        effective_ns = 0
        for connection, desired, finish in running:
            try:
                effective_ns = max(effective_ns, finish(deadline_ns))
                connection.holds = desired
            except ControlError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return [change for _, _, change in planned], effective_ns

    def _status(self, deadline_ns: int, request_id: int | None) -> StatusReply:
        certain = self._settle(deadline_ns, changed=False)
        switches: list[SwitchStatus] = []
        cuts: list[CutStatus] = []
        forwarded: list[ForwardStatus] = []
        flooded: list[FloodStatus] = []
        ports_down: list[tuple[str, str]] = []
        for name, network in self._networks.items():
            counters = self._counters(name, deadline_ns)
            packets = {cookie: count.packets for cookie, count in counters.items()}
            octets = {cookie: count.bytes for cookie, count in counters.items()}
            miss, there = miss_cookie(), network.dpid in self._connections
            switches.append(SwitchStatus(name, network.dpid, there, packets.get(miss)))
            held = self._cuts.get(name, NetworkCuts())
            for source, destination in sorted(held.silent):
                met = counters.get(cut_cookie(network, source, destination))
                spread = self._flooded_before(name).swallowed(network, (source, destination), counters)
                sums = (None, None) if met is None else (met.packets + spread.packets, met.bytes + spread.bytes)
                cuts.append(CutStatus(name, source, destination, *sums))
            for node in network.ports:
                cookie = forward_cookie(network, node)
                forwarded.append(ForwardStatus(name, node, packets.get(cookie), octets.get(cookie)))
                if network.floods:
                    cookie = flood_cookie(network, node)
                    flooded.append(FloodStatus(name, node, packets.get(cookie), octets.get(cookie)))
            ports_down.extend((name, node) for node in sorted(held.ports_down))
        return StatusReply(
            framework=self._framework,
            framework_version=self._framework_version,
            at_ns=time.monotonic_ns(),
            certain=certain,
            switches=tuple(switches),
            cuts=tuple(cuts),
            ports_down=tuple(ports_down),
            forwarded=tuple(forwarded),
            flooded=tuple(flooded),
            request_id=request_id,
        )

    def _flooded_before(self, name: str) -> FloodedBefore:
        return self._flooded.setdefault(name, FloodedBefore())

    def _note_floods(self, names: list[str], deadline_ns: int) -> None:
        """From here on new cuts swallow what their sources flood."""
        for name in names:
            network, cuts, before = self._networks[name], self._cuts[name], self._flooded_before(name)
            if before.misses(network, cuts):
                before.see(network, cuts, self._counters(name, deadline_ns))

    def _counters(self, name: str, deadline_ns: int) -> Mapping[int, RuleCount]:
        try:
            return self._connection(name).switch.counters(deadline_ns)
        except ControlError as error:
            _log.warning("network %s: no counters: %s", name, error)
            return {}

    def _connection(self, name: str) -> _Connection:
        dpid = self._networks[name].dpid
        with self._plugging:
            connection = self._connections.get(dpid)
        if connection is None:
            raise ControlError(
                ErrorCode.SWITCH_NOT_CONNECTED,
                f"the switch of network {name} (dpid {dpid:#x}) is not connected: is its controller set to this one?",
            )
        return connection

    def _require_switches(self) -> None:
        for name in self._networks:
            self._connection(name)

    def _await_switches(self, deadline_ns: int) -> None:
        """Switches knock once a second or slower, so a configuration waits for them."""
        wanted = {network.dpid for network in self._networks.values()}
        while not wanted <= self._connections.keys():
            try:
                self._came.get(timeout=max(0.0, (deadline_ns - time.monotonic_ns()) / 1e9))
            except queue.Empty:
                break
        self._require_switches()
