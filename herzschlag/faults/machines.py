"""Faults of machines: power, agent and clock of hosts, the gateway, vCenter, access to a datastore."""

from __future__ import annotations

from herzschlag.faults import primitives as p
from herzschlag.faults.base import Fault, FaultError, Names, hosts_of, in_words, pick
from herzschlag.topo.spec import GATEWAY, TopologySpec

IO_DELAY_MS_MAX = 60_000.0
"""A minute: a datastore counts as hanging after 8 s of one operation, so a longer one shows nothing more."""
CLOCK_OFFSET_S_MAX = 7 * 24 * 3600.0
"""As long as the longest scenario: a clock that is farther off shows nothing more."""


class PowerOff(Fault, frozen=True, tag="power-off"):
    """Everything on the host dies at once; undone: it boots."""

    host: Names

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return tuple(p.PowerOff(node=host) for host in hosts_of(lab, "host", self.host))


class Freeze(Fault, frozen=True, tag="freeze"):
    """The host is frozen: it answers nothing, and later goes on as if nothing had happened."""

    host: Names

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        hosts = hosts_of(lab, "host", self.host)
        silent = tuple(p.Blocked(host=host, what="icmp", direction="both") for host in hosts)
        return (*(p.Frozen(host=host) for host in hosts), *silent)


class CrashAgent(Fault, frozen=True, tag="crash-agent"):
    """The HA agent is killed; the watchdog starts it again, or is off and the agent stays dead until undone."""

    host: Names
    watchdog: bool = True

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return tuple(p.AgentDown(host=host, watchdog=self.watchdog) for host in hosts_of(lab, "host", self.host))


class CrashVcenter(Fault, frozen=True, tag="crash-vcenter"):
    """vCenter's process is killed; undone: it starts again."""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return (p.VcenterDown(),)


class GatewayDown(Fault, frozen=True, tag="gateway-down"):
    """The gateway is off."""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return (p.PowerOff(node=GATEWAY),)


class GatewaySilent(Fault, frozen=True, tag="gateway-silent"):
    """The gateway runs and answers no ping."""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return (p.GatewaySilent(),)


class Storage(Fault, frozen=True, tag="storage"):
    """Hosts lose datastores: `apd` (all paths down, I/O hangs), `pdl` (permanent loss, I/O fails), `read-only` (writes
    fail), `full` (what takes more space fails, for all hosts alike), `slow` (each operation takes `delay_ms`) or
    `stale` (reads give what was there when it began)."""

    host: Names
    access: p.Access
    datastore: Names = "all"
    delay_ms: float = 0.0
    """With `slow` alone: how long every operation takes, milliseconds of protocol time."""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        hosts = hosts_of(lab, "host", self.host)
        wanted = pick("datastore", self.datastore, [d.name for d in lab.datastores], "datastore")
        seen = [(host, d.name) for host in hosts for d in lab.datastores_of(host) if d.name in wanted]
        if not seen:
            raise FaultError("datastore", f"{in_words(self.host)} sees none of {in_words(self.datastore)} anyway")
        slow = self.access == "slow"
        if not (0 < self.delay_ms <= IO_DELAY_MS_MAX if slow else self.delay_ms == 0):
            rule = f"above 0 and at most {IO_DELAY_MS_MAX:g}" if slow else "for access = 'slow' alone: leave it out"
            raise FaultError("delay_ms", f"delay_ms={self.delay_ms:g} with access={self.access!r}: {rule}")
        if self.access == "full":
            without = [one for one in lab.moids if one not in hosts and any(d in wanted for d in _names_of(lab, one))]
            if without:
                left_out = in_words(tuple(without))
                raise FaultError("host", f"leaves out {left_out}: a datastore is full for all: write 'all'")
        return tuple(
            p.StorageLost(host=host, datastore=name, access=self.access, delay_ms=self.delay_ms) for host, name in seen
        )


def _names_of(lab: TopologySpec, host: str) -> list[str]:
    return [datastore.name for datastore in lab.datastores_of(host)]


class ClockOffset(Fault, frozen=True, tag="clock-offset"):
    """The host's clocks jump ahead (below 0: back) of everyone else's; undone: they jump to the right time."""

    host: Names
    offset_s: float

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        hosts = hosts_of(lab, "host", self.host)
        if not abs(self.offset_s) <= CLOCK_OFFSET_S_MAX:
            limit = f"from -{CLOCK_OFFSET_S_MAX:g} to {CLOCK_OFFSET_S_MAX:g} (a week)"
            raise FaultError("offset_s", f"is {self.offset_s:g}: {limit}")
        return tuple(p.ClockOff(host=host, offset_s=self.offset_s) for host in hosts)
