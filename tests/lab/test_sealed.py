"""A host is sealed from the machine, from the lab's machinery and from other hosts, whatever its root does."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from herzschlag.backends.mininet.session import MininetSession
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.plan import make_plan
from herzschlag.topo.impairments.values import Block, Quality
from tests.support import whole_machine
from tests.support.lab_processes import node_pid
from tests.support.ordinary_user import run_as_ordinary_user
from tests.support.sandboxed import (
    BODIES,
    CHECKOUT,
    DEADLINE_S,
    delivered,
    impair,
    inside,
    pings,
    run_body,
    skip,
    start_inside,
    switched_lab,
)
from tests.support.waiting import until

pytestmark = pytest.mark.packets

MARK = "herzschlag-sealed-test"
OWN = ("/run", "/tmp", "/var/tmp", "/var/log", "/dev/shm")
KEPT = ("/local", "/datastores/vmfs-1", "/datastores/vmfs-2", "/datastores/nfs-1")

# --- everything that a program as root could try, in a host -----------------------------------------------------------

TRY_EVERYTHING = r"""
import ctypes, json, os, stat, sys, time
mark, devices, found = sys.argv[1], {(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2), (10, 200)}, {}
libc = ctypes.CDLL(None, use_errno=True)

def attempt(what, try_it):
    try:
        if try_it() not in (None, 0): return
    except (OSError, ValueError):
        return
    found.setdefault(what.split()[0], []).append(what)

def opened(path):
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY))

def made(folder):
    path = f"{folder}/{mark}"
    with open(path, "x") as file: file.write("x")

mounts = [line.split()[4].encode().decode("unicode_escape") for line in open("/proc/self/mountinfo")]
folders = {*mounts, os.path.dirname(os.__file__), os.path.dirname(sys.executable), "/"}
for top in list(folders):
    for folder, inner, _ in os.walk(top):
        folders |= {f"{folder.rstrip('/')}/{name}" for name in inner}
        if folder.count("/") > 1 or folder.startswith(("/proc", "/sys")): inner.clear()
own = [os.stat(one).st_dev for one in json.loads(sys.argv[2])]
folders = [one for one in sorted(folders) if os.path.isdir(one) and not os.path.islink(one)
    and not one.startswith(("/proc", "/sys")) and os.stat(one).st_dev not in own]
for folder in folders: attempt(f"folder {folder}", lambda: made(folder))

for path in ("/etc/passwd", "/etc/fstab", sys.executable, os.__file__, "/bin/sh"):
    attempt(f"file {path}", lambda: os.close(os.open(path, os.O_RDWR)))
for top in ("/proc", "/sys"):
    for folder, inner, names in os.walk(top):
        if folder == "/proc": inner[:] = [name for name in inner if not name.isdigit()]
        if folder.startswith(("/proc/sys/net", "/proc/net", "/sys/kernel/debug")): inner.clear(); continue
        for name in names:
            path = f"{folder}/{name}"
            if not os.path.islink(path) and os.lstat(path).st_mode & 0o222:
                attempt(f"kernel {path}", lambda: opened(path))
for folder, _, names in os.walk("/dev"):
    for name in names:
        node = os.lstat(f"{folder}/{name}")
        is_device = stat.S_ISBLK(node.st_mode) or stat.S_ISCHR(node.st_mode)
        if is_device and (os.major(node.st_rdev), os.minor(node.st_rdev)) not in devices:
            attempt(f"device {folder}/{name}", lambda: None)
for top in ("/run", "/tmp", "/dev"):
    for folder, inner, names in os.walk(top):
        for name in names:
            if stat.S_ISSOCK(os.lstat(f"{folder}/{name}").st_mode): attempt(f"socket {folder}/{name}", lambda: None)

disk = os.stat("/etc").st_dev
attempt("mknod of a disk", lambda: os.mknod(f"/tmp/{mark}-disk", stat.S_IFBLK | 0o600, disk))
attempt("mknod of memory", lambda: os.mknod(f"/tmp/{mark}-mem", stat.S_IFCHR | 0o600, os.makedev(1, 1)))
attempt("clock", lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()))
for mount in mounts:
    if not mount.startswith(("/proc", *json.loads(sys.argv[2]))):
        flags = 0x20 | 0x1000  # MS_REMOUNT | MS_BIND: read-write
        attempt(f"remount {mount}", lambda: libc.mount(b"none", mount.encode(), None, ctypes.c_ulong(flags), None))
for mount in reversed(mounts[1:]):
    attempt(f"unmount {mount}", lambda: libc.umount2(mount.encode(), 2))
print(json.dumps(found))
"""


def what_can_be_changed(lab: Any) -> dict[str, list[str]]:
    tried = lab.popen(
        "host-98", [sys.executable, "-c", TRY_EVERYTHING, MARK, json.dumps((*OWN, "/datastores", *KEPT))], text=True
    )
    said, errors = tried.communicate(timeout=DEADLINE_S * 2)
    assert tried.returncode == 0, errors
    found: dict[str, list[str]] = json.loads(said)
    return {kind: ones[:20] for kind, ones in found.items()}


def body_try_everything() -> None:
    with switched_lab(2) as lab:
        assert (found := what_can_be_changed(lab)) == {}, json.dumps(found, indent=1)
        assert delivered(lab, "host-98", "host-99", "A") == 20


BODIES["try everything"] = body_try_everything


def of_the_machine() -> dict[str, str]:
    """What a host could have changed: what the kernel keeps for all, and files with our mark."""
    return {**whole_machine.settings(), "files": "\n".join(map(str, marked()))}


def marked() -> Iterator[Path]:
    for top in ("/", "/etc", "/var", "/usr", "/root", "/home", "/opt", "/srv", "/boot", *OWN, "/dev", str(CHECKOUT)):
        yield from Path(top).glob(f"{MARK}*")
        yield from Path(top).glob(f"*/{MARK}*")


@pytest.mark.parametrize("user", ["root", "ordinary"])
def test_a_host_changes_nothing_of_the_machine(user: str, tmp_path: Path) -> None:
    """Every folder, every file of the kernel, every device, remounting, unmounting: all of it as root of a host."""
    output, before = tmp_path / "output", of_the_machine()
    try:
        if user == "ordinary":
            code = run_as_ordinary_user(__file__, "try everything", output)
        elif os.geteuid() == 0:
            code = start_inside(__file__, "try everything", output).wait(120)
        else:
            pytest.skip("needs root; the other half of this test is how an ordinary user's lab behaves")
        assert of_the_machine() == before
        assert code == 0, output.read_text()
    finally:
        for left in marked():
            left.unlink()


# --- the machinery ----------------------------------------------------------------------------------------------------

TAKE_OVER = r"""
import json, os, socket, sys
from herzschlag.topo.kernel.syscalls import pidfd_getfd
found = []
for entry in os.listdir("/proc"):
    if entry.isdigit() and int(entry) not in (1, os.getpid()):
        for number in range(64):
            try: os.close(pidfd_getfd(int(entry), number)); found.append(f"descriptor {number} of {entry}")
            except OSError: pass
        for name in ("mem", "environ", "root", "cwd", *(f"fd/{number}" for number in range(64))):
            try: os.close(os.open(f"/proc/{entry}/{name}", os.O_RDONLY)); found.append(f"{name} of {entry}")
            except OSError: pass
for path in ("/run/controller.sock", "/run/openvswitch/db.sock", "/run/openvswitch/sA.mgmt", "/run/herzschlag"):
    if os.path.exists(path): found.append(path)
print(json.dumps([sorted(os.listdir("/run")), len(found), found[:10]]))
"""


def test_a_host_reaches_neither_the_machinery_nor_the_channels_of_its_agent() -> None:
    """Who could speak to the controller could heal cuts; who had the agent's channels could forge its records."""
    scenario = Scenario(name="sealed", title="sealed", cluster=Cluster(hosts=2))
    with MininetSession(make_plan(scenario, speed=10)) as session:
        session.start()
        first = node_pid(session, "host-98")
        words = ["nsenter", "--target", str(first), "--all", sys.executable, "-c", TAKE_OVER]
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        said = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
        processes = len(list(Path(f"/proc/{first}/root/proc").glob("[0-9]*")))
    assert processes > 2, "there are a hypervisor and an agent to attack"
    assert json.loads(said) == [["lock"], 0, []]


# --- other hosts, and other lives -------------------------------------------------------------------------------------


@inside
def test_hosts_do_not_see_each_others_files_and_channels() -> None:
    """A lock file or a segment of one cluster member that another one finds would join them beside the network."""
    with switched_lab(2) as lab:
        first, second = lab.net["host-98"], lab.net["host-99"]
        for folder in OWN:
            assert first.cmd(f"echo own > {folder}/{MARK} && stat --format %U {folder}/{MARK}").strip() == "root"
            assert MARK in first.cmd(f"ls {folder}") and MARK not in second.cmd(f"ls {folder}")
        assert "id" in first.cmd("ipcmk --queue; ipcmk --shmem 100; ipcmk --semaphore 1")
        assert first.cmd("ipcs").count("0x") == 3 and second.cmd("ipcs").count("0x") == 0
        for host in (first, second):
            assert host.cmd("cat /etc/resolv.conf").strip() == ""
            assert host.cmd("getent hosts host-99").split()[:2] == [lab.spec.address("host-99", "A"), "host-99"]
        first.cmd("echo 192.0.2.1 elsewhere >> /etc/hosts")
        assert "elsewhere" in first.cmd("cat /etc/hosts") and "elsewhere" not in second.cmd("cat /etc/hosts")
        assert second.cmd("hostname").strip() == "host-99"


@inside
def test_each_life_of_a_host_has_folders_of_its_own_and_keeps_local() -> None:
    with switched_lab(2) as lab:
        host = lab.net["host-98"]
        for folder in (*OWN, *KEPT):
            host.cmd(f"echo x > {folder}/{MARK}")
        host.cmd("echo 192.0.2.1 elsewhere >> /etc/hosts; ipcmk --queue")
        lab.power_off("host-98")
        lab.power_on("host-98")
        for folder in OWN:
            assert MARK not in host.cmd(f"ls {folder}")
        for folder in KEPT:
            assert MARK in host.cmd(f"ls {folder}")
        assert "elsewhere" not in host.cmd("cat /etc/hosts")
        assert "0x" not in host.cmd("ipcs")


LOOK = (
    "ip -oneline address; ip -oneline link; ip route show table all; ip rule; ip neighbour; tc qdisc; tc filter;"
    " nft list ruleset; sysctl --all --pattern '^net[.]ipv4' | grep -v '_last\\|[.]route[.]\\|tcp_fastopen_key'"
)
ADDED = """
ip address add 198.18.200.1/32 dev mgmtA
ip link add extra0 type veth peer name extra1
ip link set extra0 up
ip route add 203.0.113.0/24 dev mgmtA
ip route add 203.0.114.0/24 dev mgmtA table 77
ip rule add from 203.0.113.1 lookup 77
ip neighbour replace 198.18.1.2 lladdr 02:00:00:00:00:09 dev mgmtA
tc qdisc add dev mgmtA root pfifo limit 7
nft add table inet foreign
nft add chain inet foreign input { type filter hook input priority 0; policy drop; }
sysctl -qw net.ipv4.conf.all.arp_ignore=8 net.ipv4.ip_forward=1
ip link set mgmtA mtu 900
ip link set mgmtA address 02:00:00:00:00:07
ip link set mgmtB down
ip link set mgmtB name stolen
"""


@inside
def test_a_host_that_gets_power_back_has_its_own_network_and_no_other() -> None:
    """A virtual address that a dead host still had would be answered by two hosts."""
    with switched_lab(2) as lab:
        host = lab.net["host-98"]
        before = host.cmd(LOOK)
        assert "198.18.1.1/16" in before
        for line in ADDED.strip().splitlines():
            said = host.cmd(f"{line} || echo failed")
            if "failed" in said and not line.startswith("tc"):  # a kernel may lack the queue
                raise AssertionError(f"{line}: {said}")
        assert host.cmd(LOOK) != before
        lab.power_off("host-98")
        lab.power_on("host-98")
        assert host.cmd(LOOK) == before
        for network in lab.spec.networks:
            assert delivered(lab, "host-98", "host-99", network) == 20
            assert delivered(lab, "host-99", "host-98", network) == 20


@inside
def test_a_host_that_lost_an_interface_gets_it_back_with_its_power() -> None:
    with switched_lab(2) as lab:
        host = lab.net["host-98"]
        before = host.cmd(LOOK)
        host.cmd("ip link delete mgmtA")
        assert not pings(lab, "host-98", "host-99", "A")
        lab.power_off("host-98")
        lab.power_on("host-98")
        assert host.cmd("ip -oneline address show dev mgmtA") in before
        until(lambda: pings(lab, "host-99", "host-98", "A"), "the switch has the port again")


@inside
def test_what_impairs_a_host_outlives_its_power() -> None:
    """The cut or the bad line is the network's, not the host's."""
    with switched_lab(2) as lab:
        for wanted in ({"blocks": (Block("icmp"),)}, {"links": {("A", "host-99"): Quality(loss=1.0)}}):
            impair(lab, "host-98", **wanted)
            for _ in range(2):
                assert not pings(lab, "host-98", "host-99", "A")
                lab.power_off("host-98")
                lab.power_on("host-98")
            assert not pings(lab, "host-98", "host-99", "A")
            impair(lab, "host-98")
            assert pings(lab, "host-98", "host-99", "A")


@inside
def test_a_daemon_can_do_in_a_host_what_it_must() -> None:
    """Sealing takes nothing from the programs of an HA cluster: networks, low ports, other users, own mounts."""
    if ctypes.CDLL(None).geteuid() or "4294967295" not in Path("/proc/self/uid_map").read_text():
        skip("an ordinary user's lab has one user alone")
    lines = {
        "ip link add vrrp.51 type veth && ip address add 198.18.200.1/32 dev vrrp.51 && echo added": "added",
        "touch /tmp/x && chown 33:33 /tmp/x && stat --format %u:%g /tmp/x": "33:33",
        "setpriv --reuid=33 --regid=33 --clear-groups id -u": "33",
        "python3 -c 'import socket; socket.create_server((\"\", 80)); print(1)'": "1",
        "mkdir /tmp/m && mount -t tmpfs own /tmp/m && echo mounted": "mounted",
        "mkdir /local/state && mount --bind /local/state /var/lib && echo x > /var/lib/y && cat /local/state/y": "x",
        "sysctl -n -w net.ipv4.conf.mgmtA.arp_ignore=1": "1",
        "nft add table inet own && nft list tables": "table inet own",
    }
    with switched_lab(2) as lab:
        for line, wanted in lines.items():
            assert lab.net["host-98"].cmd(line).strip() == wanted, line


if __name__ == "__main__":
    run_body()
