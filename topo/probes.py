"""What the running kernel offers a lab, found by trying. A person's view of it all is `herzschlag doctor`.

This file answers the few questions that decide how a lab is built or a fault is done; each costs milliseconds.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import socket
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from topo.environment import program

_GENERIC, _CONTROLLER_FAMILY, _REQUEST, _ACK = 16, 16, 0x1, 0x4
_GET_FAMILY, _FAMILY_NAME = 3, 2
_TRIAL_S_MAX = 10
_PROGRAMS = {
    "ovs-vswitchd": "openvswitch-switch",
    "ovsdb-server": "openvswitch-switch",
    "ovsdb-tool": "openvswitch-switch",
    "ovs-vsctl": "openvswitch-switch",
    "mnexec": "mininet",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
}


_PACKAGES = {"mininet": "mininet==2.3.0.dev6", "pyroute2": "pyroute2"}
"""What labs are made with beside the project's own packages: the extra `lab`."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Something without which no lab can run here, and the command that gets it."""

    what: str
    fix: str


def missing_for_a_lab() -> list[Missing]:
    """What this machine lacks, without starting anything. Namespaces are proved by starting a sandbox."""
    found = [
        Missing(f"the program {name}", f"sudo apt-get install {package}")
        for name, package in _PROGRAMS.items()
        if program(name) is None
    ]
    found += [
        Missing(f"the Python package {name}", f"pip install '{wanted}' (the extra `lab` has it)")
        for name, wanted in _PACKAGES.items()
        if importlib.util.find_spec(name) is None
    ]
    tun = Path("/dev/net/tun")
    if not tun.exists():
        found.append(Missing("/dev/net/tun", "sudo modprobe tun"))
    elif not _opens(tun):
        found.append(Missing("/dev/net/tun for this user", "sudo chmod 0666 /dev/net/tun, or run it as root"))
    return found


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


def _opens(path: Path) -> bool:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return False
    return True
