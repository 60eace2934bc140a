"""What a master makes of lists and of hosts that are back: which VMs it looks for, and when it restarts them."""

from __future__ import annotations

import pytest

from herzschlag.agents.datastore import layout
from herzschlag.agents.protocol.events import FileRead, LockChanged
from herzschlag.agents.protocol.messages import Protect
from herzschlag.agents.settings import VmConfig
from tests.unit.agents.ha.master.test_master import LIST, Reign
from tests.unit.agents.ha.scripted import cluster, records, vm


def _gets_the_other_list(reign: Reign) -> None:
    reign.master.answered(LockChanged("vmfs-2", LIST, True, "host-98", "it was free"))
    empty = layout.encode_protectedlist(layout.ProtectedList((), 1))
    reign.master.answered(FileRead("vmfs-2", LIST, "ok", empty))


def test_another_list_brings_no_doubt_about_a_vm_that_a_host_was_asked_to_stop() -> None:
    """vCenter tells another master perhaps that the VM is not to be protected any more."""
    reign = Reign().owns("web")
    reign.joins("host-99", "web")
    reign.due(112)
    reign.inventory("host-99", generation=2)
    _gets_the_other_list(reign)
    reign.due(120)
    assert not records(reign.machine.did(), "restart")


def test_the_vms_of_the_list_itself_are_looked_for() -> None:
    reign = Reign()
    reign.joins("host-99")
    reign.due(112)
    _gets_the_other_list(reign)
    reign.owns("web").due(114)
    assert records(reign.machine.did(), "restart", vm="web", phase="begins")


def test_what_vanished_with_a_restart_of_its_host_waits_for_the_delay_of_a_new_master() -> None:
    """An old file named it there: the master before had it restarted elsewhere perhaps, on a host that is silent."""
    reign = Reign().owns("web")
    reign.machine.at(105)
    reign.master._failover.vanished(("web",), "its host was started again", "host-99")
    reign.joins("host-99")
    reign.joins("host-100")
    reign.due(109.9)
    assert not records(reign.machine.did(), "restart")
    reign.due(110.1)
    assert records(reign.machine.did(), "restart", vm="web", phase="begins")


def test_what_vanishes_later_is_restarted_at_once() -> None:
    reign = Reign().owns("web")
    reign.joins("host-99", "web")
    reign.joins("host-100")
    reign.due(111)
    reign.peer("host-99").vms_of_old_boot = True
    reign.inventory("host-99", generation=2)
    assert records(reign.machine.did(), "restart", vm="web", phase="begins")


def test_a_vm_is_not_restarted_while_its_host_is_asked_by_ping_whether_it_lives() -> None:
    """The host fell silent as the reign began: its ten seconds are over in the instant of the delay's end."""
    for answered, restarted in ((False, True), (True, False)):
        reign = Reign().owns("web")
        reign.joins("host-100")
        reign.peer("host-99").last_heard_ns = reign.machine.context.now_ns
        reign.master.heard(reign.peer("host-99"))
        reign.due(114.9)
        assert not records(reign.machine.did(), "restart")
        if answered:
            reign.master.ping_answered("10.1.0.1")
        reign.due(117)
        assert bool(records(reign.machine.did(), "restart", vm="web", phase="begins")) is restarted


def test_what_a_host_stops_that_seemed_dead_while_monitoring_was_off_is_restarted() -> None:
    for silent_s in (100, 112):  # Its master takes it for dead as it looks for the VMs on its list, or later.
        reign = Reign(host_monitoring=False).owns("web")
        reign.joins("host-99", "web")
        reign.joins("host-100")
        reign.due(silent_s)
        reign.peer("host-99").joined = False
        reign.due(130)
        assert records(reign.machine.did(), "host-state", host="host-99", to="hostDown")
        reign.machine.context.configure(cluster(vms=(vm("web"), vm("db"))))
        reign.master.reconfigured()
        reign.master.heartbeat_seen("host-99", "vmfs-1")
        reign.due(131)
        reign.file("host-99", generation=2)
        assert not records(reign.machine.did(), "restart")
        reign.master.answered(FileRead("vmfs-1", layout.marker_path("web"), "ok", b""))
        assert records(reign.machine.did(), "restart", vm="web", phase="begins")


def test_what_a_host_stopped_waits_for_the_delay_of_a_new_master() -> None:
    reign = Reign().owns("web")
    reign.joins("host-100")
    reign.due(101)
    reign.file("host-99", "web")
    reign.master._hosts.read_poweron_again()
    reign.file("host-99", generation=2)
    reign.master.answered(FileRead("vmfs-1", layout.marker_path("web"), "ok", b""))
    reign.due(109.9)
    assert not records(reign.machine.did(), "restart")
    reign.due(110.1)
    assert records(reign.machine.did(), "restart", vm="web", phase="begins")


def test_the_poweron_file_of_a_host_without_a_sign_of_life_ends_no_restart() -> None:
    """What a dead host wrote last is read in the instant in which the list is got: the order's target may fail."""
    for lives in (False, True):
        reign = Reign().owns("web")
        reign.joins("host-100")
        reign.due(110.1)
        assert records(reign.machine.did(), "restart", vm="web", phase="ordered")
        if lives:
            reign.master.heartbeat_seen("host-99", "vmfs-1")
        reign.file("host-99", "web")
        assert bool(records(reign.machine.did(), "restart", vm="web", phase="done")) is lives


def test_the_list_counts_where_a_host_that_does_not_reach_the_datastore_names_a_vm() -> None:
    """The VM was restarted on host-99, which died; host-100 lost its datastore before that, and is heard again."""
    for access, listed, restarted in (("apd", "host-99", True), ("ok", "host-99", False), ("apd", "host-100", False)):
        reign = Reign().owns("web", on=listed)
        reign.joins("host-100", "web", access=access)
        reign.due(116)
        assert bool(records(reign.machine.did(), "restart", vm="web", phase="begins")) is restarted


@pytest.mark.parametrize(
    ("left", "wanted", "because"),
    [
        ((vm("web", priority="disabled"), vm("db")), {"web": "host-99"}, "its restart priority is disabled now"),
        ((vm("db"),), {"web": "host-99"}, "the cluster no longer has it"),
        ((vm("web"), vm("db")), {}, "a user switched it off"),
    ],
)
def test_a_vm_that_shall_not_run_any_more_is_given_up_when_its_target_is_lost(
    left: tuple[VmConfig, ...], wanted: dict[str, str], because: str
) -> None:
    reign = Reign().owns("web")
    reign.joins("host-100")
    reign.due(110.1)
    assert records(reign.machine.did(), "restart", vm="web", phase="ordered", target="host-100")
    reign.machine.context.configure(cluster(vms=left))
    reign.master.reconfigured()
    reign.master.from_vcenter(Protect(sender="vcenter", boot=1, sequence=1, sent_ns=1, answers=0, vms=wanted))
    assert not records(reign.machine.did(), "restart", phase="given-up"), "its attempt is under way"
    reign.master._failover.host_lost("host-100")
    reign.due(111)
    assert records(reign.machine.did(), "restart", vm="web", phase="given-up", because=because)
