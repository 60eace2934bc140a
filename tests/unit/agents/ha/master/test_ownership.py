"""Protectedlists: which ones a master locks, what it writes there, and for which VMs it is responsible."""

from __future__ import annotations

from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.master.ownership import Ownership
from herzschlag.agents.protocol.actions import Lock, ReadFile, Unlock, WriteFile
from herzschlag.agents.settings import NEVER_NS, SECOND
from tests.unit.agents.ha.scripted import Machine, cluster, of, vm


def ownership() -> tuple[Machine, Ownership]:
    machine = Machine(config=cluster(vms=(vm("web"), vm("db"))))
    lists = Ownership(machine.context)
    lists.check()
    return machine, lists


def holding(*vms: str) -> tuple[Machine, Ownership]:
    """A master that owns the list of vmfs-1, with these VMs on it, which last ran on host-99."""
    machine, lists = ownership()
    lists.lock_changed("vmfs-1", True)
    rows = tuple(layout.ProtectedVm(name, "host-99", "medium", 500, 1024) for name in vms)
    lists.file_read("vmfs-1", "ok", layout.encode_protectedlist(layout.ProtectedList(rows, 1)))
    machine.did()
    return machine, lists


def written(machine: Machine) -> list[dict[str, str]]:
    files = [layout.decode_protectedlist(write.data) for write in of(machine.did(), WriteFile)]
    return [{row.vm: row.last_host for row in file.vms} for file in files]


def test_every_list_that_is_reached_is_tried_for_once() -> None:
    machine, lists = ownership()
    assert [lock.datastore for lock in of(machine.did(), Lock)] == ["vmfs-1", "vmfs-2"]
    lists.check()
    assert not of(machine.did(), Lock), "the answers are not there yet"


def test_a_list_of_another_master_is_tried_for_again_later() -> None:
    machine, lists = ownership()
    machine.did()
    lists.lock_changed("vmfs-1", False)
    lists.check()
    assert not of(machine.did(), Lock)
    assert lists.due_ns() == 105 * SECOND
    machine.at(105)
    lists.check()
    assert [lock.datastore for lock in of(machine.did(), Lock)] == ["vmfs-1"]


def test_a_list_that_is_won_is_read_before_anything_is_written() -> None:
    machine, lists = ownership()
    machine.did()
    lists.protect({"web": "host-98"})
    lists.lock_changed("vmfs-1", True)
    done = machine.did()
    assert [read.datastore for read in of(done, ReadFile)] == ["vmfs-1"]
    assert not of(done, WriteFile)


def test_the_vms_of_a_list_that_was_read_are_answered_for() -> None:
    _, lists = holding("web")
    assert lists.owned() == ("vmfs-1",)
    assert lists.protected() == {"web": "host-99"}


def test_a_damaged_list_counts_as_empty_and_is_written_anew() -> None:
    machine, lists = ownership()
    lists.protect({"web": "host-98"})
    lists.lock_changed("vmfs-1", True)
    assert lists.file_read("vmfs-1", "damaged", b"")
    assert written(machine) == [{"web": "host-98"}]


def test_a_vm_is_protected_once_the_list_is_on_the_datastore() -> None:
    machine, lists = holding()
    lists.protect({"web": "host-98"})
    assert written(machine) == [{"web": "host-98"}]
    assert lists.protected() == {}
    assert lists.file_written("vmfs-1", "ok") == ["web"]
    assert lists.protected() == {"web": "host-98"}


def test_one_write_at_a_time_and_the_newest_will_follows() -> None:
    machine, lists = holding()
    lists.protect({"web": "host-98"})
    lists.protect({"db": "host-98"})
    assert written(machine) == [{"web": "host-98"}]
    lists.file_written("vmfs-1", "ok")
    assert written(machine) == [{"db": "host-98"}]


def test_a_vm_that_moved_is_written_to_its_list() -> None:
    machine, lists = holding("web")
    lists.moved("web", "host-100")
    assert written(machine) == [{"web": "host-100"}]


def test_a_lock_that_was_stolen_ends_ownership() -> None:
    _, lists = holding("web")
    lists.protect({"web": "host-98"})
    lists.file_written("vmfs-1", "not-owner")
    assert lists.owned() == ()
    assert lists.protected() == {}


def test_a_lost_datastore_takes_its_list_with_it() -> None:
    machine, lists = holding("web")
    machine.context.access["vmfs-1"] = "apd"
    lists.access_changed("vmfs-1")
    assert lists.protected() == {}
    assert lists.due_ns() == NEVER_NS, "the other list's answer is still to come, and this one is not tried for"


def test_release_lets_go_of_locks_that_are_held_or_asked_for() -> None:
    machine, lists = holding("web")
    lists.release()
    assert [unlock.datastore for unlock in of(machine.did(), Unlock)] == ["vmfs-1", "vmfs-2"]
    assert lists.owned() == ()


def test_release_lets_go_of_a_list_whose_datastore_is_back_before_it_is_known_to_be_ours() -> None:
    machine, lists = holding("web")
    machine.context.access["vmfs-1"] = "apd"
    lists.access_changed("vmfs-1")
    machine.context.access["vmfs-1"] = "ok"
    lists.access_changed("vmfs-1")
    lists.release()
    assert "vmfs-1" in [unlock.datastore for unlock in of(machine.did(), Unlock)]
    lists.release()
    assert not of(machine.did(), Unlock), "once is enough"
