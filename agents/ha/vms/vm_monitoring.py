"""VM monitoring: a guest that neither beats nor does I/O is reset, a few times at most.

Each host's agent resets its own guests (fact sheet 7.8 [DD-M] [AG67-17]) after no VMware Tools heartbeat for the
failure interval and no I/O for das.iostatsinterval, at most three times in the reset window. Our guests stop both
together, so the longer of the two intervals decides. It leaves resetting to the hypervisor.
"""

from __future__ import annotations

from herzschlag.agents import records
from herzschlag.agents.ha.context import Context
from herzschlag.agents.protocol.actions import ResetVm
from herzschlag.agents.settings import NEVER_NS

RESETS_MAX = 3
"""Resets of one VM in one window (fact sheet 7.8)."""


class GuestMonitor:
    def __init__(self, context: Context) -> None:
        self._c = context
        self._silent_since_ns: dict[str, int] = {}
        self._resets_ns: dict[str, list[int]] = {}

    def changed(self, vm: str, silent: bool) -> None:
        """VMware Tools of a running VM fell silent, or beat again."""
        if silent:
            self._silent_since_ns.setdefault(vm, self._c.now_ns)
        else:
            self._silent_since_ns.pop(vm, None)

    def clock_leapt(self) -> None:
        """The host stood still, or its clock leapt: how long a guest has been silent is not known any more."""
        self._silent_since_ns = dict.fromkeys(self._silent_since_ns, self._c.now_ns)

    def gone(self, vm: str) -> None:
        self._silent_since_ns.pop(vm, None)

    def due_ns(self) -> int:
        if not self._on():
            return NEVER_NS
        return min((since_ns + self._patience_ns() for since_ns in self._silent_since_ns.values()), default=NEVER_NS)

    def check(self) -> None:
        """Reset guests that have been silent for too long."""
        if not self._on():
            return
        c, now_ns = self._c, self._c.now_ns
        for vm, since_ns in list(self._silent_since_ns.items()):
            if now_ns < since_ns + self._patience_ns():
                continue
            recent = [at for at in self._resets_ns.get(vm, []) if now_ns - at < c.timers.vmm_reset_window_ns]
            if len(recent) >= RESETS_MAX:
                self._silent_since_ns.pop(vm)
                because = f"{RESETS_MAX} resets in one window did not help"
                c.trace(records.Guest(vm=vm, to="given-up", because=because))
                continue
            self._resets_ns[vm] = [*recent, now_ns]
            self._silent_since_ns[vm] = now_ns
            c.do(ResetVm(vm, "VM monitoring: no guest heartbeat and no I/O"))

    def _on(self) -> bool:
        return bool(self._silent_since_ns) and self._c.config is not None and self._c.config.vm_monitoring

    def _patience_ns(self) -> int:
        return max(self._c.timers.vmm_failure_ns, self._c.timers.vmm_iostats_ns)
