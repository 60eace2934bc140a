"""The effects of requests on switches, tested on switches in memory."""

import itertools
import threading

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herzschlag.controller.links import Rule
from herzschlag.controller.messages import (
    Configure,
    Done,
    ErrorCode,
    Failed,
    Network,
    Port,
    Request,
    SetCuts,
    Status,
    StatusReply,
)
from herzschlag.controller.service import Service
from tests.support.controller.fakes import FakeSwitch, native_threads

NODES = ["host-98", "host-99", "host-100", "gateway"]
NETWORKS = {
    name: Network(dpid, {node: Port(port, f"02:00:00:00:{dpid:02x}:{port:02x}") for port, node in enumerate(NODES, 1)})
    for name, dpid in (("A", 10), ("B", 11))
}
LINKS = [(network, *pair) for network in NETWORKS for pair in itertools.permutations(NODES, 2)]


def new_service() -> Service:
    return Service("fake", "1", lambda deadline_ns, *, changed: True, native_threads())


def lab() -> tuple[Service, dict[str, FakeSwitch]]:
    service = new_service()
    switches = {name: FakeSwitch(network.dpid) for name, network in NETWORKS.items()}
    for switch in switches.values():
        service.connected(switch)
    done(service, Configure(networks=NETWORKS))
    return service, switches


def done(service: Service, request: Request) -> Done:
    reply = service.answer(request)
    assert isinstance(reply, Done), reply
    return reply


def failed(service: Service, request: Request) -> Failed:
    reply = service.answer(request)
    assert isinstance(reply, Failed), reply
    return reply


def status(service: Service) -> StatusReply:
    reply = service.answer(Status())
    assert isinstance(reply, StatusReply), reply
    return reply


def dead_links(switches: dict[str, FakeSwitch]) -> set[tuple[str, str, str]]:
    """Every link whose packets do not come out where they should."""
    dead = set()
    for name, source, destination in LINKS:
        ports = NETWORKS[name].ports
        out = switches[name].packet(ports[source].port, ports[destination].mac)
        assert out in (None, ports[destination].port), f"{name} {source} -> {destination} came out of port {out}"
        if out is None:
            dead.add((name, source, destination))
    return dead


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sets(st.sampled_from(LINKS)),
            st.sets(st.tuples(st.sampled_from("AB"), st.sampled_from(NODES)), max_size=2),
        ),
        max_size=5,
    )
)
def test_exactly_the_ordered_links_are_dead_after_each_order(
    orders: list[tuple[set[tuple[str, str, str]], set[tuple[str, str]]]],
) -> None:
    service, switches = lab()
    for silent, ports_down in orders:
        done(service, SetCuts(silent=tuple(silent), ports_down=tuple(ports_down)))
        without_carrier = {
            link for link in LINKS if (link[0], link[1]) in ports_down or (link[0], link[2]) in ports_down
        }
        assert dead_links(switches) == silent | without_carrier


def test_strangers_and_broadcast_are_dropped_and_counted() -> None:
    service, switches = lab()
    assert switches["A"].packet(1, "ff:ff:ff:ff:ff:ff") is None
    assert switches["A"].packet(1, "02:00:00:00:00:77") is None
    assert [switch.table_miss_packets for switch in status(service).switches] == [2, 0]


def test_a_repeat_changes_nothing_and_keeps_the_counts() -> None:
    service, switches = lab()
    order = SetCuts(silent=(("A", "host-98", "host-99"),), ports_down=(("B", "gateway"),))
    assert (done(service, order).flows_changed, done(service, order).flows_changed) == (1, 0)
    dead_links(switches)
    assert done(service, order).ports_changed == 0
    (cut,) = status(service).cuts
    assert (cut.network, cut.src, cut.dst, cut.packets, cut.bytes) == ("A", "host-98", "host-99", 1, 100)


def test_one_order_is_one_change_per_switch() -> None:
    """If links were cut one after the other, half of them would be dead for a moment that was not ordered."""
    service, switches = lab()
    before = len(switches["A"].changes)
    done(service, SetCuts(silent=tuple(link for link in LINKS if link[0] == "A")))
    assert [change.flows_changed for change in switches["A"].changes[before:]] == [12]


def test_a_refused_order_changes_nothing() -> None:
    service, switches = lab()
    done(service, SetCuts(silent=(LINKS[0],)))
    reply = failed(service, SetCuts(silent=(LINKS[1], ("A", "host-98", "host-1")), request_id=5))
    assert (reply.code, reply.request_id) == (ErrorCode.UNKNOWN_NODE, 5)
    assert dead_links(switches) == {LINKS[0]}


def test_cuts_before_a_configuration_are_refused() -> None:
    assert failed(new_service(), SetCuts()).code is ErrorCode.NOT_CONFIGURED


def test_an_order_while_a_switch_is_away_is_refused_and_leaves_the_other_alone() -> None:
    service, switches = lab()
    service.gone(switches["B"])
    assert failed(service, SetCuts(silent=(LINKS[0],))).code is ErrorCode.SWITCH_NOT_CONNECTED
    assert dead_links(switches) == set()


def test_a_status_while_a_switch_is_away_says_so_instead_of_a_number() -> None:
    service, switches = lab()
    done(service, SetCuts(silent=(("A", "host-98", "host-99"), ("B", "host-98", "host-99"))))
    service.gone(switches["B"])
    reply = status(service)
    assert [(switch.network, switch.connected) for switch in reply.switches] == [("A", True), ("B", False)]
    assert [(cut.network, cut.packets) for cut in reply.cuts] == [("A", 0), ("B", None)]


def test_a_switch_that_went_and_came_under_a_new_connection_is_still_there() -> None:
    """The end of the old connection may be noticed after the new one has begun."""
    service, switches = lab()
    newcomer = FakeSwitch(10)
    service.connected(newcomer)
    service.gone(switches["A"])
    done(service, SetCuts(silent=(LINKS[0],)))
    assert dead_links({**switches, "A": newcomer}) == {LINKS[0]}


def test_a_switch_that_forgot_everything_is_brought_up_to_date_when_it_returns() -> None:
    service, switches = lab()
    done(service, SetCuts(silent=(LINKS[0],), ports_down=(("A", "gateway"),)))
    before = dead_links(switches)
    reborn = ReportingSwitch(10)
    service.connected(reborn)
    assert reborn.changed.wait(10)
    assert dead_links({**switches, "A": reborn}) == before


class ReportingSwitch(FakeSwitch):
    """A switch that reports when its first change has taken effect."""

    def __init__(self, dpid: int) -> None:
        super().__init__(dpid)
        self.changed = threading.Event()

    def begin(self, change):  # type: ignore[no-untyped-def]
        finish = super().begin(change)

        def finish_and_say(deadline_ns: int) -> int:
            now_ns = finish(deadline_ns)
            self.changed.set()
            return now_ns

        return finish_and_say


def test_a_restarted_controller_adopts_the_cuts_it_finds() -> None:
    _, switches = lab_with_cuts = lab()
    done(lab_with_cuts[0], SetCuts(silent=(LINKS[0], LINKS[-1]), ports_down=(("A", "gateway"),)))
    before = dead_links(switches)
    restarted = new_service()
    for switch in switches.values():
        switch.changes.clear()
        restarted.connected(switch)
    assert done(restarted, Configure(networks=NETWORKS)).flows_changed == 0
    assert not any(change for switch in switches.values() for change in switch.changes)
    assert dead_links(switches) == before
    assert status(restarted).ports_down == (("A", "gateway"),)
    done(restarted, SetCuts())
    assert dead_links(switches) == set()


def test_rules_of_strangers_are_removed() -> None:
    service = new_service()
    switches = {name: FakeSwitch(network.dpid) for name, network in NETWORKS.items()}
    stray = Rule(32768, None, None, (0xFFFFFFFA,), 0)
    switches["A"].table[stray.key] = stray
    for switch in switches.values():
        service.connected(switch)
    done(service, Configure(networks=NETWORKS))
    assert stray.key not in switches["A"].table


def test_after_a_timeout_the_repeat_reads_the_switch_again_and_finishes() -> None:
    service, switches = lab()
    switches["B"].silent = True
    order = SetCuts(silent=(("A", "host-98", "host-99"), ("B", "host-98", "host-99")))
    assert failed(service, order).code is ErrorCode.TIMEOUT
    switches["B"].silent = False
    assert done(service, order).flows_changed == 1
    assert dead_links(switches) == set(order.silent)


def test_without_the_daemon_the_reply_says_that_it_is_not_certain() -> None:
    service = Service("fake", "1", lambda deadline_ns, *, changed: False, native_threads())
    for network in NETWORKS.values():
        service.connected(FakeSwitch(network.dpid))
    reply = done(service, Configure(networks=NETWORKS))
    assert not reply.certain
    assert reply.asked_ns <= reply.effective_ns
    assert not status(service).certain


@pytest.mark.parametrize("nodes", [["host-98", "host-99"], [*NODES, "host-101"]])
def test_another_configuration_keeps_cuts_whose_nodes_remain(nodes: list[str]) -> None:
    service, switches = lab()
    done(service, SetCuts(silent=(("A", "host-98", "host-99"),)))
    networks = {
        name: Network(network.dpid, {node: network.ports.get(node, Port(9, "02:00:00:00:00:09")) for node in nodes})
        for name, network in NETWORKS.items()
    }
    done(service, Configure(networks=networks))
    ports = networks["A"].ports
    assert switches["A"].packet(ports["host-98"].port, ports["host-99"].mac) is None
    assert switches["A"].packet(ports["host-99"].port, ports["host-98"].mac) == ports["host-98"].port


# --- networks that flood ----------------------------------------------------------------------------------------------

GROUP, STRANGER = "01:00:5e:00:00:12", "00:00:5e:00:01:33"


def flooding_lab() -> tuple[Service, FakeSwitch]:
    service, switch = new_service(), FakeSwitch(10)
    service.connected(switch)
    done(service, Configure(networks={"A": msgspec.structs.replace(NETWORKS["A"], floods=True)}))
    return service, switch


@pytest.mark.parametrize("address", [GROUP, STRANGER, "ff:ff:ff:ff:ff:ff"])
def test_what_no_node_alone_is_meant_by_reaches_all_others(address: str) -> None:
    service, switch = flooding_lab()
    assert switch.copies(1, address) == [2, 3, 4]
    assert switch.copies(3, address) == [1, 2, 4]
    assert switch.packet(1, NETWORKS["A"].ports["host-99"].mac) == 2
    assert [one.packets for one in status(service).flooded] == [1, 0, 1, 0]
    assert [one.table_miss_packets for one in status(service).switches] == [0]


def test_a_directed_cut_keeps_floods_from_its_one_end_alone_and_counts_them() -> None:
    """Otherwise multicast heartbeats would pass every cut, or a cut would have no proof."""
    service, switch = flooding_lab()
    for _ in range(5):
        switch.copies(1, GROUP)  # of before: not what the cut swallows
    done(service, SetCuts(silent=(("A", "host-98", "host-99"),)))
    assert [switch.copies(port, GROUP) for port in (1, 2, 1)] == [[3, 4], [1, 3, 4], [3, 4]]
    assert switch.packet(1, NETWORKS["A"].ports["host-99"].mac) is None
    (cut,) = status(service).cuts
    assert (cut.packets, cut.bytes) == (3, 300)
    done(service, SetCuts())
    done(service, SetCuts(silent=(("A", "host-98", "host-99"),)))
    assert [one.packets for one in status(service).cuts] == [0]


def test_a_cut_that_is_added_leaves_the_count_of_another_alone() -> None:
    service, switch = flooding_lab()
    done(service, SetCuts(silent=(("A", "host-98", "host-99"),)))
    switch.copies(1, GROUP)
    done(service, SetCuts(silent=(("A", "host-98", "host-99"), ("A", "host-98", "host-100"))))
    assert switch.copies(1, GROUP) == [4]
    assert {cut.dst: cut.packets for cut in status(service).cuts} == {"host-99": 2, "host-100": 1}


def test_a_controller_that_adopts_a_cut_counts_its_floods_from_then_on() -> None:
    service, switch = flooding_lab()
    done(service, SetCuts(silent=(("A", "host-98", "host-99"),)))
    switch.copies(1, GROUP)
    after = new_service()
    after.connected(switch)
    done(after, Configure(networks={"A": msgspec.structs.replace(NETWORKS["A"], floods=True)}))
    switch.copies(1, GROUP)
    assert [cut.packets for cut in status(after).cuts] == [1]
