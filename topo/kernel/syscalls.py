"""The few system calls that Python 3.11 lacks, by their libc names: namespaces, mounts, process attributes.

Only translation and error texts live here; which call is made when is left to `launcher`, `spawner` and `lab`.
Sources: unshare(2), setns(2), mount(2), umount2(2), mount_setattr(2), open_tree(2), move_mount(2), pivot_root(2),
prctl(2), namespaces(7), netdevice(7), ethtool.h, if_tun.h.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2
MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NODEV = 0x4

_PR_SET_PDEATHSIG = 1
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_SYS_OPEN_TREE, _SYS_MOVE_MOUNT, _SYS_MOUNT_SETATTR = 428, 429, 442  # these and the next: the same on every machine
_SYS_CLONE3, _SYS_PIDFD_GETFD = 435, 438
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH = 0x1, 0x4
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_SIOCETHTOOL = 0x8946
_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
_IFF_UP = 0x1
_ETHTOOL_STXCSUM = 0x17

_libc = ctypes.CDLL(None, use_errno=True)
_libc_holding_the_lock = ctypes.PyDLL(None, use_errno=True)  # for a call that returns twice


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    _checked(_libc.unshare(ctypes.c_int(flags)), f"unshare({flags:#x})")


def fork_into(flags: int) -> int:
    """Fork the child into new namespaces, leaving the caller's as they are, as fork(2) returns.

    After unshare(CLONE_NEWPID) a process can start no threads. Only for a process without threads: the child goes on
    in the middle of everything, without Python's own preparations.
    """
    exit_signal = 17  # SIGCHLD
    arguments = struct.pack("=8Q", flags, 0, 0, 0, exit_signal, 0, 0, 0)
    result = int(_libc_holding_the_lock.syscall(ctypes.c_long(_SYS_CLONE3), arguments, len(arguments)))
    if result < 0:
        _checked(result, f"clone3({flags:#x})")
    return result


def setns(descriptor: int, kind: int) -> None:
    _checked(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)), f"setns({kind:#x})")


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )
    _checked(result, f"mount({source} on {target})")


def unmount(target: str, flags: int = MNT_DETACH) -> None:
    _checked(_libc.umount2(os.fsencode(target), ctypes.c_int(flags)), f"umount({target})")


def set_mount(target: str, *, on: int = 0, off: int = 0, below: bool = False) -> None:
    """Switch attributes (MOUNT_ATTR_…) of a mount, with `below` also of all mounts in it; its others stay."""
    attributes = struct.pack("=4Q", on, off, 0, 0)  # struct mount_attr
    flags = ctypes.c_uint(_AT_RECURSIVE if below else 0)
    path = os.fsencode(target)
    result = _libc.syscall(ctypes.c_long(_SYS_MOUNT_SETATTR), _AT_FDCWD, path, flags, attributes, len(attributes))
    _checked(int(result), f"mount_setattr({target})")


def clone_mount(source: str) -> int:
    """A copy of a mount that is mounted nowhere yet, for `attach_mount` in any mount namespace."""
    flags = ctypes.c_uint(_OPEN_TREE_CLONE | os.O_CLOEXEC)
    result = int(_libc.syscall(ctypes.c_long(_SYS_OPEN_TREE), _AT_FDCWD, os.fsencode(source), flags))
    if result < 0:
        _checked(result, f"open_tree({source})")
    return result


def attach_mount(descriptor: int, target: str) -> None:
    flags = ctypes.c_uint(_MOVE_MOUNT_F_EMPTY_PATH)
    move, path = ctypes.c_long(_SYS_MOVE_MOUNT), os.fsencode(target)
    _checked(int(_libc.syscall(move, descriptor, b"", _AT_FDCWD, path, flags)), f"move_mount({target})")


def pivot_root(new_root: str, put_old: str) -> None:
    machine = os.uname().machine
    number = _SYS_PIVOT_ROOT.get(machine)
    if number is None:
        raise OSError(f"pivot_root: its number on {machine} is unknown: add it to topo/kernel/syscalls.py")
    result = _libc.syscall(ctypes.c_long(number), os.fsencode(new_root), os.fsencode(put_old))
    _checked(int(result), f"pivot_root({new_root})")


def pidfd_getfd(pid: int, number: int) -> int:
    """A descriptor of our own for what another process has open."""
    process = os.pidfd_open(pid)
    try:
        result = int(_libc.syscall(ctypes.c_long(_SYS_PIDFD_GETFD), process, number, 0))
    finally:
        os.close(process)
    if result < 0:
        _checked(result, f"pidfd_getfd({pid}, {number})")
    return result


def die_with_parent(signal_number: int) -> None:
    """Ask for a signal when the parent (its thread that forked us) ends. It may have ended before: check after this."""
    result = _libc.prctl(ctypes.c_int(_PR_SET_PDEATHSIG), ctypes.c_ulong(signal_number), 0, 0, 0)
    _checked(result, "prctl(PR_SET_PDEATHSIG)")


def bind_packets_of_all_interfaces(end: socket.socket, protocol: int) -> None:
    """Have a packet socket see a protocol on every interface, later ones included; `bind` wants a name of one."""
    address = struct.pack("=HHiHBB8x", socket.AF_PACKET, socket.htons(protocol), 0, 0, 0, 0)  # struct sockaddr_ll
    _checked(_libc.bind(ctypes.c_int(end.fileno()), address, len(address)), "bind(AF_PACKET)")


def interface_up(name: str) -> None:
    """Bring up an interface of the calling thread's network namespace; for the loopback before netlink is at hand."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as handle:
        request = struct.pack("16sH14x", name.encode(), 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(handle, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), flags | _IFF_UP))


def open_tap(name: str) -> int:
    """Make a TAP interface in the calling thread's network namespace, up, for as long as its descriptor is open."""
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
        interface_up(name)
    except OSError:
        os.close(tap)
        raise
    return tap


def transmit_checksums_off(names: tuple[str, ...]) -> None:
    """Make the kernel write checksums itself on these interfaces of the calling thread's network namespace.

    The userspace switch passes packets on as they are, unfinished checksums included, and receivers drop those.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as handle:
        for name in names:
            value = ctypes.create_string_buffer(struct.pack("II", _ETHTOOL_STXCSUM, 0))
            request = struct.pack("16sP16x", name.encode(), ctypes.addressof(value))
            fcntl.ioctl(handle, _SIOCETHTOOL, request)
