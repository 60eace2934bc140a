"""The scenes of Mininet in a lab: `python -m tests.support.mininet_scenes NAME`, as a sandbox's first process.

The switches forward by themselves: these scenes need no controller.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from herzschlag.controller import installed
from herzschlag.topo.catalog import two_networks
from herzschlag.topo.environment import IMPORTED_FROM
from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel import syscalls
from herzschlag.topo.kernel.probes import kernel_datapath_present
from herzschlag.topo.lab.lab import ControllerAt, Lab
from herzschlag.topo.lab.switches import Switches
from tests.support.controller.lab import Controller, run
from tests.support.waiting import until

STOCK_S_MAX = 100
HERE = "tests.support.mininet_scenes"


@contextlib.contextmanager
def switched_lab(hosts: int = 3) -> Iterator[Lab]:
    with Lab(two_networks(hosts)) as lab:
        for network in lab.spec.networks:
            lab.switches.flows(network, "add-flow", "actions=NORMAL")
        yield lab


def answers(lab: Lab, source: str, destination: str, network: str) -> bool:
    """Whether a ping is answered, by a process that Mininet starts in the source."""
    address = lab.spec.address(destination, network)
    return "1 received" in lab.net[source].cmd(f"ping -c 1 -W 1 {address}")


def kernel_of(net: Any) -> dict[str, Any]:
    """Interfaces, addresses, default routes and ports as the kernel and Open vSwitch have them."""
    found: dict[str, Any] = {}
    for host in net.hosts:
        links = json.loads(host.cmd("ip -json address"))
        found[host.name] = {
            "interfaces": {
                link["ifname"]: [link["address"], *(f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"])]
                for link in links
                if link["ifname"] != "lo"
            },
            "default": [
                (route["gateway"], route["dev"]) for route in json.loads(host.cmd("ip -json route show default"))
            ],
        }
        for interface in found[host.name]["interfaces"].values():
            interface[:] = [value for value in interface if not value.startswith("fe80")]  # stock leaves IPv6 on
    for switch in net.switches:
        ports = run("ovs-vsctl", "list-ports", switch.name).split()
        found[switch.name] = {port: int(run("ovs-vsctl", "get", "Interface", port, "ofport")) for port in ports}
    return found


def graph_of(net: Any) -> list[Any]:
    """Links as Mininet has them."""
    return sorted(
        [
            [one.node.name, one.name, one.node.ports[one], one.IP(), one.MAC() if one.node in net.hosts else None]
            for one in (link.intf1, link.intf2)
        ]
        for link in net.links
    )


def seen(net: Any) -> str:
    """The graph and the kernel in one line, for `py` at a prompt."""
    return json.dumps({"graph": graph_of(net), "kernel": kernel_of(net)})


# --- scenes -----------------------------------------------------------------------------------------------------------


def what_users_know() -> None:
    """Names, commands, pings, links down and up, at Mininet's objects and at its prompt."""
    from herzschlag.topo.mininet.cli import LabPrompt  # noqa: PLC0415

    with switched_lab() as lab:
        net = lab.net
        assert [host.name for host in net.hosts] == ["host-98", "host-99", "host-100", "gateway", "vcenter"]
        assert [switch.name for switch in net.switches] == ["sA", "sB"]
        assert net["host-98"].cmd("hostname").strip() == "host-98"
        assert net.pingAll(timeout="1") == 0.0
        before = kernel_of(net)
        net.configLinkStatus("host-98", "sA", "down")
        assert not answers(lab, "host-99", "host-98", "A")
        assert answers(lab, "host-99", "host-98", "B")
        assert net.pingAll(timeout="1") == 40.0, "8 of 20 pings are from or to host-98"
        lab.power_off("host-98")
        lab.power_on("host-98")
        assert not answers(lab, "host-99", "host-98", "A"), "the lab remembers what Mininet was asked for"
        net.configLinkStatus("host-98", "sA", "up")
        assert answers(lab, "host-99", "host-98", "A")
        assert net.pingAll(timeout="1") == 0.0
        assert kernel_of(net) == before
        assert net["host-98"].cmd("ip neigh show dev mgmtA").count("PERMANENT") == len(lab.spec.nodes)
        script = Path("/tmp/script")
        script.write_text("link host-99 sB down\nlink host-99 sA down\n")
        LabPrompt(net, script=str(script))
        assert not answers(lab, "host-98", "host-99", "A") and not answers(lab, "host-98", "host-99", "B")
        script.write_text("link host-99 sB up\nlink host-99 sA up\nhost-98 ping -c 1 -W 1 host-99 > /tmp/answer\n")
        LabPrompt(net, script=str(script))
        assert "1 received" in lab.net["host-98"].cmd("cat /tmp/answer")


def stop_ends_it() -> None:
    """After net.stop() no node, link or switch is left, and closing the lab again does no harm."""
    with switched_lab() as lab:
        lab.net["host-98"].cmd("sleep 1000 &")
        lab.popen("host-99", ["sleep", "1000"])
        lab.freeze("host-100")
        holders = [lab.pid(node) for node in lab.spec.nodes]
        assert {"sA", "sB", "sA-host-98"} <= interfaces()
        lab.net.stop()
        left = {name for name in interfaces() if name.startswith(("sA", "sB"))}
        assert not left, left
        assert not any(lives(pid) for pid in holders)
        assert "1000" not in run("ps", "ax", "-o", "args")
        assert run("ovs-vsctl", "list-br") == ""


def lives(pid: int) -> bool:
    """Whether the process runs; a dead one waits for the spawner to take its exit status."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def interfaces() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def the_controller() -> None:
    """Mininet's start tells the switches of the controller once it listens; a switch stops and starts."""
    controllers: list[Controller] = []
    at = ControllerAt("127.0.0.1", 6653, lambda: controllers.append(Controller(installed()[0].name)))
    with Lab(two_networks(2), controller=at) as lab:
        net = lab.net
        assert [(one.name, one.IP(), one.port) for one in net.controllers] == [("c0", "127.0.0.1", 6653)]
        assert len(controllers) == 1, "the lab did not wait for the controller"
        until(lambda: net.waitConnected(timeout=0, delay=0.05), "the switches are connected")
        net["sA"].stop()
        assert "sA" not in interfaces() and "sB" in interfaces() and "sA-host-98" in interfaces()
        net["sA"].start(net.controllers)
        assert kernel_of(net)["sA"]["sA-host-98"] == lab.spec.port("host-98")
        until(net["sA"].connected, "the switch is connected again")
        controllers.pop().kill()


def no_link_without_the_graph() -> None:
    """A link that the graph lacks is in no namespace, at no switch and in no table of neighbours."""
    from herzschlag.topo.mininet import topology  # noqa: PLC0415

    class WithoutOne(topology.HerzschlagTopo):
        def addLink(self, node1: str, node2: str, **options: Any) -> Any:
            return None if (node1, node2) == ("host-99", "sB") else super().addLink(node1, node2, **options)

    topology.HerzschlagTopo = WithoutOne  # type: ignore[misc]
    with switched_lab() as lab:
        kernel = kernel_of(lab.net)
        assert list(kernel["host-99"]["interfaces"]) == ["mgmtA"]
        assert list(kernel["host-98"]["interfaces"]) == ["mgmtA", "mgmtB"]
        assert sorted(kernel["sB"]) == ["sB-gateway", "sB-host-100", "sB-host-98", "sB-vcenter"]
        assert "sB-host-99" not in interfaces()
        assert lab.spec.address("host-99", "B") not in lab.net["host-98"].cmd("ip neigh")
        assert answers(lab, "host-98", "host-99", "A") and not answers(lab, "host-98", "host-99", "B")
        try:
            lab.carrier("host-99", "B", False)
        except LabError as error:
            assert "host-99 has no link to network 'B': its networks are A" in str(error), error
        else:
            raise AssertionError("a link that is not there went down")


def nodes_come_and_go() -> None:
    """A host and a link that Mininet is given later, and takes away again."""
    with switched_lab(2) as lab:
        net, before = lab.net, kernel_of(lab.net)
        guest = net.addHost("guest", ip=None, defaultRoute=None)
        link = net.addLink(
            "guest", "sA", port2=99, intfName1="mgmtA", intfName2="sA-guest", params1={"ip": "198.18.9.9/16"}
        )
        until(lambda: kernel_of(net)["sA"].get("sA-guest") == 99, "its port is there")
        assert "1 received" in guest.cmd(f"ping -c 1 -W 1 {lab.spec.address('host-98', 'A')}")
        assert "1 received" in net["host-98"].cmd("ping -c 1 -W 1 198.18.9.9")
        pid = lab.pid("guest")
        net.delLink(link)
        assert "sA-guest" not in interfaces()
        assert "0 received" in net["host-98"].cmd("ping -c 1 -W 1 198.18.9.9")
        net.delNode(guest)
        assert not lives(pid)
        net["sA"].detach("sA-guest")
        assert kernel_of(net) == before


def attached() -> None:
    """The prompt's process has the whole graph, commands, pings, links, but it made nothing and ends nothing."""
    from herzschlag.topo.mininet.attached import Attached, attach  # noqa: PLC0415

    with switched_lab(2) as lab:
        net = attach(lab.spec, lab.datapath, Attached({node: lab.pid(node) for node in lab.spec.nodes}))
        assert graph_of(net) == graph_of(lab.net)
        assert [host.pid for host in net.hosts] == [host.pid for host in lab.net.hosts]
        assert net.pingAll(timeout="1") == 0.0
        net.configLinkStatus("host-98", "sA", "down")
        assert not answers(lab, "host-99", "host-98", "A")
        net.configLinkStatus("host-98", "sA", "up")
        assert answers(lab, "host-99", "host-98", "A")
        for change in (net.stop, lambda: net.addHost("guest"), lambda: net.delNode(net["host-98"])):
            try:
                change()
            except LabError as error:
                assert "did not make the lab" in str(error)
            else:
                raise AssertionError("it was allowed")
        assert net.pingAll(timeout="1") == 0.0


def stock() -> None:
    """Stock `mn` with our topology and its own classes: the same graph and kernel state, and every node answers."""
    syscalls.mount("/proc/sys", "/proc/sys", None, syscalls.MS_BIND)
    syscalls.mount("none", "/proc/sys", None, syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY)
    Switches().start()  # users of mn have one already; mn must not raise limits of this machine
    run("ovs-vsctl", "--no-wait", "init")
    script = Path("/tmp/script")
    script.write_text(
        f"py __import__('{HERE}', fromlist=['seen']).seen(net)\npy net['host-98'].cmd('ping -c 1 -W 1 198.19.1.2')\n"
    )
    switch = "ovsbr" if kernel_datapath_present() else "ovsbr,datapath=user"
    done = subprocess.run(
        [
            *(
                sys.executable,
                Path(sys.executable).with_name("mn"),
                "--custom",
                f"{IMPORTED_FROM}/topo/mininet/topology.py",
            ),
            *("--topo", "herzschlag,3", "--switch", switch, "--controller", "none", "--nolistenport"),
            *("--post", script, "--test", "pingall"),
        ],
        env={**os.environ, "PYTHONPATH": IMPORTED_FROM},
        capture_output=True,
        text=True,
        timeout=STOCK_S_MAX,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "Results: 0% dropped (20/20 received)" in said, said
    assert said.count("1 received") == 1, said
    found = json.loads(next(line for line in said.splitlines() if line.startswith('{"graph"')))
    run("ovs-vsctl", "emer-reset")
    assert run("ovs-vsctl", "list-br") == ""
    sys.stdout.write(json.dumps(found) + "\n")


def ours() -> None:
    """Our own lab, with which `stock` is compared."""
    with switched_lab() as lab:
        sys.stdout.write(seen(lab.net) + "\n")


SCENES: dict[str, Callable[[], None]] = {
    scene.__name__: scene
    for scene in (
        *(what_users_know, stop_ends_it, the_controller, no_link_without_the_graph, nodes_come_and_go, attached),
        *(stock, ours),
    )
}

if __name__ == "__main__":
    SCENES[sys.argv[1]]()
