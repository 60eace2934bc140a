"""A node from the inside: the walls that its holder process puts up around itself before it sleeps.

    mount namespace of the sandbox's      the machine's folders, read-only; the lab's, in sight
      └─ first copy, still the lab's      own folders over /run, /tmp …; own terminals, /proc, names; the rest read-only
           └─ second copy, the node's     the same, locked: who is root in the node is root of another user namespace

All nodes of a lab are in one user namespace below the lab's, in which every number means the same user as outside. So
root in a node may set up networks, bind low ports and become another user, and mount what is its own. It may not undo
what was mounted before it came (mount_namespaces(7), "restrictions"), make devices, set clocks or load modules, and no
way leads from it to the network namespace of the switches. The numbers being the same, root in a node is to files what
root is outside: it is the read-only mounts that keep it from the machine's, also from most of /proc and /sys.

This file decides what a node can see, change and reach. Its network is left to `herzschlag.topo.lab.lab`, storage to
`herzschlag.topo.lab.storage`, and the forking to `herzschlag.topo.lab.spawner`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel import syscalls
from herzschlag.topo.lab.steps import Step, do, prepared, write
from herzschlag.topo.sandbox.root import TERMINALS
from herzschlag.topo.spec import TopologySpec

OWN_FOLDERS = {"/run": 0o755, "/tmp": 0o1777, "/var/tmp": 0o1777, "/var/log": 0o755, "/dev/shm": 0o1777}
"""Each node's own, with their permissions; empty in every new life."""
OWN_MB = 64
"""Of all own folders of a node together."""
OWN_INODES_MAX = 100_000
_OWN = "/run/herzschlag-own"
"""Where a node's own tmpfs is until its folders are in their places; the node's own /run then covers it."""
_LABS_OWN = "/run/herzschlag"
_WRITABLE = ("/proc", "/proc/sys/net", "/dev/pts")
_ESCAPED = re.compile(r"\\([0-7]{3})")
"""How mountinfo writes a blank in a path."""
_SAFE = syscalls.MS_NOSUID | syscalls.MS_NODEV
_SYSCTLS = {
    "/proc/sys/net/ipv6/conf/all/disable_ipv6": "1",  # no router solicitations or neighbour probes on the wire
    "/proc/sys/net/ipv6/conf/default/disable_ipv6": "1",
    "/proc/sys/net/ipv4/conf/all/rp_filter": "0",  # a reply may come over the other network
    "/proc/sys/net/ipv4/conf/default/rp_filter": "0",
    "/proc/sys/net/ipv4/conf/all/accept_redirects": "0",  # everyone is on the link: a redirect can only be forged
    "/proc/sys/net/ipv4/conf/default/accept_redirects": "0",
    "/proc/sys/net/ipv4/ping_group_range": "0 0",  # pings without raw sockets; everybody inside has group 0
    "/proc/sys/net/ipv4/icmp_ratelimit": "0",  # every ping gets its answer, however many ask
}


class Holder(msgspec.Struct, frozen=True):
    """A node to be made."""

    name: str
    hosts: str = ""
    """What its /etc/hosts says."""
    steps: list[Step] = []
    """Done while the lab's folders are in sight; the node cannot undo what they mount."""
    later: list[Step] = []
    """Done in the node's own namespaces, so that others can undo them there."""
    writable: list[str] = []
    """Mounts that `steps` makes and that stay writable."""


class Surroundings(NamedTuple):
    """What is the same for all nodes of a lab; looked up once."""

    users: int
    """Descriptor of the nodes' user namespace."""
    visible: tuple[str, ...]
    """Mounts in the folders that every node has of its own: what a sandbox was told to keep there."""
    kernels: tuple[str, ...]
    """Files and folders of /proc by which the kernel as a whole could be changed."""


def surroundings() -> Surroundings:
    mounts = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    return Surroundings(_nodes_users(), visible_mounts(mounts), _kernels_files(Path("/proc")))


def visible_mounts(lines: Iterable[str]) -> tuple[str, ...]:
    """Of the lines of mountinfo (proc(5)): mounts below own folders, without those inside another and the lab's own."""
    found: list[str] = []
    for line in sorted(lines, key=lambda line: line.split()[4]):
        fields = line.split()
        path, source = _ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields[4]), fields[fields.index("-") + 2]
        below = any(path.startswith(f"{own}/") for own in OWN_FOLDERS)
        inside = any(path.startswith(f"{other}/") or path == other for other in (*found, _LABS_OWN))
        if below and not inside and source != "herzschlag":
            found.append(path)
    return tuple(found)


def _kernels_files(proc: Path) -> tuple[str, ...]:
    found = []
    for entry in sorted(proc.iterdir()):
        with contextlib.suppress(OSError):
            of_processes = entry.name.isdigit() or entry.is_symlink()
            if not of_processes and (entry.is_dir() or entry.stat().st_mode & 0o222):
                found.append(str(entry))
    return tuple(found)


# --- users ------------------------------------------------------------------------------------------------------------


def identical(lines: Iterable[str]) -> str:
    """A map of users or groups below the one with these lines (user_namespaces(7)), in which each keeps its number."""
    return "".join(f"{first} {first} {count}\n" for first, _, count in (line.split() for line in lines))


def _nodes_users() -> int:
    """A new user namespace, as a descriptor: it needs no process to stay."""
    there, made = os.pipe()
    wait, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go)
        with contextlib.suppress(OSError):
            syscalls.unshare(syscalls.CLONE_NEWUSER)
            os.write(made, b"y")
            os.read(wait, 1)
        os._exit(0)
    os.close(made)
    os.close(wait)
    try:
        if not os.read(there, 1):
            raise LabError(
                "the kernel makes no user namespace for the nodes: see /proc/sys/user/max_user_namespaces"
                " (sudo sysctl user.max_user_namespaces=15000)"
            )
        for kind in ("uid_map", "gid_map"):
            write(f"/proc/{pid}/{kind}", identical(Path(f"/proc/self/{kind}").read_text().splitlines()))
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(there)
        os.close(go)
        os.waitpid(pid, 0)


def hosts_file(spec: TopologySpec) -> str:
    """The text of /etc/hosts: every node by its name on the first network, and as name.A, name.B on each."""
    first, *_ = spec.networks
    lines = ["127.0.0.1 localhost"]
    for network in spec.networks:
        for node in spec.nodes:
            names = f"{node} {node}.{network}" if network == first else f"{node}.{network}"
            lines.append(f"{spec.address(node, network)} {names}")
    return "".join(f"{line}\n" for line in lines)


# --- becoming a holder ------------------------------------------------------------------------------------------------


def become(holder: Holder, around: Surroundings) -> None:
    """Make the calling process a node's first one: pid 1 of a process namespace already. Does not return."""
    os.setsid()
    syscalls.unshare(syscalls.CLONE_NEWNS)
    later = prepared(holder.later)
    _own_root(holder, around)
    syscalls.setns(around.users, syscalls.CLONE_NEWUSER)
    own = syscalls.CLONE_NEWNET | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC
    syscalls.unshare(syscalls.CLONE_NEWNS | own)
    socket.sethostname(holder.name)
    _settle_network()
    do(later)
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sleep = shutil.which("sleep") or "/bin/sleep"
    os.execv(sleep, [f"{holder.name}:", "infinity"])


def _own_root(holder: Holder, around: Surroundings) -> None:
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("proc", "/proc", "proc", _SAFE | syscalls.MS_NOEXEC)
    for path in (*around.kernels, "/proc/sys/net"):
        _bind(path, path)
    syscalls.mount("terminals", "/dev/pts", "devpts", syscalls.MS_NOSUID | syscalls.MS_NOEXEC, TERMINALS)
    do(prepared(holder.steps))
    own = _own_folders(around.visible, {"/etc/hosts": holder.hosts, "/etc/resolv.conf": ""})
    syscalls.set_mount("/", on=syscalls.MOUNT_ATTR_RDONLY, below=True)
    for path in (*_WRITABLE, *holder.writable, *own):
        syscalls.set_mount(path, off=syscalls.MOUNT_ATTR_RDONLY)


def _own_folders(visible: Iterable[str], files: Mapping[str, str]) -> list[str]:
    """Lay own folders and files over the sandbox's, in which what is visible stays so. Returns all of them."""
    opened = {path: f"/proc/self/fd/{os.open(path, os.O_PATH)}" for path in visible}
    Path(_OWN).mkdir(exist_ok=True)
    syscalls.mount("own", _OWN, "tmpfs", _SAFE, f"size={OWN_MB}m,nr_inodes={OWN_INODES_MAX},mode=755")
    own = Path(f"/proc/self/fd/{os.open(_OWN, os.O_PATH)}")  # its place is covered when /run has its turn
    there = {path: mode for path, mode in OWN_FOLDERS.items() if Path(path).is_dir()}
    for path, mode in {**there, "/etc": 0o755}.items():
        folder = own / path.strip("/").replace("/", "-")
        folder.mkdir()
        folder.chmod(mode)
        if path in there:
            _bind(str(folder), path)
    Path("/run/lock").mkdir()
    Path("/run/lock").chmod(0o1777)
    for path, source in opened.items():
        _make_place(Path(path), is_folder=Path(source).is_dir())
        syscalls.mount(source, path, None, syscalls.MS_BIND | syscalls.MS_REC)
    return [*there, *(place for path, text in files.items() if (place := _own_file(own / "etc", path, text)))]


def _own_file(folder: Path, path: str, text: str) -> str | None:
    """Where it was mounted; None: in the node's own /run, to which it is a link, or nowhere where there is none."""
    place = Path(path).resolve()
    if any(place.is_relative_to(own) for own in OWN_FOLDERS):
        _make_place(place, is_folder=False)
        place.write_text(text)
        return None
    if not place.exists():
        return None
    (folder / place.name).write_text(text)
    _bind(str(folder / place.name), str(place))
    return str(place)


def _make_place(place: Path, *, is_folder: bool) -> None:
    if is_folder:
        place.mkdir(parents=True, exist_ok=True)
    elif not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def _bind(source: str, target: str) -> None:
    syscalls.mount(source, target, None, syscalls.MS_BIND)


def _settle_network() -> None:
    """Before there is an interface, so that none ever sends an unasked packet."""
    for path, value in _SYSCTLS.items():
        with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6 has nothing to switch off
            write(path, value)
    syscalls.interface_up("lo")
