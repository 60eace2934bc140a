"""Storage views as steps: which mount covers which, and what a host finds when it boots again."""

from __future__ import annotations

import pytest

from herzschlag.topo.catalog import two_networks
from herzschlag.topo.errors import LabError
from herzschlag.topo.lab.steps import Step
from herzschlag.topo.lab.storage import Mark, Storage, StorageView
from herzschlag.topo.spec import DatastoreSpec, SpecError


def _names(steps: list[Step]) -> list[str]:
    return [f"{step[0]} {step[1]}" for step in steps]


def _change(storage: Storage, view: StorageView) -> list[str]:
    steps = storage.steps_to("host-98", "nfs-1", view)
    storage.note("host-98", "nfs-1", view)
    return _names(steps)


def test_the_same_view_twice_needs_no_step() -> None:
    storage = Storage(two_networks(2))
    assert _change(storage, "ok") == []
    assert len(_change(storage, "apd")) == 2
    assert _change(storage, "apd") == []


def test_a_view_is_never_unmounted_before_the_next_one_is_mounted_over_it() -> None:
    """Between unmounting and mounting a host would see an empty datastore."""
    storage = Storage(two_networks(2))
    for view in ("apd", "pdl", "apd"):
        assert not any(step.startswith("unmount") for step in _change(storage, view))
    assert _change(storage, "ok") == ["unmount /datastores/nfs-1"] * 3


def test_a_host_that_returns_finds_its_storage_as_lost_as_before() -> None:
    storage = Storage(two_networks(2))
    healthy = _names(storage.steps_of_a_new_life("host-98"))
    assert storage.views_of_a_new_life("host-98") == []
    _change(storage, "pdl")
    assert _names(storage.views_of_a_new_life("host-98")) == ["show /run/herzschlag/dead/pdl", "mount none"]
    assert storage.views_of_a_new_life("host-99") == []
    for host in ("host-98", "host-99"):
        assert _names(storage.steps_of_a_new_life(host)) == [step.replace("host-98", host) for step in healthy]


def test_a_host_gets_only_the_datastores_it_sees() -> None:
    storage = Storage(two_networks(2, [DatastoreSpec("nfs-1", "nfs", ("host-99",))]))
    assert not any("nfs-1" in step for step in _names(storage.steps_of_a_new_life("host-98")))
    assert storage.writable("host-98") == ["/local", "/datastores"]
    assert storage.writable("host-99") == ["/local", "/datastores", "/datastores/nfs-1"]
    with pytest.raises(LabError, match="host-98 does not see nfs-1: it sees none"):
        storage.steps_to("host-98", "nfs-1", "apd")


def test_the_gateway_has_no_storage_and_vcenter_its_own_disk_alone() -> None:
    """Without it a vCenter that was killed would come back with nothing, and switch on what users switched off."""
    storage = Storage(two_networks(2))
    assert storage.steps_of_a_new_life("gateway") == []
    assert storage.writable("gateway") == []
    assert _names(storage.steps_of_a_new_life("vcenter")) == [
        step.replace("host-98", "vcenter") for step in _names(storage.steps_of_a_new_life("host-98"))[:1]
    ]
    assert storage.writable("vcenter") == ["/local"]
    for node in ("gateway", "vcenter"):
        assert storage.views_of_a_new_life(node) == []


def test_a_host_that_may_only_read_keeps_its_live_folder_below() -> None:
    storage = Storage(two_networks(2))
    assert _change(storage, "read-only") == ["show /run/herzschlag/read-only/nfs-1"]
    assert len(_change(storage, "apd")) == 2
    assert _change(storage, "ok") == ["unmount /datastores/nfs-1"] * 2


def _mark(storage: Storage, view: StorageView, mark: Mark | None = None) -> list[str]:
    steps = storage.steps_to("host-98", "nfs-1", view, mark)
    storage.note("host-98", "nfs-1", view, mark)
    return _names(steps)


def test_a_slow_or_stale_datastore_stays_in_its_place_with_a_mark_beside_it() -> None:
    storage = Storage(two_networks(2))
    where = ("host-98", "nfs-1")
    slow = storage.marks_for({where: "slow"}, {where: 5000})[where]
    assert _mark(storage, "slow", slow) == ["write /datastores/.slow-nfs-1"]
    assert _mark(storage, "slow", slow) == []
    assert ["write", "/datastores/.slow-nfs-1", "5000"] in storage.views_of_a_new_life("host-98")
    stale = Mark("stale", "/run/herzschlag/stale/nfs-1/1")
    assert _mark(storage, "stale", stale) == [
        "make_folder /datastores/.stale-nfs-1",
        "show /run/herzschlag/stale/nfs-1/1",
        "mount none",
        "write /datastores/.slow-nfs-1",
    ]
    assert storage.marks_for({where: "stale"}, {}) == {where: stale}, "no other moment is shown than before"
    assert _mark(storage, "pdl")[-1] == "unmount /datastores/.stale-nfs-1"
    assert _mark(storage, "slow", slow) == ["write /datastores/.slow-nfs-1", "unmount /datastores/nfs-1"]
    assert _mark(storage, "ok") == ["write /datastores/.slow-nfs-1"]
    assert not any(".s" in name for name in _names(storage.steps_of_a_new_life("host-98")))


@pytest.mark.parametrize("size_mb", [0, -1, 10**9])
def test_an_impossible_size_is_refused(size_mb: int) -> None:
    with pytest.raises(SpecError, match=f"size_mb={size_mb}: a size is 1 to"):
        DatastoreSpec("nfs-1", "nfs", size_mb=size_mb)
