"""The controller's scenes on real packets; `python -m tests.support.controller.scenes SCENE FRAMEWORK`.

They run inside the sandbox of `lab.py`. An assertion that fails ends the scene with its trace.
"""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import time

import msgspec

from herzschlag.controller import ControllerClient, ControllerError, CutStatus, DirectedLink, ErrorCode, Network
from tests.support.controller.lab import Controller, TrafficLab, run
from tests.support.waiting import until

H98, H99, H100 = "host-98", "host-99", "host-100"
CUT: DirectedLink = ("A", H98, H99)


def forwarding(framework: str) -> None:
    """Every node reaches every other on both networks; strangers' addresses are dropped and counted."""
    with TrafficLab(3) as lab:
        controller = Controller(framework)
        assert controller.ready.split()[1] == framework
        with controller.client() as client:
            assert client.configure(lab.networks()).certain
            for network in "AB":
                for source, destination in itertools.permutations(lab.hosts, 2):
                    assert lab.passes(network, source, destination) == 20, (network, source, destination)
            status = client.status()
            assert (status.framework, status.certain) == (framework, True)
            all_counted = {
                (network, node): 40 if node in lab.hosts else 0
                for network in "AB"
                for node in (*lab.hosts, "gateway", "vcenter")
            }

            def counted() -> dict[tuple[str, str], int | None]:
                return {(one.network, one.node): one.packets for one in client.status().forwarded}

            until(lambda: counted() == all_counted, "every packet is counted", state=counted)
            with lab.inside(H98):
                run("ip", "neighbour", "replace", "198.18.1.77", "lladdr", "02:00:00:00:00:77", "dev", "mgmtA")
            before = [switch.table_miss_packets for switch in client.status().switches]
            for _ in range(5):
                lab.send_to("A", H98, "198.18.1.77", "to no host")
            assert before == [0, 0]
            until(lambda: [s.table_miss_packets for s in client.status().switches] == [5, 0], "strangers are counted")


def one_way_cut(framework: str) -> None:
    """A silent cut kills one direction on one network, its counter proves it, and a repeat changes nothing."""
    with TrafficLab(3) as lab, Controller(framework).client() as client:
        client.configure(lab.networks())
        assert client.set_cuts([CUT]).flows_changed == 1
        assert lab.passes("A", H98, H99) == 0
        assert lab.passes("A", H99, H98) == 20
        assert lab.passes("A", H98, H100) == 20
        assert lab.passes("B", H98, H99) == 20
        assert lab.carrier("A", H98)
        assert lab.carrier("A", H99)
        (cut,) = client.status().cuts
        # A datagram of 20 digits and some is some 65 bytes in its frame: count those the kernel sent, no fewer.
        assert (cut.network, cut.src, cut.dst, cut.packets) == (*CUT, 20)
        assert cut.bytes is not None
        assert cut.bytes > 20 * 42
        again = client.set_cuts([CUT])
        assert (again.flows_changed, again.ports_changed) == (0, 0)
        assert client.status().cuts == (cut,), "a repeat must keep the counts"
        client.set_cuts()
        assert lab.passes("A", H98, H99) == 20
        assert client.status().cuts == ()


def next_packet(framework: str) -> None:
    """Not one packet of a burst sent right after the reply goes the old way, in fifty cuts and heals."""
    with TrafficLab(2) as lab, Controller(framework).client() as client:
        client.configure(lab.networks())
        for number in range(50):
            assert lab.passes("A", H98, H99, 5) == 5  # so that the switch has a cached decision to forget
            assert client.set_cuts([CUT]).certain
            for _ in range(10):
                lab.send("A", H98, H99, "must vanish")
            # One that still waits in front of the switch when the cut is healed is forwarded, and rightly so.
            until(lambda: [cut.packets for cut in client.status().cuts] == [10], f"cut {number} drops all of it")
            client.set_cuts()
            for _ in range(10):
                lab.send("A", H98, H99, f"must arrive {number}")
            texts: list[str] = []

            def all_arrived(texts: list[str] = texts, mark: str = f"must arrive {number}") -> bool:
                texts.extend(lab.received("A", H99))
                return texts.count(mark) == 10

            until(all_arrived, f"ten datagrams after heal {number}")
            assert "must vanish" not in texts, f"cut {number}"


def port_down(framework: str) -> None:
    """A port that is down takes the node's carrier, both directions, on one network; and gives it back."""
    with TrafficLab(3) as lab, Controller(framework).client() as client:
        client.configure(lab.networks())
        done = client.set_cuts(ports_down=[("B", H100)])
        assert (done.flows_changed, done.ports_changed) == (0, 1)
        until(lambda: not lab.carrier("B", H100), "host-100 loses its carrier on B")
        assert lab.carrier("A", H100)
        assert lab.carrier("B", H99)
        assert lab.passes("B", H99, H100) == 0
        assert lab.passes("A", H99, H100) == 20
        assert client.status().ports_down == (("B", H100),)
        client.set_cuts()
        until(lambda: lab.carrier("B", H100), "host-100 has its carrier on B again")
        assert lab.passes("B", H99, H100) == 20


def controller_lost(framework: str) -> None:
    """Cuts and forwarding outlive the controller, and a new one takes over without lifting a cut for one packet."""
    with TrafficLab(3) as lab:
        first = Controller(framework)
        with first.client() as client:
            client.configure(lab.networks())
            client.set_cuts([CUT], [("B", H100)])
        assert lab.passes("A", H98, H99) == 0
        first.kill(signal.SIGKILL)
        assert lab.passes("A", H98, H99) == 0
        assert lab.passes("A", H99, H98) == 20
        until(lambda: not lab.carrier("B", H100), "host-100 without carrier")
        lab.received("A", H99)

        over = threading.Event()

        def keep_sending() -> None:
            while not over.is_set():
                lab.send("A", H98, H99, "through the cut")
                time.sleep(0.0005)

        sender = threading.Thread(target=keep_sending)
        sender.start()
        try:
            with Controller(framework).client() as client:
                assert client.configure(lab.networks()).flows_changed == 0, "the new controller knows what it finds"
                assert [(cut.network, cut.src, cut.dst) for cut in client.status().cuts] == [CUT]
                again = client.set_cuts([CUT], [("B", H100)])
                assert (again.flows_changed, again.ports_changed) == (0, 0)
                before = _packets(client.status().cuts)
                until(lambda: _packets(client.status().cuts) > before + 100, "the cut swallows on")
                assert lab.received("A", H99) == []
                assert not lab.carrier("B", H100)
                assert lab.passes("A", H99, H98) == 20
        finally:
            over.set()
            sender.join()


def switch_forgets(framework: str) -> None:
    """A switch whose connection ended and whose rules were lost gets them back, cuts and all, by itself."""
    with TrafficLab(2) as lab, Controller(framework).client() as client:
        client.configure(lab.networks())
        client.set_cuts([CUT])
        run("ovs-vsctl", "del-controller", "sA")
        until(
            lambda: [s.connected for s in client.status().switches] == [False, True], "the controller misses switch A"
        )
        try:
            client.set_cuts()
        except ControllerError as refused:
            assert refused.code is ErrorCode.SWITCH_NOT_CONNECTED
        else:
            raise AssertionError("a cut on a switch that is away must be refused")
        run("ovs-ofctl", "-O", "OpenFlow14", "del-flows", "sA")
        assert lab.passes("A", H99, H98) == 0
        run("ovs-vsctl", "set-controller", "sA", "tcp:127.0.0.1:6653")
        until(lambda: lab.passes("A", H99, H98, 3) == 3, "switch A forwards again")
        assert lab.passes("A", H98, H99) == 0


def floods(framework: str) -> None:
    """Where a network floods, a multicast, a broadcast and a stranger's frame reach all but those who are cut from
    their sender, one way; the cut counts them; the network that does not flood drops them."""
    with TrafficLab(3) as lab, Controller(framework).client() as client:
        networks = lab.networks()
        client.configure({**networks, "A": msgspec.structs.replace(networks["A"], floods=True)})
        with lab.frames("A") as on_a, lab.frames("B") as on_b:
            for to in ("01:00:5e:00:00:12", "ff:ff:ff:ff:ff:ff", "00:00:5e:00:01:33"):
                assert on_a.reached(H98, to, 10) == {H99: 10, H100: 10}
                assert on_b.reached(H98, to, 3) == {}
            client.set_cuts([CUT])
            assert on_a.reached(H98, "01:00:5e:00:00:12", 10) == {H100: 10}
            assert on_a.reached(H99, "01:00:5e:00:00:12", 10) == {H98: 10, H100: 10}
            assert lab.passes("A", H98, H99) == 0
            until(lambda: _packets(client.status().cuts) == 30, "the cut has counted 10 floods and 20 datagrams")
            client.set_cuts()
            assert on_a.reached(H98, "01:00:5e:00:00:12", 10) == {H99: 10, H100: 10}


def many_cuts(framework: str) -> None:
    """A hundred and thirty cuts on both networks are one order, and one more lifts them."""
    with TrafficLab(10) as lab, Controller(framework).client() as client:
        client.configure(lab.networks())
        links = [(network, *pair) for network in "AB" for pair in itertools.permutations(lab.hosts, 2)][:130]
        done = client.set_cuts(links)
        assert done.flows_changed == 130
        assert {(cut.network, cut.src, cut.dst) for cut in client.status().cuts} == set(links)
        for network, source, destination in links:
            lab.send(network, source, destination, "must vanish")
        assert lab.passes("B", "host-107", "host-106") == 20
        until(lambda: {cut.packets for cut in client.status().cuts} == {1}, "each cut has dropped one")
        assert not any(lab.received(network, host) for network in "AB" for host in lab.hosts)
        assert client.set_cuts().flows_changed == 130
        for network, source, destination in links[::7]:
            assert lab.passes(network, source, destination, 3) == 3


def refusals(framework: str) -> None:
    """Wrong orders are refused by name and change nothing; the controller ends by SIGTERM, and by request, at once."""
    with TrafficLab(2) as lab:
        controller = Controller(framework)
        with controller.client() as client:
            _refused(client, [CUT], ErrorCode.NOT_CONFIGURED)
            client.configure(lab.networks())
            _refused(client, [CUT, ("C", H98, H99)], ErrorCode.UNKNOWN_NETWORK)
            _refused(client, [CUT, ("A", H98, "host-7")], ErrorCode.UNKNOWN_NODE)
            assert lab.passes("A", H98, H99) == 20
            networks = {**lab.networks(), "C": Network(0xC, {})}
            try:
                client.configure(networks)
            except ControllerError as refused:
                assert refused.code is ErrorCode.SWITCH_NOT_CONNECTED
            else:
                raise AssertionError("there is no switch of network C")
        controller.kill(signal.SIGTERM)  # fails when it does not end
        another = Controller(framework)
        with another.client() as client:
            client.quit()
        assert another.process.wait(10) == 0


def port_taken(framework: str) -> None:
    """A controller that cannot listen says why and ends, instead of waiting for switches that cannot come."""
    run("ip", "link", "set", "lo", "up")
    first = Controller(framework)
    second = Controller(framework, expect_ready=False)
    assert second.process.wait(20) == 4
    assert "in use" in second.said()
    first.kill()


def _packets(cuts: tuple[CutStatus, ...]) -> int:
    (cut,) = cuts
    assert cut.packets is not None
    return cut.packets


def _refused(client: ControllerClient, silent: list[DirectedLink], code: ErrorCode) -> None:
    try:
        client.set_cuts(silent)
    except ControllerError as refused:
        assert refused.code is code, refused
    else:
        raise AssertionError(f"{silent} must be refused: {code}")


SCENES = {
    scene.__name__: scene
    for scene in (
        forwarding,
        one_way_cut,
        next_packet,
        port_down,
        controller_lost,
        switch_forgets,
        floods,
        many_cuts,
        refusals,
        port_taken,
    )
}

if __name__ == "__main__":
    SCENES[sys.argv[1]](sys.argv[2])
