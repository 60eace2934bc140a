"""Probes of the machine: its kernel, namespaces and devices, and where this process is on it.

This module decides what is tried, and that advice fits who asks: root is not told to become root, and a kernel is not
blamed where nothing could be tried, or from within a container.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from herzschlag.doctor.probe import AS_USER, Probe, by_apt, first_line, in_namespace, package_of, refused, try_command
from herzschlag.topo import environment
from herzschlag.topo.confinement import OWN_ROOT, container, in_chroot, in_wsl, namespace_fix, place, tun_fix

NODES = ("unshare", "--user", "--net", "true")
"""What a node of a lab does inside the sandbox."""


def linux() -> Probe:
    ok = sys.platform == "linux"
    where = place()
    return Probe(
        name="Linux",
        ok=ok,
        needed=True,
        purpose="labs on real packets; simulations run anywhere",
        detail=f"{platform.system()} {platform.release()}" + (f", {where}" if where else ""),
        fix="" if ok else "vagrant up, then herzschlag remote --vagrant run normal",
    )


def own_root() -> Probe:
    chroot = in_chroot()
    return Probe(
        name="own root",
        ok=not chroot,
        needed=True,
        purpose="the sealed sandbox of a lab, which takes its place",
        detail="this is a chroot" if chroot else "not a chroot",
        fix=OWN_ROOT if chroot else "",
    )


def namespaces() -> Probe:
    status, said = in_namespace(*NODES, kinds=("--net", "--mount", "--pid", "--fork"))
    fix = namespace_fix() if status else ""
    how = "without root"
    if os.geteuid() == 0:
        directly = try_command(("unshare", "--net", "true"))[0] == 0
        how = "as root" if directly else "in a user namespace, as root without CAP_SYS_ADMIN"
    return Probe(
        name="namespaces",
        ok=status == 0,
        needed=True,
        purpose="the sealed sandbox of a lab",
        detail=how if status == 0 else first_line(said),
        fix=by_apt(package_of("unshare")) if status == 127 else fix,
    )


def user_namespaces() -> Probe:
    """Whether an ordinary user may have a lab; asked as `nobody` when we are root."""
    become = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if os.geteuid() == 0 else ()
    status, said = try_command((*become, "unshare", *AS_USER, "--net", "true"))
    fix = namespace_fix() if status else ""
    if fix and os.geteuid() == 0 and "sysctl" not in fix and not in_chroot() and not container():
        fix = "labs need root on this machine"
    return Probe(
        name="user namespaces",
        ok=status == 0,
        needed=False,
        purpose="labs without root",
        detail="open to ordinary users" if status == 0 else first_line(said),
        fix=fix,
    )


def tun() -> Probe:
    device = Path("/dev/net/tun")
    detail, fix = "may be opened by every user", ""
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
        if device.stat().st_mode & 0o006 != 0o006:
            detail = "may be opened by this user, not by every user: labs need root"
    except OSError as error:
        detail, fix = f"{device}: {error.strerror}", tun_fix(error.errno or 0)
    return Probe(
        name="/dev/net/tun", ok=not fix, needed=True, purpose="Open vSwitch's own port", detail=detail, fix=fix
    )


def by_kernel(option: str) -> str:
    """How to get a part of the kernel, which is not the container's."""
    if name := container():
        return f"the kernel is the machine's, not the container's ({name}): it needs {option} there"
    if in_wsl():
        return f"WSL's own kernel is without it: one with {option}, or a VM (vagrant up)"
    return f"boot a kernel with {option} (every stock Debian kernel; vagrant up)"


def kernel_datapath() -> Probe:
    """Whether Open vSwitch may switch in the kernel. Its absence costs speed, nothing else."""
    loaded = Path("/sys/module/openvswitch").exists()
    on_disk = not loaded and try_command((environment.program("modprobe") or "modprobe", "-n", "openvswitch"))[0] == 0
    if loaded:
        detail = "kernel: module openvswitch is loaded"
    elif on_disk:
        detail = "kernel: module openvswitch is there, not loaded yet; root's first lab loads it"
    else:
        detail = f"userspace: kernel {platform.release()} has no module openvswitch"
    return Probe(
        name="switch datapath",
        ok=loaded or on_disk,
        needed=False,
        purpose="switching in the kernel; without it Open vSwitch switches in userspace",
        detail=detail,
        fix="" if loaded or on_disk else by_kernel("CONFIG_OPENVSWITCH"),
    )


def kernel_trial(name: str, purpose: str, tried: tuple[int, str], tool: str, kernel: str) -> Probe:
    """Something of the kernel, tried in vain when the tool or the kernel's part is missing."""
    status, said = tried
    fix = by_kernel(kernel) if environment.program(tool) else by_apt(package_of(tool))
    if refused(said):
        fix = "namespaces first (above): it cannot be tried without"
    detail = "works" if status == 0 else first_line(said)
    return Probe(name=name, ok=status == 0, needed=False, purpose=purpose, detail=detail, fix=fix if status else "")


def netem() -> Probe:
    tried = in_namespace("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms")
    purpose = "bad lines by the kernel; without it a relay of the lab makes them"
    return kernel_trial("sch_netem", purpose, tried, "tc", "CONFIG_NET_SCH_NETEM")


def numgen() -> Probe:
    rules = "table inet trial { chain one { numgen random mod 100 < 30 drop; }; }"
    tried = in_namespace("nft", "-f", "-", given=rules)
    purpose = "random loss and duplication by the kernel, where it has netem as well"
    return kernel_trial("nftables numgen", purpose, tried, "nft", "CONFIG_NFT_NUMGEN")
