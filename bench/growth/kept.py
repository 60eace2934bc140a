"""What labs of different sizes cost: the figures of docs/growth.json. Pure but for reading and writing that file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from bench.evidence import runs

FILE = Path(__file__).resolve().parents[2] / "docs" / "growth.json"


class Lab(msgspec.Struct, frozen=True, kw_only=True):
    """One lab, measured once."""

    hosts: int
    speed: float
    date: str
    machine: str
    up_s: float
    """Until every process is started."""
    joined_s: float
    """Until the last host follows the master, from the start of the lab."""
    agent_mb: float
    """Median of the proportional set sizes of agents."""
    total_mb: float
    """Of everything a lab consists of."""
    cpu_percent: float
    """Of one core, at rest, everything together."""
    agents_cpu_percent: float
    """Of one core, at rest: agents alone."""
    switch_cpu_percent: float
    """Of one core, at rest: ovs-vswitchd, which forwards in the userspace datapath."""
    datagrams_s: float
    """At rest, sent by agents and vCenter."""
    late_ms_p99: float
    """Highest 99th percentile of any process's timers, at rest, real time."""
    late_ms_max: float


class Growth(msgspec.Struct, frozen=True):
    labs: tuple[Lab, ...] = ()


def lab_of(hosts: int, speed: float, found: dict[str, Any]) -> Lab:
    """From what bench.cluster measured."""
    percent = found["cpu_percent"]
    return Lab(
        hosts=hosts,
        speed=speed,
        date=runs.today(),
        machine=runs.machine(),
        up_s=round(found["up_s"], 2),
        joined_s=round(found["joined_s"], 2),
        agent_mb=round(found["pss_kb"]["agent"] / 1024, 2),
        total_mb=round(found["total_mb"]),
        cpu_percent=round(sum(percent.values()), 1),
        agents_cpu_percent=round(percent["agent"], 1),
        switch_cpu_percent=round(percent.get("ovs-vswitchd", 0.0), 1),
        datagrams_s=round(found["datagrams_s"]),
        late_ms_p99=round(found["late_ms_p99"], 1),
        late_ms_max=round(found["late_ms_max"], 1),
    )


def read(file: Path = FILE) -> tuple[Lab, ...]:
    """Raises OSError, or msgspec.MsgspecError for a file that is not ours."""
    return msgspec.json.decode(file.read_bytes(), type=Growth).labs if file.exists() else ()


def write(labs: Iterable[Lab], file: Path = FILE) -> None:
    in_order: list[Lab] = sorted(labs, key=lambda lab: (lab.speed, lab.hosts))
    runs.write(file, Growth(), in_order)


def with_new(old: Iterable[Lab], new: Lab) -> tuple[Lab, ...]:
    """The newest measurement of each size and speed."""
    return (*(lab for lab in old if (lab.hosts, lab.speed) != (new.hosts, new.speed)), new)
