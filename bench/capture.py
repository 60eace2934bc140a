"""Cost of a capture: our recorder beside dumpcap on the same traffic, and a run of 64 hosts with it and without.

    python -m bench.capture [--hosts 64] [--rate 4000] [--seconds 5] [--speed 1] [--rounds 3] [--only runs] [--json F]

Recorders: in a lab of that many hosts, datagrams cross a switch at that rate; the file must hold each of them twice,
where it entered and where it left. CPU time is the recording process's own, start and end included. dumpcap is asked
once for every port by name, which alone gives interfaces with names, and once for the pseudo interface `any`.
Runs: `slave-failure` with that many hosts, at that speed, captured and not: verdicts and instants must be the same. A
run for which the machine was too slow, as its checker of lateness says, proves nothing and is repeated.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from herzschlag.topo.capture import capture, pcapng
from herzschlag.topo.catalog import two_networks
from herzschlag.topo.sandbox.sandbox import Sandbox
from herzschlag.topo.spec import HostSpec, TopologySpec, switch_interface

CHECKOUT = Path(__file__).resolve().parent.parent
FILTER = "icmp or udp port 8182 or (udp and ip[6:2] & 0x1fff != 0)"
START_S_MAX = 30.0
SETTLE_S = 1.0
BOTH_SIGHTS = 2
PAYLOAD = b"x" * 121
"""As long as a heartbeat."""
MOST = len(PAYLOAD) + 62
"""Ethernet or cooked header, IP, UDP."""
SENDER = """
import socket, sys, time
address, rate, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
began, sent = time.monotonic(), 0
while (passed := time.monotonic() - began) < seconds:
    while sent < passed * rate:
        end.sendto(b"x" * 121, (address, 8182))
        sent += 1
    time.sleep(0.002)
print(sent)
"""


# --- recorders, inside the sandbox ------------------------------------------------------------------------------------


def ours(spec: TopologySpec, file: Path) -> Callable[[], None]:
    with file.open("wb", buffering=0) as out:
        recorder = capture.Recorder.start(out, time.time_ns() - time.monotonic_ns(), out)
    line = capture.begin(spec, os.dup(recorder.line), "heartbeats")
    recorder.passed()

    def end() -> None:
        line.close()
        recorder.wait()

    return end


def dumpcap(ports: list[str], file: Path) -> Callable[[], None]:
    wanted = [word for port in ports for word in ("-i", port)]
    command = ["dumpcap", "-q", "-f", FILTER, "-B", "1", *wanted, "-w", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + START_S_MAX
    while not file.exists() or not file.stat().st_size:
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"dumpcap does not capture on {len(ports)} interfaces: {' '.join(command[:8])} …")
        time.sleep(0.05)
    time.sleep(SETTLE_S)

    def end() -> None:
        time.sleep(SETTLE_S)  # it hands packets on in its own time
        process.send_signal(signal.SIGINT)
        process.wait()

    return end


def record(tool: str, hosts: int, rate: float, seconds: float) -> dict[str, Any]:
    from herzschlag.topo.lab.lab import Lab  # noqa: PLC0415 (Mininet: inside the sandbox only)

    with Lab(two_networks(hosts)) as lab:
        for network in lab.spec.networks:
            lab.switches.flows(network, "add-flow", "actions=NORMAL")
        first, last = lab.spec.moids[0], lab.spec.moids[-1]
        lab.popen(first, ["ping", "-c", "1", lab.spec.address(last, "A")], stdout=subprocess.DEVNULL).wait()
        file = Path("/run/capture.pcapng")
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        starts: dict[str, Callable[[], Callable[[], None]]] = {
            "recorder": lambda: ours(lab.spec, file),
            "dumpcap -i any": lambda: dumpcap(["any"], file),
            "dumpcap -i port …": lambda: dumpcap(
                [switch_interface(node, network) for network in lab.spec.networks for node in lab.spec.nodes], file
            ),
        }
        end = starts[tool]()
        sender = [sys.executable, "-c", SENDER, lab.spec.address(last, "A"), str(rate), str(seconds)]
        sent, own = _with_usage(lab.popen(first, sender, stdout=subprocess.PIPE))
        end()
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        used_s = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime - own
        # "any" frames are cooked: the payload alone is the same everywhere; errors quote it and are longer
        kept = sum(packet.data.endswith(PAYLOAD) and len(packet.data) < MOST for packet in pcapng.read(file).packets)
        return {"tool": tool, "sent": sent, "kept": kept, "cpu_s": round(used_s, 3)}


def _with_usage(process: Any) -> tuple[int, float]:
    """What the sender printed, and its own CPU time."""
    printed = process.stdout.read()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int(printed), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def recorders(hosts: int, rate: float, seconds: float) -> list[dict[str, Any]]:
    found = []
    for tool in ("recorder", "dumpcap -i any", "dumpcap -i port …"):
        with tempfile.TemporaryFile() as output:
            words = ["--inside", tool, "--hosts", str(hosts), "--rate", str(rate), "--seconds", str(seconds)]
            sandbox = Sandbox.start(
                [sys.executable, "-m", "bench.capture", *words],
                env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
                stdout=output,
                keep=[CHECKOUT],
            )
            code = sandbox.wait(300)
            output.seek(0)
            if code:
                print(f"  {tool}: failed with status {code}")
                continue
            found.append(json.loads(output.read()))
    return found


# --- runs -------------------------------------------------------------------------------------------------------------


def runs(hosts: int, speed: float, rounds: int, directory: Path) -> list[dict[str, Any]]:
    from herzschlag.scenarios.from_toml import load  # noqa: PLC0415

    scenario = load("slave-failure")
    named = tuple(HostSpec(f"host-{98 + index}") for index in range(hosts))
    # States of single VMs speak of three hosts; instants, which are compared, hold for any number.
    expect = msgspec.structs.replace(scenario.expect, state=(), count=())
    cluster = msgspec.structs.replace(scenario.cluster, hosts=named, vms_per_host=1)
    scenario = msgspec.structs.replace(scenario, cluster=cluster, expect=expect)
    found = []
    for mode in ("off", "heartbeats"):
        for number in range(rounds):
            one = _run(scenario, mode, speed, directory / f"{mode}-{number}")
            if one["findings"].get("lateness") == "holds":
                break
            print(f"  capture {mode}, round {number + 1}: {one['because'][:200]}", flush=True)
        found.append(one)
    return found


def _run(scenario: Any, mode: Any, speed: float, where: Path) -> dict[str, Any]:
    from herzschlag.running.runner import RunRequest, run  # noqa: PLC0415

    before = _used_s()
    report = run(RunRequest(scenario=scenario, backend="mininet", speed=speed, seed=1, directory=where, capture=mode))
    file = where / "capture.pcapng"
    captured = pcapng.read(file) if file.exists() else pcapng.Capture((), ())
    return {
        "capture": mode,
        "verdict": report.verdict,
        "because": report.because,
        "findings": {f.checker: f.verdict for f in report.findings},
        "instants": {d.name: d.measured_s for d in report.instants},
        "cpu_s": round(_used_s() - before, 2),
        "bytes": file.stat().st_size if file.exists() else 0,
        "packets": len(captured.packets),
        "dropped": captured.dropped,
    }


def _used_s() -> float:
    """CPU time of this process and of what it waited for: runner and recorder, but not what the sandbox held."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def show_runs(found: list[dict[str, Any]]) -> None:
    off, on = found
    print(f"  {'':32} {'off':>10} {'on':>10}")
    for name in off["instants"]:
        pair = [run["instants"].get(name) for run in found]
        print(f"  {name:32} " + " ".join("         -" if at is None else f"{at:9.3f}s" for at in pair))
    for word, shown in (("verdict", "verdict"), ("cpu_s", "CPU s of runner and recorder"), ("packets", "packets")):
        print(f"  {shown:32} {off[word]!s:>10} {on[word]!s:>10}")
    for word in ("dropped", "bytes"):
        print(f"  {word:32} {off[word]!s:>10} {on[word]!s:>10}")
    same = off["findings"] == on["findings"]
    print(f"  every checker says the same: {'yes' if same else 'no: ' + str([off['findings'], on['findings']])}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=64)
    parser.add_argument("--rate", type=float, default=4000.0)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("recorders", "runs"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        print(json.dumps(record(given.inside, given.hosts, given.rate, given.seconds)))
        return 0
    result: dict[str, Any] = {}
    if given.only != "runs":
        result["recorders"] = recorders(given.hosts, given.rate, given.seconds)
        print(f"recorders, {given.hosts} hosts, {given.rate:g} datagrams a second for {given.seconds:g} s:")
        for one in result["recorders"]:
            share = one["kept"] / one["sent"] / BOTH_SIGHTS
            per = one["cpu_s"] / max(1, one["kept"]) * 1e6
            print(f"  {one['tool']:18} {share:7.2%} of all sights, {one['cpu_s']:6.2f} s CPU, {per:6.1f} us a packet")
    if given.only != "recorders":
        with tempfile.TemporaryDirectory(prefix="herzschlag-bench-") as directory:
            result["runs"] = runs(given.hosts, given.speed, given.rounds, Path(directory))
        print(f"runs, {given.hosts} hosts, speed {given.speed:g}:")
        show_runs(result["runs"])
    if given.json:
        with contextlib.suppress(FileExistsError):
            given.json.parent.mkdir(parents=True)
        given.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
