"""Datastores that a program fills with what no file should be, on real packets: no process of the lab dies of it.

A link to a device that never ends once took all the memory of the machine, a folder in the place of a file ended every
hypervisor. A limit on memory guards the machine that runs this.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from herzschlag.backends.base import HasSandbox
from herzschlag.cluster import Cluster, Setup
from tests.support.lab_processes import inside, names

pytestmark = pytest.mark.packets

MEMORY_MAX = 4_000_000_000
HA = ".vSphere-HA/lab"


@pytest.fixture(autouse=True)
def limited_memory() -> Iterator[None]:
    """The lab inherits it."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def replace(path: Path, kind: str) -> None:
    """Put something else in the place of a file, as a program with access to the datastore can."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "terabyte":
            with path.open("wb") as file:
                file.truncate(1 << 40)
        case _:
            path.symlink_to(kind)


def datastores(cluster: Cluster) -> Path:
    """Where the test sees the datastores of the lab."""
    inner = cluster.session.inner
    assert isinstance(inner, HasSandbox)
    for pid in inside(inner):  # type: ignore[arg-type]  # on real packets
        if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"host-99:\0"):
            return Path(f"/proc/{pid}/root/datastores")
    raise AssertionError("host-99 has no process")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into a lab's mounts from outside")
def test_whatever_lies_on_the_datastores_no_process_dies_and_no_verdict_is_wrong(tmp_path: Path) -> None:
    with Cluster.start(Setup(vms_per_host=2), backend="mininet", speed=10, directory=tmp_path / "run") as cluster:
        root = datastores(cluster)
        for datastore, path, kind in (
            ("vmfs-1", "vm-98-1/vm-98-1-flat.vmdk", "/dev/full"),
            ("vmfs-1", "vm-99-1/vm-99-1-flat.vmdk", "terabyte"),
            ("vmfs-1", "vm-100-1/vm-100-1-flat.vmdk", "pipe"),
            ("vmfs-1", "vm-98-2/vm-98-2.vmx", "folder"),
            ("vmfs-2", ".heartbeat.sf", "folder"),
            ("vmfs-2", f"{HA}/protectedlist", "folder"),
            ("nfs-1", f"{HA}/protectedlist", "/dev/zero"),
            ("vmfs-1", f"{HA}/host-98-poweron", "terabyte"),
            ("vmfs-2", f"{HA}/host-98-poweron", "folder"),
        ):
            replace(root / datastore / path, kind)
        cluster.advance(20)
        off = cluster.power_off("host-98")  # so that a master reads what lies there
        cluster.wait_for_record("host-state", node="host-99", host="host-98", to="hostDown", within_s=60)
        cluster.advance(25)
        alive = names(cluster.session.inner)  # type: ignore[arg-type]  # on real packets
        for name in ("host-99-hv", "host-99-fdm", "host-100-hv", "host-100-fdm"):
            assert name in alive, f"{name} died: {sorted(alive)}"
        cluster.heal(off)
        cluster.wait_for_record("host-state", node="host-99", host="host-98", to="connectedToMaster", within_s=60)
        findings = {finding.checker: finding for finding in cluster.findings()}
    assert findings["machinery"].verdict == "holds", findings["machinery"].because
    assert findings["one-writer"].verdict == "unknown"
    told = {detail.name: detail.because for detail in findings["one-writer"].details if detail.verdict == "unknown"}
    assert {"vm-98-1", "vm-99-1", "vm-100-1"} <= told.keys()
    assert [f"{f.checker}: {f.because}" for f in findings.values() if f.verdict == "violated"] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into a lab's mounts from outside")
def test_a_ha_folder_that_became_a_file_or_a_link_harms_nothing_but_itself(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Cluster.start(Setup(vms_per_host=1), backend="mininet", speed=10, directory=tmp_path / "run") as cluster:
        root = datastores(cluster)
        for datastore, kind in (("vmfs-1", str(elsewhere)), ("vmfs-2", "file")):
            folder = root / datastore / ".vSphere-HA"
            folder.rename(root / datastore / "moved")
            if kind == "file":
                folder.write_bytes(b"")
            else:
                folder.symlink_to(kind)
        cluster.advance(30)
        alive = names(cluster.session.inner)  # type: ignore[arg-type]  # on real packets
        findings = {finding.checker: finding for finding in cluster.findings()}
    assert {f"{host}-{part}" for host in ("host-98", "host-99", "host-100") for part in ("hv", "fdm")} <= set(alive)
    assert findings["machinery"].verdict == "holds", findings["machinery"].because
    assert list(elsewhere.iterdir()) == []
