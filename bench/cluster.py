"""Cost of a whole cluster on real packets: time to a master, memory and processor time per agent.

    python -m bench.cluster [--hosts 64] [--speed 1] [--vms 1] [--without-stock] [--json FILE]

One run: lab up, agents forked, a master elected, everyone joined; then proportional set sizes (shared pages count by
how many share them) and ten seconds at rest. Beside it, what stock Mininet needs for the same topology alone, without
any agent, in the same run. Everything a lab consists of is counted, by sort of process.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.lab import measure
from herzschlag.backends.mininet.session import MininetSession
from herzschlag.history.records import SECOND, Record
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.plan import make_plan

REST_S = 10.0
READY_S_MAX = 180.0
PSS_KB_WANTED = 2048


def processes(first: int) -> Iterator[tuple[int, str]]:
    """Every process of the sandbox whose first one this is: (pid, sort)."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
                parents[int(entry.name)], names[int(entry.name)] = int(rest.split()[1]), name
    for pid in parents:
        up = pid
        while up in parents and up != first:
            up = parents[up]
        if up == first:
            yield pid, sort_of(pid, names[pid])


def sort_of(pid: int, name: str) -> str:
    if name.endswith("-fdm"):
        return "agent"
    if name.endswith("-hv"):
        return "hypervisor"
    if name.startswith("vm-"):
        return "VM"
    if name.startswith("python"):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return "controller" if b"herzschlag.controller" in words else "stage"
    return {"sleep": "holder of a node"}.get(name, name)


def pss_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def cpu_s(pid: int) -> float:
    """By the scheduler's own nanoseconds: ticks miss a process that runs a tenth of one at a time."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def sent(pid: int) -> float:
    """UDP datagrams that left the network namespace of this process."""
    names, values = (
        line.split() for line in Path(f"/proc/{pid}/net/snmp").read_text().splitlines() if line.startswith("Udp:")
    )
    return float(values[names.index("OutDatagrams")])


def datagrams(first: int) -> float:
    """All that agents and vCenter have sent: each of them is in a namespace of its own."""
    by_process = by_sort(first, sent)
    return sum(by_process.get("agent", [])) + sum(by_process.get("vcenter", []))


def by_sort(first: int, figure: Callable[[int], float]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for pid, sort in processes(first):
        with contextlib.suppress(OSError, StopIteration):
            found.setdefault(sort, []).append(figure(pid))
    return found


def cluster(hosts: int, speed: float, vms: int) -> dict[str, Any]:
    scenario = Scenario(name="bench", title="bench", cluster=Cluster(hosts=hosts, vms_per_host=vms))
    joined: set[str] = set()

    def everyone(record: Record) -> bool:
        if record.kind == "role" and record.get("to") in ("master", "slave"):
            joined.add(record.node)
        return len(joined) == hosts

    began = time.monotonic()
    with MininetSession(make_plan(scenario, speed=speed)) as session:
        session.start()
        up_s = time.monotonic() - began
        began_ns = session.now_ns()
        if not session.run_until(began_ns + round(READY_S_MAX * SECOND), everyone):
            raise SystemExit(f"{len(joined)} of {hosts} hosts have a role after {READY_S_MAX:.0f} s of protocol time")
        all_joined_s = time.monotonic() - began
        master = next(r for r in session.records() if r.kind == "role" and r.get("to") == "master")
        first = next(r for r in session.records() if r.kind == "election")
        session.run_until(session.now_ns() + round(5 * speed * SECOND))
        memory = by_sort(session.sandbox_pid, pss_kb)
        before = by_sort(session.sandbox_pid, cpu_s)
        sent_before, began_at_rest = datagrams(session.sandbox_pid), time.monotonic()
        at_rest_ns = session.now_ns()
        session.run_until(at_rest_ns + round(REST_S * speed * SECOND))
        used = {sort: sum(figures) for sort, figures in by_sort(session.sandbox_pid, cpu_s).items()}
        sent_s = (datagrams(session.sandbox_pid) - sent_before) / (time.monotonic() - began_at_rest)
        late = [r.fields for r in session.records() if r.kind == "lateness" and r.at_ns > at_rest_ns]
        timings_ms = session.timings_ms
        ending = time.monotonic()
    return {
        "up_s": up_s,
        "timings_ms": timings_ms,
        "master": master.node,
        "election_protocol_s": (master.at_ns - first.at_ns) / SECOND,
        "joined_s": all_joined_s,
        "down_s": time.monotonic() - ending,
        "pss_kb": {sort: statistics.median(figures) for sort, figures in memory.items()},
        "count": {sort: len(figures) for sort, figures in memory.items()},
        "total_mb": sum(sum(figures) for figures in memory.values()) / 1024,
        "cpu_percent": {sort: (used.get(sort, 0) - sum(before[sort])) / REST_S * 100 for sort in before},
        "datagrams_s": sent_s,
        "late_ms_max": max((fields["max_ns"] for fields in late), default=0) / 1e6,
        "late_ms_p99": max((fields["p99_ns"] for fields in late), default=0) / 1e6,
    }


def table(hosts: int, speed: float, ours: dict[str, Any], stock: dict[str, float] | None) -> str:
    lines = [
        f"{hosts} hosts with agents on two networks, speed {speed:g}",
        "",
        f"lab up, every process started   {ours['up_s']:7.2f} s",
        f"everyone joined the master      {ours['joined_s']:7.2f} s   ({ours['master']}; its election took "
        f"{ours['election_protocol_s']:.2f} s of protocol time)",
        f"down                            {ours['down_s']:7.2f} s",
    ]
    if stock is not None:
        lines.append(f"stock Mininet, no agents        {stock['up_s']:7.2f} s up, {stock['down_s']:.2f} s down")
    lines += ["", f"{'process':20}{'count':>7}{'PSS each':>12}{'CPU at rest':>14}"]
    for sort, pss in sorted(ours["pss_kb"].items(), key=lambda item: -ours["count"][item[0]]):
        percent = ours["cpu_percent"].get(sort, 0.0)
        lines.append(f"{sort:20}{ours['count'][sort]:>7}{pss / 1024:>9.2f} MB{percent:>12.1f} %")
    lines += [
        f"{'everything':20}{sum(ours['count'].values()):>7}{ours['total_mb']:>9.0f} MB"
        f"{sum(ours['cpu_percent'].values()):>12.1f} % of one core",
        "",
        f"at rest {ours['datagrams_s']:.0f} datagrams a second; timers {ours['late_ms_max']:.1f} ms late at worst",
        f"memory of an agent {ours['pss_kb']['agent'] / 1024:.2f} MB on Python {platform.python_version()} "
        f"(wanted: at most {PSS_KB_WANTED / 1024:.0f})",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=64)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--vms", type=int, default=1, help="VMs per host")
    parser.add_argument("--without-stock", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    options = parser.parse_args()
    ours = cluster(options.hosts, options.speed, options.vms)
    stock = None if options.without_stock else measure("stock", options.hosts)
    sys.stdout.write(table(options.hosts, options.speed, ours, stock) + "\n")
    if options.json is not None:
        options.json.write_text(json.dumps({"ours": ours, "stock": stock}, indent=2) + "\n")
    return 0 if ours["pss_kb"]["agent"] <= PSS_KB_WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
