"""What a node is given of its own: users, names, and what stays visible below its folders."""

from __future__ import annotations

from herzschlag.topo.catalog import two_networks
from herzschlag.topo.lab.holder import hosts_file, identical, visible_mounts


def _line(path: str, source: str = "/dev/vda") -> str:
    return f"36 35 98:0 /root {path} rw,noatime master:1 - ext4 {source} rw"


def test_every_user_keeps_its_number_in_a_node() -> None:
    """As an ordinary user's lab has one user alone, and one in a container some."""
    assert identical(["         0          0 4294967295"]) == "0 0 4294967295\n"
    assert identical(["0 1000 1"]) == "0 0 1\n"
    assert identical(["0 100000 1000", "1000 0 1"]) == "0 0 1000\n1000 1000 1\n"


def test_what_a_sandbox_keeps_below_a_nodes_own_folders_stays_visible() -> None:
    """Otherwise no program of a checkout in /tmp could be started in a node."""
    lines = map(_line, ("/usr", "/tmp/checkout/runs", "/tmp/checkout", "/var/tmp/ä\\040b", "/tmpfiles", "/run"))
    assert visible_mounts(lines) == ("/tmp/checkout", "/var/tmp/ä b")


def test_what_the_lab_has_for_itself_is_out_of_a_nodes_sight() -> None:
    lines = [_line("/run/herzschlag/datastores/nfs-1"), _line("/run/herzschlag"), _line("/dev/shm/x", "herzschlag")]
    assert visible_mounts(lines) == ()


def test_nodes_know_each_other_by_name() -> None:
    spec = two_networks(2)
    lines = hosts_file(spec).splitlines()
    assert lines[0] == "127.0.0.1 localhost"
    assert f"{spec.address('host-98', 'A')} host-98 host-98.A" in lines
    assert f"{spec.address('host-98', 'B')} host-98.B" in lines
    assert len(lines) == 1 + 2 * len(spec.nodes)
