"""What this process is confined to: a chroot, a container, WSL; and what helps where namespaces are refused in it.

This module decides how each is recognised and which advice fits who asks. That something is refused is found out by
trying (`sandbox/trial.py`, the doctor). Standard library only: the doctor runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

_SWITCHES = {
    "kernel/unprivileged_userns_clone": ("0", "sysctl kernel.unprivileged_userns_clone=1"),
    "kernel/apparmor_restrict_unprivileged_userns": ("1", "sysctl kernel.apparmor_restrict_unprivileged_userns=0"),
    "user/max_user_namespaces": ("0", "sysctl user.max_user_namespaces=15000"),
}
"""Below /proc/sys: the value that closes user namespaces, and the command that opens them."""
_MARKS = {".dockerenv": "Docker", "run/.containerenv": "Podman"}
OWN_ROOT = "labs need a root of their own: systemd-nspawn -D DIRECTORY, or podman run --privileged --rootfs DIRECTORY"


def sudo(command: str) -> str:
    """The command as who asks has to type it."""
    return command if os.geteuid() == 0 else f"sudo {command}"


def in_chroot(proc: Path = Path("/proc"), root: Path = Path("/")) -> bool:
    """Whether this root is a folder of another one: nothing is mounted at it, or the machine's first process, which
    sees the same mounts, has another. Of the first process only root may know. A chroot inside a mount namespace of
    its own, bound onto itself, is not seen; there the trial fails."""
    with contextlib.suppress(OSError):
        mounts = (proc / "self/mountinfo").read_text(errors="surrogateescape").splitlines()
        if mounts and not any(line.split()[4] == "/" for line in mounts):
            return True
    with contextlib.suppress(OSError):
        if (proc / "1/ns/mnt").readlink() == (proc / "self/ns/mnt").readlink():
            return not os.path.samestat((proc / "1/root").stat(), root.stat())
    return False


def container(root: Path = Path("/")) -> str:
    """What kind of container this is, as it says itself; empty outside."""
    for mark, name in _MARKS.items():
        if (root / mark).exists():
            return name
    with contextlib.suppress(OSError):
        return (root / "run/systemd/container").read_text().strip()
    return os.environ.get("container", "")  # noqa: SIM112 (its name, by convention, is in small letters)


def in_wsl(proc: Path = Path("/proc")) -> bool:
    with contextlib.suppress(OSError):
        return "microsoft" in (proc / "sys/kernel/osrelease").read_text().lower()
    return False


def place() -> str:
    """Where this process is, in a few words; empty on a machine of its own."""
    if in_chroot():
        return "in a chroot"
    if name := container():
        return f"in a container ({name})"
    return "in WSL" if in_wsl() else ""


def namespace_fix(proc: Path = Path("/proc")) -> str:
    """What to do where this user was refused namespaces."""
    if in_chroot():
        return OWN_ROOT
    for path, (closed, command) in _SWITCHES.items():
        with contextlib.suppress(OSError):
            if (proc / "sys" / path).read_text().strip() == closed:
                return sudo(command)
    if container():
        return "start the container with --privileged (docs/install.md names fewer rights that do)"
    if os.geteuid() == 0:
        return "run it where root may make namespaces: no program may have taken CAP_SYS_ADMIN and unshare(2) away"
    return "run it as root"


def tun_fix(trouble: int) -> str:
    """What to do where /dev/net/tun cannot be opened, by the error's number."""
    device = "/dev/net/tun"
    if trouble == errno.EACCES:  # the file's own mode
        return sudo(f"chmod 0666 {device}") + ("" if os.geteuid() == 0 else ", or run it as root")
    if container():
        return f"start the container with --device {device}"
    return sudo("modprobe tun") if trouble != errno.EPERM else "run it where this device is allowed"
