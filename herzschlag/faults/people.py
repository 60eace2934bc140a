"""Acts of users and guests: maintenance mode, changed options, VMs crashed, hung, switched on and off."""

from __future__ import annotations

from typing import ClassVar

from herzschlag.faults import primitives as p
from herzschlag.faults.base import Fault, FaultError, Names, hosts_of
from herzschlag.topo.spec import TopologySpec


class EnterMaintenance(Fault, frozen=True, tag="maintenance"):
    """vCenter puts the host in maintenance mode; undone: it takes it out."""

    host: Names

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return tuple(p.Maintenance(host=host) for host in hosts_of(lab, "host", self.host))


class Reconfigure(Fault, frozen=True, tag="reconfigure"):
    """vCenter changes options of the cluster (`host_monitoring = false`) or of a VM (`vm.web-1.power_on_fails = true`);
    undone: the scenario's own again."""

    options: dict[str, p.Option]

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        if not self.options:
            raise FaultError("options", "no option is named: write for example options = {host_monitoring = false}")
        return tuple(p.Reconfigured(option=name, value=value) for name, value in sorted(self.options.items()))


class VmCrash(Fault, frozen=True, tag="vm-crash"):
    """The VM ends by itself."""

    undoable: ClassVar[bool] = False
    vm: str

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return (p.VmCrash(vm=self.vm),)

    def vms(self) -> tuple[str, ...]:
        return (self.vm,)


class VmHang(Fault, frozen=True, tag="vm-hang"):
    """The guest in the VM hangs; the VM itself runs."""

    undoable: ClassVar[bool] = False
    vm: str

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return (p.VmHang(vm=self.vm),)

    def vms(self) -> tuple[str, ...]:
        return (self.vm,)


class VmPower(Fault, frozen=True, tag="vm-power"):
    """A user powers a VM on or off through vCenter. No failure, but part of a schedule."""

    undoable: ClassVar[bool] = False
    vm: str
    on: bool
    host: str = ""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        if self.host:
            hosts_of(lab, "host", self.host)
        return (p.VmPower(vm=self.vm, on=self.on, host=self.host),)

    def vms(self) -> tuple[str, ...]:
        return (self.vm,)
