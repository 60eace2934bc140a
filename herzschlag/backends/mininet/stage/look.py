"""A lab's state without trusting its records: networks, packet filters, switches, mounts, processes, files.

This module decides what is looked at, and what of it changes by itself in a lab at rest and is left out: counters,
ages, the contents of files, short-lived files. Two looks that are equal mean that nothing was left behind in between by
those who went into the lab on their own. It leaves judging to its caller.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from herzschlag.topo.impairments.relaying import NAME as RELAY_PROCESS
from herzschlag.topo.lab.lab import Lab
from herzschlag.topo.spec import TopologySpec

LOOK_S_MAX = 20.0
_IN_A_NODE = (
    "ip -oneline address show; ip -oneline link show; ip route show table all; ip neighbour show nud permanent; "
    "tc qdisc show; tc filter show; nft --stateless list ruleset"
)
_OF_THE_RELAY = re.compile(r"\d+: relay[AB]: ")
_PASSING = re.compile(r"\.tmp\b|\.new\b|^\.nfs|~$|\.lck$|\.apd$")
"""Names of files that come and go by themselves."""


def look(spec: TopologySpec, lab: Lab) -> dict[str, str]:
    """Every place with its content, as text that stays the same as long as nothing is changed."""
    lab.impairments.settle()
    asked = {
        f"network of {node}": subprocess.Popen(
            ["nsenter", f"--net={lab.netns(node)}", "--", "sh", "-c", _IN_A_NODE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for node in spec.nodes
    }
    seen = {place: _without_relay(process.communicate(timeout=LOOK_S_MAX)[0]) for place, process in asked.items()}
    for network in spec.networks:
        flows = lab.switches.flows(network, "dump-flows", "--no-stats")
        ports = lab.switches.flows(network, "dump-ports-desc")
        seen[f"switch {network}"] = "\n".join([*sorted(_lines(flows)), *_lines(ports)])
    for node in spec.nodes:
        seen[f"mounts of {node}"] = _mounts(lab.pid(node)) if lab.powered(node) else "off"
    for datastore in spec.datastores:
        seen[f"files of {datastore.name}"] = "\n".join(_files(lab.datastore_path(datastore.name)))
    seen["processes"] = _processes()
    return seen


def _without_relay(text: str) -> str:
    """The relay of bad lines comes with the first of them and stays, and does nothing without one."""
    return "".join(line for line in text.splitlines(keepends=True) if not _OF_THE_RELAY.match(line))


def _lines(text: str) -> list[str]:
    """The text without the head line, which counts requests."""
    return [line.strip() for line in text.splitlines() if " reply " not in line and "_REPLY" not in line]


def _mounts(pid: int) -> str:
    """The mounts of a process without their numbers, which are this machine's."""
    lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    return "\n".join(" ".join(line.split()[3:6]) for line in lines)


def _files(folder: Path) -> Iterable[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not _PASSING.search(path.name))


def _processes() -> str:
    """All processes by name; those that are just ending are left out."""
    names = Counter(one.name for one in processes() if one.state not in "ZX" and one.name != RELAY_PROCESS)
    return "\n".join(f"{count} {name}" for name, count in sorted(names.items()))


class Process(NamedTuple):
    """What proc(5) says of a process."""

    folder: Path
    pid: int
    name: str
    state: str
    """One letter."""
    parent: int


def processes(proc: Path = Path("/proc")) -> Iterator[Process]:
    """All of this process namespace; one that ends meanwhile is left out."""
    for folder in proc.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
                state, parent = rest.split()[:2]
                yield Process(folder, int(folder.name), name, state, int(parent))
