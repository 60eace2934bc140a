"""Which VM runs where, when more than one host says that it has it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from herzschlag.agents.datastore.layout import PoweronFile, marker_path
from herzschlag.agents.ha.master.running_vms import RunningVms
from herzschlag.agents.settings import VmConfig

VM = VmConfig(name="vm-1", datastore="vmfs-1")


class Lists:
    """The protectedlists: who was written down last."""

    def __init__(self) -> None:
        self.where: dict[str, str] = {}

    def moved(self, vm: str, host: str) -> None:
        self.where[vm] = host


def peer(access: str = "ok", inventory: int = 1, *, joined: bool = True) -> Any:
    return SimpleNamespace(joined=joined, inventory=inventory, datastores={"vmfs-1": access})


def running(**peers: Any) -> tuple[RunningVms, Lists]:
    lists = Lists()
    cluster = SimpleNamespace(vm={VM.name: VM}.get)
    context: Any = SimpleNamespace(
        moid="host-99", access={"vmfs-1": "ok"}, cluster=cluster, peers=peers, works=lambda _: True, do=lambda _: None
    )
    hosts: Any = SimpleNamespace(
        speaks=lambda moid: moid in peers,
        alive=lambda moid: moid.startswith("lives"),
        poweron_known=lambda moid: moid.endswith("known"),
    )
    return RunningVms(context, hosts, lists), lists  # type: ignore[arg-type]


ONE = frozenset({"vm-1"})
NONE: frozenset[str] = frozenset()


def test_it_runs_where_it_is_said_to_run_already_until_that_host_has_it_no_more() -> None:
    """As when a host that stood still names it, and ends it a moment later; or when it was moved."""
    vms, lists = running(a=peer(), b=peer())
    assert vms.exactly("a", ONE) == []
    assert vms.exactly("b", ONE) == []
    assert vms.where == lists.where == {"vm-1": "a"}
    assert vms.exactly("a", NONE) == []
    assert vms.where == lists.where == {"vm-1": "b"}
    assert vms.exactly("b", NONE) == ["vm-1"]


def test_what_is_only_written_down_gives_way_to_what_a_host_says() -> None:
    vms, _ = running(a=peer(), b=peer())
    vms.where["vm-1"] = "a"
    vms.exactly("b", ONE)
    assert vms.where == {"vm-1": "b"}


def test_a_host_that_fails_leaves_it_to_another_that_has_it() -> None:
    a, b, zombie = peer(), peer(), peer("apd")
    vms, _ = running(a=a, b=b, zombie=zombie)
    for host in ("a", "b", "zombie"):
        vms.exactly(host, ONE)
    a.joined = False
    assert vms.gone(vms.on("a")) == []
    assert vms.where == {"vm-1": "b"}
    b.joined = False
    assert vms.gone(vms.on("b")) == ["vm-1"], "the one that is left does not reach it"


def test_a_host_that_does_not_reach_the_datastore_takes_no_vm_from_one_that_does() -> None:
    """It was cut off from the datastore when the VM's lock was broken and the VM restarted, and is heard again."""
    vms, lists = running(a=peer(), zombie=peer("apd"))
    vms.exactly("a", ONE)
    assert vms.exactly("zombie", ONE) == []
    assert vms.where == lists.where == {"vm-1": "a"}
    assert vms.exactly("zombie", NONE) == [], "it never counted as running there"
    assert vms.exactly("a", NONE) == ["vm-1"]


def test_nor_from_the_master_itself() -> None:
    vms, _ = running(zombie=peer("pdl"))
    vms.exactly("host-99", ONE)
    vms.exactly("zombie", ONE)
    assert vms.where == {"vm-1": "host-99"}
    assert vms.reaches("host-99", "vm-1") and not vms.reaches("zombie", "vm-1")


def test_where_no_other_host_is_known_to_have_it_it_counts() -> None:
    vms, lists = running(zombie=peer("apd"), gone=peer(joined=False), silent=peer(inventory=-1))
    for host in ("gone", "silent"):
        vms.where["vm-1"] = host
        vms.exactly("zombie", ONE)
        assert vms.where == {"vm-1": "zombie"}
        assert not lists.where, "its lock is perhaps another's, and the list says whose"


def test_a_host_that_reaches_it_takes_it_from_one_that_does_not() -> None:
    vms, _ = running(zombie=peer("apd"), a=peer())
    vms.exactly("zombie", ONE)
    vms.exactly("a", ONE)
    assert vms.where == {"vm-1": "a"}


def test_a_vm_that_a_cut_off_host_stopped_runs_where_another_one_has_it() -> None:
    """As when this master had stood still, and another had it restarted there: the host that lost it is cut off."""
    old, new = peer(), peer()
    vms, lists = running(old=old, new=new)
    vms.exactly("old", ONE)
    vms.exactly("new", ONE)
    old.joined = False
    vms.poweron_read("old", PoweronFile(False, (), 1))
    assert vms.marker_read("vmfs-1", marker_path("vm-1"), "missing") is None
    assert vms.where == lists.where == {"vm-1": "new"}
    new.joined = False
    vms.poweron_read("new", PoweronFile(False, (), 1))
    stopped = vms.marker_read("vmfs-1", marker_path("vm-1"), "ok")
    assert stopped is not None and (stopped.vm, stopped.host) == ("vm-1", "new")


def test_what_a_host_has_no_more_runs_on_a_cut_off_one_that_lives_and_whose_file_has_it() -> None:
    vms, _ = running(a=peer())
    for cut_off in ("silent-known", "lives-read-before", "lives-known"):
        vms.poweron_read(cut_off, PoweronFile(False, ("vm-1",), 1))
        vms.where["vm-1"] = "a"
        found = [] if cut_off == "lives-known" else ["vm-1"]
        assert vms.exactly("a", NONE) == found
    assert vms.where == {"vm-1": "lives-known"}
    assert vms.gone(("vm-1",)) == ["vm-1"], "its own file does not have it run on"


def test_nor_where_the_file_of_another_one_has_it_before_its_marker_is_read() -> None:
    """A new master reads the file of a host that is back, and then that of the one on which it was restarted."""
    vms, _ = running()
    vms.poweron_read("back", PoweronFile(False, ("vm-1",), 1))
    vms.poweron_read("back", PoweronFile(False, (), 2))
    vms.poweron_read("lives-known", PoweronFile(False, ("vm-1",), 1))
    assert vms.marker_read("vmfs-1", marker_path("vm-1"), "missing") is None
    assert vms.where == {"vm-1": "lives-known"}
