"""Requirements beside the kernel: each program, library and Python package, its purpose, and the package that has it.

The one list. `kernel/probes.py` reads what labs need before a lab starts, `herzschlag doctor` shows all of it; tests
hold setup/debian/lab.txt and pyproject.toml to it. Standard library only: the doctor runs before anything is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["program", "library", "python"]
NeededBy = Literal["everything", "labs", "some", "people"]


@dataclass(frozen=True, slots=True)
class Requirement:
    name: str
    """Of a program on the search path, a shared library, or a Python distribution."""
    kind: Kind
    package: str
    """What brings it: a package of Debian, or what pip is asked for."""
    needed_by: NeededBy
    """`everything` and `labs`: no lab on real packets starts without it. `some`: what `purpose` says is lost.
    `people`: this project's users and tests call it, its code does not."""
    purpose: str
    version: str = ""
    """The option with which a program says its version, for the doctor to show."""

    @property
    def for_labs(self) -> bool:
        return self.needed_by in ("everything", "labs")


_OVS = "openvswitch-switch"

REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement("msgspec", "python", "msgspec>=0.19", "everything", "settings, scenarios, records"),
    Requirement("typer", "python", "typer>=0.15", "everything", "the command line"),
    Requirement("rich", "python", "rich>=13.9", "everything", "tables in the terminal"),
    Requirement("plotly", "python", "plotly>=6.0", "some", "figures of report.html"),
    Requirement("mininet", "python", "mininet==2.3.0.dev6", "labs", "nodes of a lab"),
    Requirement("pyroute2", "python", "pyroute2>=0.9.1", "labs", "links and addresses of a lab"),
    Requirement("mnexec", "program", "mininet", "labs", "enters the nodes' namespaces"),
    Requirement("ovs-vswitchd", "program", _OVS, "labs", "the switches of networks A and B", "--version"),
    Requirement("ovsdb-server", "program", _OVS, "labs", "their private database"),
    Requirement("ovsdb-tool", "program", _OVS, "labs", "makes that database"),
    Requirement("ovs-vsctl", "program", _OVS, "labs", "their configuration"),
    Requirement("ovs-ofctl", "program", _OVS, "labs", "shows the rules of a switch"),
    Requirement("ip", "program", "iproute2", "labs", "duplicate addresses and lost routes inside a node", "-Version"),
    Requirement("unshare", "program", "util-linux", "labs", "tries what the kernel can, in namespaces of its own"),
    Requirement("nsenter", "program", "util-linux", "labs", "runs a command inside a node"),
    Requirement("setpriv", "program", "util-linux", "labs", "ends that command together with its node"),
    Requirement("setsid", "program", "util-linux", "labs", "gives that command a terminal of its own"),
    Requirement("libnftables.so.1", "library", "nftables", "labs", "packet filters of the nodes"),
    Requirement("tc", "program", "iproute2", "some", "tries whether the kernel can delay packets"),
    Requirement("nft", "program", "nftables", "some", "tries whether the kernel can lose packets at random"),
    Requirement("ping", "program", "iputils-ping", "people", "a second opinion on reachability"),
    Requirement("ps", "program", "procps", "people", "looking for processes left behind"),
    Requirement("dumpcap", "program", "wireshark-common", "people", "captures beside the lab's own", "--version"),
    Requirement("tshark", "program", "tshark", "people", "reading captures with our dissector", "--version"),
    Requirement("chromium", "program", "chromium", "people", "browser tests"),
    Requirement(
        "keepalived", "program", "keepalived", "people", 'runs with [cluster] system = "keepalived"', "--version"
    ),
    Requirement("etcd", "program", "etcd-server", "people", 'runs with [cluster] system = "etcd"', "--version"),
    Requirement("corosync", "program", "corosync", "people", 'runs with [cluster] system = "corosync"', "-v"),
    Requirement("serf", "program", "serf", "people", 'runs with [cluster] system = "serf"', "version"),
    Requirement("ucarp", "program", "ucarp", "people", 'runs with [cluster] system = "ucarp"', ""),
    Requirement("/usr/lib/frr/bfdd", "program", "frr", "people", 'runs with [cluster] system = "frr-bfd"', "--version"),
    *(
        Requirement(name, "program", package, "people", 'runs with [cluster] system = "redis-sentinel"', "--version")
        for name, package in (
            ("redis-server", "redis-server"),
            ("redis-sentinel", "redis-sentinel"),
            ("redis-cli", "redis-tools"),
        )
    ),
    Requirement(
        "pacemakerd", "program", "pacemaker", "people", 'runs with [cluster] system = "pacemaker"', "--version"
    ),
    Requirement(
        "/usr/lib/ocf/resource.d/heartbeat/IPaddr2",
        "program",
        "resource-agents",
        "people",
        'runs with [cluster] system = "pacemaker"',
    ),
    *(
        Requirement(name, "program", package, "people", 'runs with [cluster] system = "patroni"', "--version")
        for name, package in (("patroni", "patroni"), ("/usr/lib/postgresql/*/bin/postgres", "postgresql"))
    ),
    Requirement(
        "/usr/lib/python3/dist-packages/etcd/client.py",
        "program",
        "python3-etcd",
        "people",
        'runs with [cluster] system = "patroni"',
    ),
    Requirement("starlette", "python", "starlette>=0.45", "some", "the live page"),
    Requirement("uvicorn", "python", "uvicorn>=0.34", "some", "the live page"),
    Requirement("paramiko", "python", "paramiko>=3.5", "some", "herzschlag remote"),
    Requirement("pytest", "python", "pytest>=8.3", "some", "tests of your own"),
)
"""In the order in which one would fix what is missing. The controller framework is not in it: either of two will do,
and the package `controller` knows which."""
