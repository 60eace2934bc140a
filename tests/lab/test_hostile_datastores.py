"""Datastores whose files a program in the lab replaced: hosts and harness live, and no verdict rests on what was lost.

A few labs go through what can be put at a path, under a limit of memory: before there were bounds, a link to /dev/full
had the stage read until the machine had none left.
"""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from herzschlag.agents.datastore import layout
from herzschlag.checkers.verdict import Finding
from herzschlag.cluster import Cluster, Setup
from herzschlag.scenarios.plan import CLUSTER_NAME
from tests.support.lab_processes import names, outer_pid

pytestmark = pytest.mark.packets

MEMORY_BYTES = 4_000_000_000
SPEED = 10.0
Attack = Callable[[Path], None]


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture
def lab() -> Iterator[Cluster]:
    with Cluster.start(Setup(hosts=3, vms_per_host=2), backend="mininet", speed=SPEED) as cluster:
        cluster.advance(15)
        yield cluster


def datastore(cluster: Cluster, name: str = "vmfs-1") -> Path:
    """As host-99 sees it."""
    pid = outer_pid(cluster.session.inner, "host-99")  # type: ignore[arg-type]  # on real packets
    return Path(f"/proc/{pid}/root/datastores/{name}")


def of_vm(cluster: Cluster, path: str) -> Path:
    """A file of a VM, on the datastore on which the VM lies."""
    (found,) = (one for name in ("vmfs-1", "vmfs-2", "nfs-1") if (one := datastore(cluster, name) / path).exists())
    return found


def _gone(path: Path) -> None:
    if path.is_dir():
        path.rename(path.with_name(path.name + ".was"))
    else:
        path.unlink(missing_ok=True)


def folder(path: Path) -> None:
    _gone(path)
    path.mkdir()


def fifo(path: Path) -> None:
    _gone(path)
    os.mkfifo(path)


def link_to(target: str) -> Attack:
    def attack(path: Path) -> None:
        _gone(path)
        path.symlink_to(target)

    return attack


def terabyte(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(5000))


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def a_socket(path: Path) -> None:
    _gone(path)
    with socket.socket(socket.AF_UNIX) as end:
        folder = os.open(path.parent, os.O_PATH)
        end.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


def a_file(path: Path) -> None:
    _gone(path)
    path.write_bytes(b"a file")


def verdicts(cluster: Cluster) -> dict[str, Finding]:
    """Of all checkers at the end; the machinery, which is all processes of ours, must have lived."""
    session = cluster.session.inner
    for node in ("host-99", "host-100", "vcenter"):
        outer_pid(session, node)  # type: ignore[arg-type]  # on real packets
    assert {"host-99-fdm", "host-100-fdm"} <= set(names(session))  # type: ignore[arg-type]
    found = {finding.checker: finding for finding in cluster.findings()}
    assert found["machinery"].verdict == "holds", found["machinery"].because
    assert not cluster.records_of("machinery")
    return found


def test_disks_that_were_replaced_are_not_read_and_show_nothing(lab: Cluster) -> None:
    attacks: dict[str, Attack] = {
        "vm-98-1": link_to("/dev/full"),
        "vm-98-2": terabyte,
        "vm-99-1": folder,
        "vm-99-2": fifo,
        "vm-100-1": emptied,
        "vm-100-2": garbage,
    }
    for vm, attack in attacks.items():
        attack(of_vm(lab, layout.disk_path(vm)))
    lab.advance(10)
    found = verdicts(lab)["one-writer"]
    assert found.verdict == "unknown"
    thin = {detail.name for detail in found.details if detail.verdict == "unknown"}
    assert {"vm-98-1", "vm-98-2", "vm-99-1", "vm-99-2", "vm-100-1", "vm-100-2"} == thin


def test_files_of_hosts_and_vms_that_were_replaced_end_no_host(lab: Cluster) -> None:
    """Then host-98 loses power, so that the others read what lies there."""
    root = datastore(lab)
    folder(root / layout.poweron_path(CLUSTER_NAME, "host-98"))
    terabyte(root / layout.poweron_path(CLUSTER_NAME, "host-99"))
    link_to("/dev/zero")(root / layout.poweron_path(CLUSTER_NAME, "host-100"))
    folder(of_vm(lab, layout.vmx_path("vm-98-1")))
    a_socket(of_vm(lab, layout.vmx_path("vm-98-2")))
    lab.advance(10)
    lab.power_off("host-98")
    lab.advance(60)
    found = verdicts(lab)
    assert found["one-writer"].verdict == "holds"
    assert lab.role("host-99") == "master"


@pytest.mark.parametrize("attack", [folder, fifo], ids=["folder", "FIFO"])
def test_a_heartbeat_region_and_list_that_were_replaced_end_no_host(lab: Cluster, attack: Attack) -> None:
    root = datastore(lab)
    attack(root / layout.HEARTBEAT_REGION)
    attack(root / layout.protectedlist_path(CLUSTER_NAME))
    a_file(datastore(lab, "vmfs-2") / layout.HA_FOLDER)
    lab.advance(25)
    assert lab.records_of("slot", node="host-99", to="offline", datastore="vmfs-1")
    lab.power_off("host-98")
    lab.advance(40)
    assert "violated" not in {finding.verdict for finding in verdicts(lab).values()}


def test_a_full_datastore_ends_no_host_and_leaves_the_others_as_they_are(lab: Cluster) -> None:
    """Filled by a program, to the last byte of its own size, and not one of the machine's."""
    filled = datastore(lab) / "filled"
    with filled.open("wb", buffering=0) as out, pytest.raises(OSError, match="No space left"):
        while True:
            out.write(bytes(1 << 20))
    assert filled.stat().st_size <= 128 << 20
    (datastore(lab, "vmfs-2") / "other").write_bytes(bytes(1 << 20))
    lab.power_off("host-98")
    lab.advance(40)
    found = verdicts(lab)
    assert "violated" not in {finding.verdict for finding in found.values()}
