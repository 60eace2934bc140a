"""Planted faults of vCenter: what it shows, what it asks of masters, and what it orders of hosts."""

from __future__ import annotations

from typing import Any

from herzschlag.agents.protocol.messages import PowerRequest
from tests.planted.plant import Planted, nothing


def _the_old_master_for_ever(show: Any) -> Any:
    def broken(self: Any, now_ns: int, *args: Any) -> None:
        self._views = {moid: view._replace(at_ns=now_ns) for moid, view in self._views.items()}
        show(self, now_ns, *args)

    return broken


def _starts_what_was_switched_off(tick: Any) -> Any:
    """As an order does that was recorded when the VM was first started, and is sent again."""

    def broken(self: Any) -> None:
        tick(self)
        for name in sorted(self._off - self._requests.keys()):
            vm, generation = self._config.vm(name), self._config.generation
            self._order(PowerRequest, self._s.placement[name], order=self._now_ns, vm=vm, on=True, config=generation)

    return broken


def _forgets_what_users_want(user_power: Any) -> Any:
    def broken(self: Any, name: str, on: bool, host: str) -> None:
        user_power(self, name, on, host)
        self._off.discard(name)

    return broken


def _the_same_choice(select: Any) -> Any:
    """Chooses by name, whatever the hosts reach."""

    def broken(datastores: Any, reach: Any, per_host: int, allowed: Any = None) -> Any:
        names = tuple(sorted((d.name for d in datastores), key=lambda name: ("vmfs" not in name, name)))
        return dict.fromkeys(reach, names[:per_host])

    return broken


FAULTS = (
    Planted(
        name="the old master for ever",
        core="vcenter/picture",
        broken="goes on showing what a dead master told last",
        place="herzschlag.agents.vcenter.picture.Picture.show",
        patch=_the_old_master_for_ever,
        scenario="master-failure",
        checker="vcenter-belief",
        says="host-99 at",
    ),
    Planted(
        name="switched off, yet protected",
        core="vcenter/vcenter",
        broken="has VMs protected that a user switched off",
        place="herzschlag.agents.vcenter.vcenter.VCenter._user_power",
        patch=_forgets_what_users_want,
        scenario="switched-off",
        checker="restart-justified",
        says="after a user had switched it off",
    ),
    Planted(
        name="an order that no user gave",
        core="vcenter/vcenter",
        broken="has a VM started again that a user switched off",
        place="herzschlag.agents.vcenter.vcenter.VCenter._tick",
        patch=_starts_what_was_switched_off,
        scenario="switched-off",
        checker="asked-for",
        says="by an order of vCenter that no user gave: the last request was off",
    ),
    Planted(
        name="misses no host",
        core="vcenter/picture",
        broken="does not notice that a host reports no more",
        place="herzschlag.agents.vcenter.picture.Picture.listen",
        patch=nothing,
        scenario="vcenter-path@slave",
        checker="reports-missed",
        says="vCenter had not missed it",
    ),
    Planted(
        name="unreachable heartbeat datastores",
        core="vcenter/heartbeat_datastores",
        broken="chooses heartbeat datastores that hosts do not reach",
        place="herzschlag.agents.vcenter.vcenter.select_heartbeat_datastores",
        patch=_the_same_choice,
        scenario="lost-heartbeat-datastore",
        checker="heartbeat-datastores",
        says="2 of nfs-1, vmfs-2 are due",
    ),
)
