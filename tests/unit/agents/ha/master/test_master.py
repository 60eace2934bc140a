"""A reign: what a master does about hosts, VMs, orders and other masters."""

from __future__ import annotations

from typing import Any

from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.master.master import Master
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.protocol.actions import Lock, PowerOn, ReadFile, Unlock
from herzschlag.agents.protocol.events import FileRead, LockChanged
from herzschlag.agents.protocol.messages import (
    ClusterView,
    Heartbeat,
    Inventory,
    InventoryAck,
    Join,
    Protect,
    RestartOrder,
    RestartResult,
)
from herzschlag.agents.settings import SECOND
from tests.unit.agents.ha.scripted import ALL, GATEWAY, Machine, cluster, messages, of, records, vm

LIST = layout.protectedlist_path("lab")


class Reign:
    """The reign of host-98, elected at 100 s, ten seconds after it heard the others last; it owns vmfs-1, whose list
    has `web` on host-99."""

    def __init__(self, moid: str = "host-98", *, company: bool = True, **options: Any) -> None:
        self.machine = Machine(moid, cluster(vms=(vm("web"), vm("db")), **options))
        for peer in self.machine.context.peers.values():
            peer.boot, peer.last_heard_ns = 1, self.machine.context.now_ns - 10 * SECOND
        self.master = Master(self.machine.parts, "a test", company=company)
        self.first = self.machine.did()

    def owns(self, *vms: str, on: str = "host-99") -> Reign:
        self.master.answered(LockChanged("vmfs-1", LIST, True, self.machine.context.moid, "it was free"))
        rows = tuple(layout.ProtectedVm(name, on, "medium", 500, 1024) for name in vms)
        data = layout.encode_protectedlist(layout.ProtectedList(rows, 1))
        self.master.answered(FileRead("vmfs-1", LIST, "ok", data))
        return self

    def peer(self, moid: str) -> Peer:
        return self.machine.context.peers[moid]

    def joins(self, moid: str, *vms: str, generation: int = 1, access: Any = "ok") -> None:
        peer = self.peer(moid)
        header = {"sender": moid, "boot": 1, "sequence": generation, "sent_ns": 0}
        self.master.message(peer, Join(**header, inventory=0, padding=0))  # type: ignore[arg-type]
        self.inventory(moid, *vms, generation=generation, access=access)

    def inventory(
        self, moid: str, *vms: str, generation: int, failed: tuple[str, ...] = (), access: Any = "ok"
    ) -> None:
        message = Inventory(
            sender=moid,
            boot=1,
            sequence=generation,
            sent_ns=0,
            generation=generation,
            vms=vms,
            datastores={"vmfs-1": access, "vmfs-2": access},
            failed=failed,
        )
        self.master.message(self.peer(moid), message)

    def file(self, moid: str, *vms: str, generation: int = 1) -> None:
        """What a silent host runs, by its poweron file, of which one datastore has no copy."""
        path = layout.poweron_path("lab", moid)
        data = layout.encode_poweron(layout.PoweronFile(False, vms, layout.poweron_generation(1, generation)))
        self.master.answered(FileRead("vmfs-1", path, "ok", data))
        self.master.answered(FileRead("vmfs-2", path, "missing", b""))

    def due(self, at_s: float) -> None:
        """Let time pass in tenths of a second; joined hosts are heard all the time."""
        for tenth in range(round(self.machine.context.now_ns / 1e8), round(at_s * 10) + 1):
            self.machine.at(tenth / 10)
            for peer in self.machine.context.peers.values():
                if peer.joined:
                    peer.last_heard_ns = self.machine.context.now_ns
                    self.master.heard(peer)
            self.master.duties()


def test_a_reign_begins_with_a_heartbeat_to_all_and_with_the_lists() -> None:
    reign = Reign()
    assert messages(reign.first, Heartbeat)[0][1] == ("host-99", "host-100")
    assert {lock.datastore for lock in of(reign.first, Lock)} == {"vmfs-1", "vmfs-2"}


def test_every_inventory_of_a_slave_is_acknowledged_and_a_repeat_changes_nothing() -> None:
    reign = Reign().owns("web")
    reign.joins("host-99", "web")
    reign.machine.did()
    reign.inventory("host-99", "web", generation=1)
    done = reign.machine.did()
    assert [ack.generation for ack, _ in messages(done, InventoryAck)] == [1]
    assert not records(done, "restart")


def test_it_takes_over_what_is_on_its_lists_of_the_vms_that_ended_by_themselves() -> None:
    reign = Reign().owns("web")
    reign.joins("host-99", "web")
    reign.machine.did()
    reign.inventory("host-99", generation=2, failed=("db", "web"))
    assert [ack.taken_over for ack, _ in messages(reign.machine.did(), InventoryAck)] == [("web",)]


def test_a_vm_that_ended_by_itself_is_restarted_on_a_joined_host() -> None:
    reign = Reign().owns("web")
    reign.joins("host-99", "web")
    reign.inventory("host-99", generation=2, failed=("web",))
    reign.master.duties()
    assert records(reign.machine.did(), "restart", vm="web", phase="ordered")


def test_a_host_is_given_vms_only_when_it_has_told_what_it_runs() -> None:
    """One that thawed and joined again may run all that it ran, and have no room."""
    reign = Reign().owns("web")
    reign.machine.context.access["vmfs-1"] = "apd"  # so that the VM goes to another host
    reign.due(110)
    reign.peer("host-99").datastores = {"vmfs-1": "ok"}  # as it was told before
    header = {"sender": "host-99", "boot": 1, "sequence": 1, "sent_ns": 0}
    reign.master.message(reign.peer("host-99"), Join(**header, inventory=0, padding=0))  # type: ignore[arg-type]
    reign.due(111)
    assert not records(reign.machine.did(), "restart", phase="ordered")
    reign.inventory("host-99", generation=1)
    reign.due(112)
    assert records(reign.machine.did(), "restart", vm="web", phase="ordered", target="host-99")


def test_a_vm_that_a_user_stopped_is_not_restarted() -> None:
    reign = Reign().owns("web")
    reign.joins("host-99", "web")
    reign.inventory("host-99", generation=2)
    reign.master.duties()
    assert not records(reign.machine.did(), "restart")


def test_vms_that_went_down_with_the_old_boot_of_their_host_are_restarted() -> None:
    reign = Reign().owns("web")
    reign.joins("host-99", "web")
    reign.peer("host-99").vms_of_old_boot = True
    reign.inventory("host-99", generation=2)
    because = "vanished with a restart of its host host-99"
    assert records(reign.machine.did(), "restart", vm="web", phase="begins", because=because)


def test_orphans_of_the_list_wait_for_ten_seconds_after_the_election() -> None:
    reign = Reign().owns("web")
    reign.joins("host-99")
    reign.due(109.9)
    assert not records(reign.machine.did(), "restart")
    reign.due(110)
    assert records(reign.machine.did(), "restart", vm="web", phase="ordered")


def test_a_master_that_stood_still_restarts_nothing_until_it_is_known_who_leads() -> None:
    """What it knows is of before: another host may have its lists, and a user may have switched the VM off."""
    reign = Reign().owns("web")
    reign.joins("host-99", "web")
    reign.due(150)
    reign.machine.did()
    reign.master.clock_leapt()
    reign.inventory("host-99", generation=2, failed=("web",))
    reign.master.duties()
    reign.due(159.9)
    assert not records(reign.machine.did(), "restart")
    reign.due(160)
    assert records(reign.machine.did(), "restart", vm="web", phase="ordered")


def test_a_file_that_was_read_before_the_list_was_its_own_does_not_say_that_a_vm_runs_nowhere() -> None:
    """The list's owner until then may have had it started on that host since."""
    reign = Reign()
    reign.due(111)
    reign.file("host-99")
    reign.master.ping_answered("10.1.0.1")
    reign.machine.did()
    reign.owns("web")
    path = layout.poweron_path("lab", "host-99")
    assert path in [read.path for read in of(reign.machine.did(), ReadFile)]
    reign.due(119)
    assert not records(reign.machine.did(), "restart")
    reign.file("host-99")
    reign.due(120)
    assert records(reign.machine.did(), "restart", vm="web", phase="begins")


def test_a_file_that_is_older_than_what_the_host_said_itself_does_not_say_that_a_vm_was_stopped() -> None:
    """As on the only datastore that both reach, which has no room for a newer one."""
    for generation, asked in ((1, False), (2, True)):
        reign = Reign().owns("web")
        reign.joins("host-99", generation=1)
        reign.inventory("host-99", "web", generation=2)
        reign.due(112)
        reign.peer("host-99").joined = False
        reign.due(123)
        reign.machine.did()
        reign.file("host-99", generation=generation)
        marker = layout.marker_path("web")
        assert (marker in [read.path for read in of(reign.machine.did(), ReadFile)]) is asked


def test_a_copy_of_a_file_on_a_datastore_that_was_lost_is_not_waited_for() -> None:
    reign = Reign()
    reign.due(111)
    reign.master.ping_answered("10.1.0.1")
    reign.owns("web")
    data = layout.encode_poweron(layout.PoweronFile(False, (), 1))
    reign.master.answered(FileRead("vmfs-1", layout.poweron_path("lab", "host-99"), "ok", data))
    reign.due(114)
    assert not records(reign.machine.did(), "restart")
    reign.machine.context.access["vmfs-2"] = "apd"
    reign.master.access_changed("vmfs-2")
    reign.due(116)
    assert records(reign.machine.did(), "restart", vm="web", phase="begins")


def test_the_files_of_hosts_that_are_heard_and_not_ours_are_read_before_a_vm_counts_as_running_nowhere() -> None:
    """The list may be older: its owner until then may have had the VM started on another host."""
    for vms, restarted in (((), True), (("web",), False)):
        reign = Reign().owns("web")
        reign.due(105)
        other = reign.peer("host-100")
        other.last_heard_ns = reign.machine.context.now_ns
        reign.master.heard(other)
        reign.master.offer(other)
        reign.machine.did()
        reign.due(110)
        done = reign.machine.did()
        assert layout.poweron_path("lab", "host-100") in [read.path for read in of(done, ReadFile)]
        reign.due(112)
        assert not records([*done, *reign.machine.did()], "restart")
        reign.file("host-100", *vms)
        reign.due(113)
        assert bool(records(reign.machine.did(), "restart", vm="web", phase="begins")) is restarted


def test_a_file_that_cannot_be_read_is_not_waited_for_again() -> None:
    reign = Reign().owns("web")
    reign.due(105)
    other = reign.peer("host-100")
    other.last_heard_ns = reign.machine.context.now_ns
    reign.master.heard(other)
    reign.master.offer(other)
    reign.due(110)
    for datastore in ("vmfs-1", "vmfs-2"):
        reign.master.answered(FileRead(datastore, layout.poweron_path("lab", "host-100"), "missing", b""))
    reign.due(112)
    assert records(reign.machine.did(), "restart", vm="web", phase="begins")


def _named_by_two() -> Reign:
    """At 118 s host-100 is down. Its file names `web`, as that of host-99 does, which answers ping."""
    reign = Reign()
    reign.due(111)
    reign.file("host-99", "web")
    reign.file("host-100", "web")
    reign.master.ping_answered("10.1.0.1")
    reign.owns("web").due(118)
    return reign


def test_a_vm_is_not_restarted_because_a_dead_host_names_it_as_well_as_the_living_one_that_the_list_has() -> None:
    reign = _named_by_two()
    assert reign.master.host_states()["host-100"] == "hostDown"
    reign.due(119)
    assert not records(reign.machine.did(), "restart")


def test_it_is_restarted_once_the_living_host_says_that_it_does_not_run_it() -> None:
    reign = _named_by_two()
    reign.joins("host-99")
    reign.due(120)
    because = "the protectedlist has it on host-99, and it runs nowhere"
    assert records(reign.machine.did(), "restart", vm="web", phase="begins", because=because)


def test_a_vm_that_no_list_of_ours_has_is_not_ours_to_restart() -> None:
    reign = Reign().owns("web")
    reign.joins("host-99", "db")
    reign.inventory("host-99", generation=2, failed=("db",))
    assert not records(reign.machine.did(), "restart")


def test_without_host_monitoring_nothing_is_restarted() -> None:
    reign = Reign(host_monitoring=False).owns("web")
    reign.joins("host-99", "web")
    reign.inventory("host-99", generation=2, failed=("web",))
    assert not records(reign.machine.did(), "restart")


def test_two_masters_elected_at_the_same_instant_give_orders_that_differ() -> None:
    """Their numbers are the same: the sender is part of an order's identity."""
    identities = []
    for moid in ("host-98", "host-100"):
        reign = Reign(moid).owns("web")
        reign.joins("host-99")
        reign.machine.context.access["vmfs-1"] = "apd"  # so that the VM goes to host-99
        reign.due(110)
        (order,) = {message for message, _ in messages(reign.machine.did(), RestartOrder)}
        identities.append(order.identity)
    assert identities[0].number == identities[1].number
    assert identities[0] != identities[1]


def test_a_result_of_an_order_ends_its_restart() -> None:
    reign = Reign().owns("web")
    reign.joins("host-99")
    reign.machine.context.access["vmfs-1"] = "apd"
    reign.due(110)
    order = messages(reign.machine.did(), RestartOrder)[0][0]
    result = RestartResult(
        sender="host-99", boot=1, sequence=9, sent_ns=0, order=order.order, vm="web", ok=True, because="it runs"
    )
    reign.master.message(reign.peer("host-99"), result)
    assert records(reign.machine.did(), "restart", vm="web", phase="done", target="host-99")


def test_our_own_host_is_ordered_by_a_call_to_its_hypervisor() -> None:
    reign = Reign().owns("web")
    reign.due(130)
    assert of(reign.machine.did(), PowerOn)[0].order.by == "host-98"


def beat(moid: str) -> Heartbeat:
    return Heartbeat(
        sender=moid,
        boot=1,
        sequence=1,
        sent_ns=0,
        role="master",
        master=moid,
        goodness=2,
        heard=ALL,
        config=1,
        inventory=1,
    )


def meets(reign: Reign, moid: str, *, hears_us: bool = True) -> list[str]:
    peer = reign.peer(moid)
    peer.heartbeat(beat(moid), reign.machine.context.own_bit() if hears_us else 0, reign.machine.context.now_ns)
    reign.master.heartbeat(peer, beat(moid))
    return [change.to for change in reign.machine.changes]


def test_a_master_abdicates_to_a_better_one_that_hears_it() -> None:
    assert meets(Reign(), "host-99") == ["election"]


def test_a_master_does_not_abdicate_to_a_worse_one_or_to_one_that_is_deaf() -> None:
    assert meets(Reign(), "host-100") == []
    assert meets(Reign(), "host-99", hears_us=False) == []


def test_a_master_alone_is_isolated_after_five_seconds_unless_an_address_answers() -> None:
    reign = Reign(company=False)
    reign.machine.at(104)
    reign.master.ping_answered(GATEWAY)
    reign.machine.at(108)
    reign.master.check()
    assert reign.machine.changes == []
    reign.machine.at(109)
    reign.master.check()
    assert [change.to for change in reign.machine.changes] == ["isolated"]


def test_vcenter_gets_a_view_at_every_change_and_every_few_seconds() -> None:
    reign = Reign()
    reign.master.duties()
    reign.machine.did()
    reign.master.duties()
    assert not messages(reign.machine.did(), ClusterView)
    reign.joins("host-99")
    reign.master.duties()
    ((view, _),) = messages(reign.machine.did(), ClusterView)
    assert view.hosts["host-99"] == "connectedToMaster"
    reign.due(105)
    assert messages(reign.machine.did(), ClusterView)


def test_only_a_master_takes_vcenters_list_of_vms_to_protect() -> None:
    reign = Reign().owns()
    assert reign.master.from_vcenter(
        Protect(answers=1, sender="vcenter", boot=1, sequence=1, sent_ns=0, vms={"web": "host-98"})
    )


def test_a_reign_that_ends_lets_go_of_its_lists() -> None:
    reign = Reign().owns("web")
    reign.machine.did()
    reign.master.leave("a test")
    done = reign.machine.did()
    assert {unlock.datastore for unlock in of(done, Unlock)} == {"vmfs-1", "vmfs-2"}
    assert records(done, "mastership", phase="left")
