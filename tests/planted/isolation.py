"""Planted faults of hosts that judge or answer isolation wrongly, or treat their own VMs wrongly."""

from __future__ import annotations

from typing import Any

from herzschlag.agents.protocol.actions import Ping
from tests.planted.plant import Planted, never, nothing


def _hopeful_for_ever(isolated: Any) -> Any:
    def broken(self: Any, now_ns: int) -> bool:
        self.quiet_since_ns = now_ns
        return False

    return broken


def _first_address_alone(declares: Any) -> Any:
    """Pings go out, but all to the first address."""

    def broken(self: Any) -> bool:
        result = bool(declares(self))
        pings = [action for action in self._c.actions if isinstance(action, Ping)]
        for more in pings[1:]:
            self._c.actions.remove(more)
        return result

    return broken


def _responds_at_once(check: Any) -> Any:
    return lambda self, now_ns: check(self, now_ns + self._t.isolation_response_delay_ns)


def _without_owner(owner: Any) -> Any:
    def broken(self: Any, datastore: str, name: str, lost: bool, now_ns: int) -> Any:
        return owner(self, datastore, name or "somebody", lost, now_ns)

    return broken


def _monitored_or_not(response_of: Any) -> Any:
    return lambda config, vm: vm.isolation_response or config.isolation_response


def _never_isolated(write_poweron: Any) -> Any:
    return lambda self, *, isolated: write_poweron(self, isolated=False)


def _keeps_failures_to_itself(changed: Any) -> Any:
    def broken(self: Any, event: Any) -> bool:
        result = bool(changed(self, event))
        self.failed.clear()
        return result

    return broken


def _without_delay(due_ns: Any) -> Any:
    return lambda self, loss: (
        loss.ask_until_ns if loss.stage == "asking" else loss.since_ns + self._c.timers.apd_timeout_ns
    )


FAULTS = (
    Planted(
        name="deaf to answers",
        core="ha/roles/alone",
        broken="isolates although an isolation address answers",
        place="herzschlag.agents.ha.roles.alone.Solitude.address_answered",
        patch=nothing,
        scenario="case-17",
        checker="isolation-justified",
        says="though 198.18.0.1 answers",
    ),
    Planted(
        name="one isolation address",
        core="ha/roles/alone",
        broken="pings the first isolation address only",
        place="herzschlag.agents.ha.roles.alone.Solitude.declares_isolation",
        patch=_first_address_alone,
        scenario="case-19@second-address",
        checker="isolation-justified",
        says="answers",
    ),
    Planted(
        name="never isolated",
        core="ha/isolation",
        broken="never takes itself for isolated",
        place="herzschlag.agents.ha.isolation.IsolationProbe.isolated",
        patch=_hopeful_for_ever,
        scenario="isolation",
        checker="isolation-in-time",
        says="alone from",
    ),
    Planted(
        name="response at once",
        core="ha/roles/isolation_response",
        broken="carries the isolation response out without its delay of 30 s",
        place="herzschlag.agents.ha.roles.isolation_response.IsolationResponse.check",
        patch=_responds_at_once,
        scenario="case-16@35s",
        checker="expectations",
        says="no response",
    ),
    Planted(
        name="no ownership gate",
        core="ha/roles/isolation_response",
        broken="stops VMs that no master owns",
        place="herzschlag.agents.ha.roles.isolation_response.IsolationResponse.owner",
        patch=_without_owner,
        scenario="case-11@silent",
        checker="response-owned",
        says="while nobody owned",
    ),
    Planted(
        name="host monitoring ignored",
        core="ha/roles/isolation_response",
        broken="responds to isolation although host monitoring is off",
        place="herzschlag.agents.ha.roles.isolation_response.response_of",
        patch=_monitored_or_not,
        scenario="case-41@cut",
        checker="expectations",
        says="no isolation response",
    ),
    Planted(
        name="line 1 is never written",
        core="ha/vms/inventory",
        broken="does not say in its poweron file that it is isolated",
        place="herzschlag.agents.ha.vms.inventory.OwnVms.write_poweron",
        patch=_never_isolated,
        scenario="case-06",
        checker="timeline",
        says="master reads that it is isolated: no record",
    ),
    Planted(
        name="failures kept quiet",
        core="ha/vms/inventory",
        broken="does not tell the master of a VM that ended by itself",
        place="herzschlag.agents.ha.vms.inventory.OwnVms.changed",
        patch=_keeps_failures_to_itself,
        scenario="vm-crash",
        checker="vms-run",
        says="runs nowhere at the end",
    ),
    Planted(
        name="protection without delay",
        core="ha/vms/component_protection",
        broken="ends VMs when all paths down is declared, 180 s too early",
        place="herzschlag.agents.ha.vms.component_protection.ComponentProtection._due_ns",
        patch=_without_delay,
        scenario="case-28@back",
        checker="storage-loss",
        says="320 s are due",
    ),
    Planted(
        name="guests are left hanging",
        core="ha/vms/vm_monitoring",
        broken="VM monitoring never resets anything",
        place="herzschlag.agents.ha.vms.vm_monitoring.GuestMonitor._on",
        patch=never,
        scenario="vm-hang",
        checker="guest-care",
        says="it was not reset until",
    ),
)
