"""Probes what the running kernel offers a lab, by trying. `herzschlag doctor` shows all of it to a user.

This file answers the few questions that decide how a lab is built or a fault is done; each costs milliseconds.
"""

from __future__ import annotations

import errno
import functools
import importlib.util
import os
import socket
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from herzschlag.topo.confinement import OWN_ROOT, in_chroot, sudo, tun_fix
from herzschlag.topo.environment import library_loads, program
from herzschlag.topo.errors import UnusableMachineError
from herzschlag.topo.requirements import REQUIREMENTS, Requirement

_GENERIC, _CONTROLLER_FAMILY, _REQUEST, _ACK = 16, 16, 0x1, 0x4
_GET_FAMILY, _FAMILY_NAME = 3, 2
_TRIAL_S_MAX = 10


@dataclass(frozen=True, slots=True)
class Missing:
    """Something without which no lab can run here, and the command that gets it."""

    what: str
    fix: str


def _pip(package: str) -> str:
    return f"pip install '{package}' (the extra `lab` has it)"


def missing_for_a_lab() -> list[Missing]:
    """What this machine lacks, without starting anything. Namespaces are proved by starting a sandbox."""
    absent = (_absent(requirement) for requirement in REQUIREMENTS if requirement.needed_by == "labs")
    found = [missing for missing in absent if missing is not None]
    if in_chroot():
        found.append(Missing("a root directory of its own (this is a chroot)", OWN_ROOT))
    tun = Path("/dev/net/tun")
    if (trouble := _trouble_with(tun)) is not None:
        found.append(Missing(str(tun) if trouble == errno.ENOENT else f"{tun} for this user", tun_fix(trouble)))
    return found


def _absent(requirement: Requirement) -> Missing | None:
    name, package = requirement.name, requirement.package
    match requirement.kind:
        case "program" if program(name) is None:
            return Missing(f"the program {name}", sudo(f"apt-get install {package}"))
        case "library" if not library_loads(name):
            return Missing(f"the library {name}", sudo(f"apt-get install {package}"))
        case "python" if importlib.util.find_spec(name) is None:
            return Missing(f"the Python package {name}", _pip(package))
    return None


def _package_of(name: str) -> str:
    return next(requirement.package for requirement in REQUIREMENTS if requirement.name == name)


def mininet_unusable(because: str) -> UnusableMachineError:
    """For a package of that name which is there and does not do what Mininet does."""
    return UnusableMachineError(f"a Mininet that makes labs ({because})", fix=_pip(_package_of("mininet")))


def kernel_datapath_present() -> bool:
    """Ask the kernel for the openvswitch module's netlink family; asking loads the module where it is installed."""
    name = b"ovs_datapath\0"
    attribute = struct.pack("=HH", 4 + len(name), _FAMILY_NAME) + name
    attribute += b"\0" * (-len(attribute) % 4)
    body = struct.pack("=BBxx", _GET_FAMILY, 1) + attribute
    header = struct.pack("=IHHII", 16 + len(body), _CONTROLLER_FAMILY, _REQUEST | _ACK, 1, 0)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _GENERIC) as netlink:
            netlink.settimeout(_TRIAL_S_MAX)
            netlink.send(header + body)
            answer = netlink.recv(65536)
    except OSError:
        return False
    return bool(struct.unpack_from("=H", answer, 4)[0] == _CONTROLLER_FAMILY)


@functools.cache
def missing_for_delays() -> tuple[str, ...]:
    """Kernel modules without which no packet is delayed, each tried on the loopback of a network namespace that
    vanishes with the trial."""
    tc = program("tc") or "tc"
    htb = "qdisc add dev lo root handle 1: htb"
    u32 = f"{htb}\nfilter add dev lo parent 1: protocol ip pref 1 u32 match ip dst 192.0.2.1 flowid 1:1"
    trials = (("sch_htb", htb), ("cls_u32", u32), ("sch_netem", "qdisc add dev lo root netem delay 1ms"))
    return tuple(name for name, lines in trials if not _tried("unshare", "--net", tc, "-batch", "-", text=lines))


def _tried(*argv: str, text: str) -> bool:
    try:
        tried = subprocess.run(
            argv, input=text + "\n", text=True, capture_output=True, timeout=_TRIAL_S_MAX, check=False
        )
        return tried.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _trouble_with(device: Path) -> int | None:
    """The error number with which it cannot be opened; None when it can."""
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return error.errno or errno.EIO
    return None
