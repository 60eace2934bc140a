"""The isolation response of one host: which VM is stopped, how, and what has to be true before.

This module decides per VM, in the order of fact sheet 6: gate (is its home datastore owned by a master?), power-off
marker, stop. The gate is what keeps "everybody isolated" from powering off everything: masters let go of ownership when
they isolate, so no datastore has an owner and no host acts [YB-DIS]. `alone.py` carries the orders out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from herzschlag.agents.settings import NEVER_NS, ClusterConfig, Response, Timers, VmConfig
from herzschlag.agents.states import DatastoreAccess

ResponseStage = Literal["gate", "asked", "shutting-down", "done"]


class ResponseOrder(msgspec.Struct, frozen=True, gc=False):
    """What the agent must do for a VM now."""

    do: Literal["query-owner", "power-off", "shut-down", "defer"]
    vm: VmConfig
    marker: bool = False
    """Write the power-off marker first."""
    because: str = ""


class _Case:
    __slots__ = ("deferred", "due_ns", "response", "stage", "vm")

    def __init__(self, vm: VmConfig, response: Response, due_ns: int) -> None:
        self.vm = vm
        self.response = response
        self.stage: ResponseStage = "gate"
        self.deferred = False
        self.due_ns = due_ns


def response_of(config: ClusterConfig, vm: VmConfig) -> Response:
    """The response that applies to a VM: its own, else the cluster's; none for priority `disabled` [AG60-16]."""
    if vm.priority == "disabled" or not config.host_monitoring:
        return "none"
    return vm.isolation_response or config.isolation_response


class IsolationResponse:
    """The response since isolation was declared. Its first step is due after the response delay."""

    def __init__(
        self,
        timers: Timers,
        config: ClusterConfig,
        running: Iterable[str],
        access: Callable[[str], DatastoreAccess],
        *,
        declared_ns: int,
    ) -> None:
        self._t = timers
        self._access = access
        due_ns = declared_ns + timers.isolation_response_delay_ns
        self._cases: dict[str, _Case] = {}
        for name in sorted(running):
            vm = config.vm(name)
            if vm is not None and (response := response_of(config, vm)) != "none":
                self._cases[name] = _Case(vm, response, due_ns)

    def due_ns(self) -> int:
        return min((case.due_ns for case in self._cases.values() if case.stage != "done"), default=NEVER_NS)

    def undecided(self) -> list[str]:
        """The datastores of VMs of which it is not decided yet whether they are stopped."""
        return sorted({case.vm.datastore for case in self._cases.values() if case.stage in ("gate", "asked")})

    def active(self) -> bool:
        return any(case.stage != "done" for case in self._cases.values())

    def check(self, now_ns: int) -> list[ResponseOrder]:
        """The orders that have become due."""
        orders: list[ResponseOrder] = []
        for case in self._cases.values():
            if case.stage == "done" or now_ns < case.due_ns:
                continue
            if case.stage == "shutting-down":
                case.stage = "done"
                orders.append(ResponseOrder("power-off", case.vm, because="guest shutdown took longer than its grace"))
            elif self._access(case.vm.datastore) != "ok":
                orders.append(self._act(case, now_ns, f"home datastore {case.vm.datastore} cannot be reached"))
            else:
                case.stage = "asked"
                case.due_ns = now_ns + self._t.owner_poll_ns
                orders.append(ResponseOrder("query-owner", case.vm))
        return orders

    def owner(self, datastore: str, owner: str, lost: bool, now_ns: int) -> list[ResponseOrder]:
        """The answer to query-owner: act, or defer and ask again shortly."""
        orders = []
        for case in self._cases.values():
            if case.stage != "asked" or case.vm.datastore != datastore:
                continue
            if owner or lost:
                why = f"{owner} owns {datastore}" if owner else f"{datastore} is lost"
                orders.append(self._act(case, now_ns, why))
            else:
                case.stage = "gate"
                if not case.deferred:  # The owner is asked for every few seconds, the deferral is recorded once.
                    orders.append(
                        ResponseOrder("defer", case.vm, because=f"no master owns {datastore}: nobody could restart it")
                    )
                case.deferred = True
        return orders

    def clock_leapt(self, now_ns: int) -> None:
        """The host stood still: what it knew of others and of datastores is old. As long as it takes to find isolation
        nothing is stopped, and an answer that is under way does not count."""
        for case in self._cases.values():
            if case.stage in ("gate", "asked"):
                case.stage = "gate"
                case.due_ns = max(case.due_ns, now_ns + self._t.isolation_ping_ns)

    def stopped(self, vm: str) -> None:
        """The VM is off."""
        if vm in self._cases:
            self._cases[vm].stage = "done"

    def _act(self, case: _Case, now_ns: int, why: str) -> ResponseOrder:
        marker = self._access(case.vm.datastore) == "ok"
        if case.response == "shutdown" and case.vm.tools:
            case.stage = "shutting-down"
            case.due_ns = now_ns + self._t.guest_shutdown_ns
            return ResponseOrder("shut-down", case.vm, marker, f"isolation response shutdown; {why}")
        case.stage = "done"
        how = "powerOff" if case.response == "powerOff" else "shutdown without VMware Tools"
        return ResponseOrder("power-off", case.vm, marker, f"isolation response {how}; {why}")
