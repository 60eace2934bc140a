"""What vCenter must show of a host that no master tells of."""

from __future__ import annotations

from typing import Any

from tests.planted.plant import Planted, judged, scenario_of

SCENARIO = "two-hosts@gateway-silent"


def _deaf_to_hosts(show: Any) -> Any:
    def broken(self: Any, *args: Any) -> None:
        heard = {moid: host.last_ns for moid, host in self._hosts.items()}
        for host in self._hosts.values():
            host.last_ns = None
        show(self, *args)
        for moid, last_ns in heard.items():
            self._hosts[moid].last_ns = last_ns

    return broken


DEAF_TO_HOSTS = Planted(
    name="deaf to hosts",
    core="vcenter/picture",
    broken="never shows what a host says of itself",
    place="herzschlag.agents.vcenter.picture.Picture.show",
    patch=_deaf_to_hosts,
    scenario=SCENARIO,
    checker="vcenter-belief",
    says="no master is in vCenter's reach",
)


def test_a_host_that_reports_is_not_called_unreachable() -> None:
    assert judged("vcenter-belief", scenario_of(SCENARIO)).verdict == "holds"
    found = judged("vcenter-belief", scenario_of(SCENARIO), DEAF_TO_HOSTS)
    assert found.verdict == "violated"
    assert "no master is in vCenter's reach: networkIsolated is right" in found.because
