"""The file system of a sandbox: the machine's, to read, and what the lab owns, to write.

    /                  a tmpfs of the lab's, with /run, /tmp, /local and /datastores, empty
    /proc              of its own process namespace
    /dev               the few devices that programs need, terminals and shared memory of its own: no disk is in it
    everything else    the machine's own folders, read-only with all that is mounted in them, without devices
    what is kept       as writable as it is outside, or read-only as well, wherever it lies

This file decides what the sandbox as a whole sees; what a node sees of that is in `herzschlag.topo.lab.holder`.
A read-only mount does not keep a program from connecting to a socket or opening a named pipe that lies in it, so the
folders that these lie in are new ones (/run, /tmp), and Open vSwitch's are covered.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from herzschlag.topo.kernel import syscalls

FRESH = ("proc", "run", "tmp", "dev")  # folders of the root that are made anew instead of being bound
COVERED = ("/var/run/openvswitch", "/var/log/openvswitch", "/etc/openvswitch", "/var/lib/openvswitch")
FOLDERS = ("datastores", "local")  # mount points every node finds
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "net/tun")
DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
TERMINALS = "newinstance,ptmxmode=0666,mode=620"
_NEW_ROOT = "/tmp"  # any folder every Linux has: only our mount namespace sees the tmpfs mounted on it
_OLD_ROOT = ".old-root"
_TMPFS = "size=75%,mode=755"
_SAFE = syscalls.MS_NOSUID | syscalls.MS_NODEV
_MACHINES = syscalls.MOUNT_ATTR_RDONLY | syscalls.MOUNT_ATTR_NODEV


def make_root(keep: Iterable[tuple[str, bool]]) -> None:
    """Give the calling process, in a mount namespace of its own, the new root. `keep`: each path, and whether it may be
    written to."""
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    # Opened before the new root covers the folder some of them are in, so that they stay reachable by descriptor.
    kept = [(path, os.open(path, os.O_PATH), writable) for path, writable in keep if os.path.exists(path)]  # noqa: PTH110
    syscalls.mount("herzschlag", _NEW_ROOT, "tmpfs", _SAFE, _TMPFS)
    root = Path(_NEW_ROOT)
    for entry in list(Path("/").iterdir()):
        _bind_top(entry, root)
    for name in (*FRESH, *FOLDERS, _OLD_ROOT):
        (root / name).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    syscalls.mount("proc", str(root / "proc"), "proc", _SAFE | syscalls.MS_NOEXEC)
    _make_devices(root / "dev")
    for covered in COVERED:
        _cover(root, covered)
    for path, descriptor, writable in sorted(kept):
        target = root / path.lstrip("/")
        _bind(f"/proc/self/fd/{descriptor}", target, os.fstat(descriptor).st_mode)
        if not writable:
            syscalls.set_mount(str(target), on=_MACHINES, below=True)
    os.chdir(root)
    syscalls.pivot_root(".", _OLD_ROOT)
    os.chdir("/")
    syscalls.unmount(f"/{_OLD_ROOT}")
    os.rmdir(f"/{_OLD_ROOT}")  # noqa: PTH106
    for _, descriptor, _ in kept:
        os.close(descriptor)


def _bind_top(entry: Path, root: Path) -> None:
    """Give the new root the same top-level entry: links as links, everything else as a read-only bind mount."""
    if entry.name in FRESH or entry.name in FOLDERS:
        return
    mode = entry.lstat().st_mode
    if stat.S_ISLNK(mode):
        (root / entry.name).symlink_to(entry.readlink())
    elif stat.S_ISDIR(mode) or stat.S_ISREG(mode):
        try:
            _bind(str(entry), root / entry.name, mode)
        except PermissionError:  # a folder that only the machine's root may see: left out
            return
        syscalls.set_mount(str(root / entry.name), on=_MACHINES, below=True)


def _bind(source: str, target: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    syscalls.mount(source, str(target), None, syscalls.MS_BIND | syscalls.MS_REC)


def _make_devices(folder: Path) -> None:
    syscalls.mount("devices", str(folder), "tmpfs", syscalls.MS_NOSUID, "size=1m,mode=755")
    for name in DEVICES:
        device = Path("/dev") / name
        with contextlib.suppress(FileNotFoundError):  # which the lab says when it needs it
            _bind(str(device), folder / name, device.stat().st_mode)
    for name, target in DEVICE_LINKS.items():
        (folder / name).symlink_to(target)
    (folder / "pts").mkdir()
    (folder / "shm").mkdir()
    syscalls.mount("terminals", str(folder / "pts"), "devpts", syscalls.MS_NOSUID | syscalls.MS_NOEXEC, TERMINALS)
    syscalls.mount("herzschlag", str(folder / "shm"), "tmpfs", _SAFE, "size=75%,mode=1777")
    syscalls.set_mount(str(folder), on=syscalls.MOUNT_ATTR_RDONLY)


def _cover(root: Path, path: str) -> None:
    """Cover a folder of the machine with an empty one; one that does not exist needs none."""
    target = root / path.lstrip("/")
    if target.resolve().is_relative_to(root) and target.is_dir():
        syscalls.mount("herzschlag", str(target), "tmpfs", _SAFE | syscalls.MS_RDONLY, "size=1m,mode=755")
