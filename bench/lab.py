"""Time for a lab to start and to stop, beside stock Mininet's for the same topology, in one run.

    python -m bench.lab [--hosts 64] [--rounds 3] [--json FILE]

Both run in a sealed sandbox with a private Open vSwitch and the userspace datapath unless the kernel has the other, and
forward by a plain flow, so that what is compared is the making of the network and nothing else. Up: from the start of
the work until nodes, links and switches are there and the first host's ping has reached the last one on both networks.
Down: stock Mininet by `net.stop()`, without which it leaves its work behind; ours by ending the sandbox. Stock Mininet
runs with `batch=True`: without it, it hangs for good with this many hosts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from herzschlag.topo.catalog import two_networks
from herzschlag.topo.sandbox.sandbox import Sandbox

CHECKOUT = Path(__file__).resolve().parent.parent
ROUND_S_MAX = 600
TARGET_UP, TARGET_DOWN = 3.0, 10.0


def ours(hosts: int) -> dict[str, float]:
    """Inside the sandbox: build, ping, and leave the rest to the end of the sandbox."""
    began = time.monotonic()
    from herzschlag.topo.lab.lab import Lab  # noqa: PLC0415 (its import is part of what a lab costs)

    lab = Lab(two_networks(hosts))
    lab.start()
    for network in lab.spec.networks:
        lab.switches.flows(network, "add-flow", "actions=NORMAL")
    first, last = lab.spec.moids[0], lab.spec.moids[-1]
    for network in lab.spec.networks:
        until_ping(lab.popen, first, lab.spec.address(last, network))
    return {"up_s": time.monotonic() - began}


def stock(hosts: int) -> dict[str, float]:
    """Inside the sandbox: the same topology by Mininet's own means, then its own stop."""
    began = time.monotonic()
    import warnings  # noqa: PLC0415

    warnings.simplefilter("ignore")
    from mininet.net import Mininet  # noqa: PLC0415
    from mininet.node import OVSSwitch  # noqa: PLC0415
    from mininet.topo import Topo  # noqa: PLC0415

    from herzschlag.topo.kernel.probes import kernel_datapath_present  # noqa: PLC0415

    Mininet.inited = True  # it would set limits of the whole machine
    spec = two_networks(hosts)
    open_vswitch()
    kind = {"datapath": "kernel" if kernel_datapath_present() else "user", "failMode": "secure", "batch": True}
    topology = Topo()
    for network in spec.networks:
        topology.addSwitch(f"s{network}", dpid=f"{int(network, 16):x}", **kind)
    for node in spec.nodes:
        name = node.replace("host-", "h")  # its interface names are made of it and would not fit otherwise
        topology.addHost(name, ip=f"{spec.address(node, 'A')}/16")
        for network in spec.networks:
            topology.addLink(name, f"s{network}", params1={"ip": f"{spec.address(node, network)}/16"})
    net = Mininet(topo=topology, switch=OVSSwitch, controller=None)
    net.start()
    for network in spec.networks:
        net[f"s{network}"].dpctl("add-flow", "actions=NORMAL")
    first = spec.moids[0].replace("host-", "h")
    for network in spec.networks:
        until_ping(lambda node, argv: net[node].popen(argv), first, spec.address(spec.moids[-1], network))
    up = time.monotonic()
    net.stop()
    return {"up_s": up - began, "down_s": time.monotonic() - up}


def until_ping(popen: Any, node: str, address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        ping = popen(node, ["ping", "-c", "1", "-W", "1", address])
        ping.communicate()
        if ping.returncode == 0:
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"{node} does not reach {address}")


def open_vswitch() -> None:
    """A private Open vSwitch for stock Mininet, as its users start one."""
    from herzschlag.topo.lab.switches import Switches  # noqa: PLC0415

    switches = Switches("auto")
    switches.start()
    subprocess.run(["ovs-vsctl", "--no-wait", "init"], check=True)


def measure(which: str, hosts: int) -> dict[str, float]:
    """One round in a sandbox of its own; the time to end it is ours alone to count."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with tempfile.TemporaryFile() as log:
        read_end, write_end = os.pipe()
        began = time.monotonic()
        sandbox = Sandbox.start(
            [sys.executable, "-m", "bench.lab", "--inside", which, "--hosts", str(hosts), "--report", str(write_end)],
            env=environment,
            cwd=CHECKOUT,
            pass_fds=[write_end],
            stdout=log,
            stderr=log,
        )
        sandbox_s = time.monotonic() - began
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            line = pipe.readline()
        if not line:
            sandbox.kill()
            log.seek(0)
            raise SystemExit(f"{which} did not come up:\n{log.read().decode(errors='replace')[-2000:]}")
        result: dict[str, float] = json.loads(line)
        ending = time.monotonic()
        sandbox.kill()
        result["end_s"] = time.monotonic() - ending
        result["sandbox_s"] = sandbox_s
        return result


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    parser.add_argument("--inside", choices=["ours", "stock"], help=argparse.SUPPRESS)
    parser.add_argument("--report", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        figures = {"ours": ours, "stock": stock}[options.inside](options.hosts)
        with os.fdopen(options.report, "w") as pipe:
            pipe.write(json.dumps(figures) + "\n")
        time.sleep(ROUND_S_MAX)  # stays up until it is ended from outside
        return 1
    return compare(options.hosts, options.rounds, options.json)


def compare(hosts: int, rounds: int, output: Path | None) -> int:
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "stock": []}
    for _ in range(rounds):
        for which, found in runs.items():  # by turns, so that a busy moment of the machine hits both
            found.append(measure(which, hosts))
    for run in runs["ours"]:
        run["up_s"] += run["sandbox_s"]
        run["down_s"] = run["end_s"]
    median = {
        which: {key: statistics.median(run[key] for run in found) for key in ("up_s", "down_s")}
        for which, found in runs.items()
    }
    up, down = (median["stock"][key] / median["ours"][key] for key in ("up_s", "down_s"))
    lines = [
        f"{hosts} hosts, gateway and vCenter on two networks; medians of {rounds}",
        "",
        f"{'':16}{'up':>10}{'down':>10}",
        *(f"{name:16}{row['up_s']:>9.2f}s{row['down_s']:>9.2f}s" for name, row in median.items()),
        f"{'times faster':16}{up:>10.1f}{down:>10.1f}   (wanted: {TARGET_UP:.0f} and {TARGET_DOWN:.0f})",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    if output is not None:
        output.write_text(json.dumps({"hosts": hosts, "rounds": runs, "median": median}, indent=2) + "\n")
    return 0 if up >= TARGET_UP and down >= TARGET_DOWN else 1


if __name__ == "__main__":
    sys.exit(main())
