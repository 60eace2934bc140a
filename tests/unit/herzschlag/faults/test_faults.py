"""Every fault comes down to the primitives it says, on any lab, and refuses what the lab does not have."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herzschlag import faults as f
from herzschlag.faults import primitives as p
from herzschlag.faults.claims import claims, needs_alive
from herzschlag.faults.link_sets import isolate, one_way, split
from herzschlag.topo.catalog import two_networks

LAB = two_networks(4)
NODES = LAB.nodes


def links(fault: f.Fault) -> set[tuple[str, str, str]]:
    return {(c.network, c.src, c.dst) for c in fault.primitives(LAB) if isinstance(c, p.LinkCut)}


def test_an_isolated_host_reaches_no_host_and_no_host_reaches_it() -> None:
    cut = links(f.Isolate(host="host-99"))
    others = [node for node in NODES if node != "host-99"]
    assert cut == {(n, *pair) for n in "AB" for o in others for pair in ((o, "host-99"), ("host-99", o))}


def test_an_isolated_host_may_keep_the_gateway() -> None:
    cut = links(f.Isolate(host="host-99", keep=("gateway",)))
    assert not any("gateway" in link for link in cut)
    assert ("A", "host-99", "vcenter") in cut


@pytest.mark.parametrize(
    ("manner", "kind"),
    [("port-down", p.PortDown), ("host-carrier", p.CarrierDown), ("address", p.AddressGone), ("nftables", p.LinkCut)],
)
def test_a_host_is_cut_off_in_the_manner_asked_for(manner: f.Manner, kind: type) -> None:
    found = f.Isolate(host="host-99", manner=manner).primitives(LAB)
    assert found
    assert {type(item) for item in found} == {kind}
    if kind is p.LinkCut:
        assert {item.at for item in found if isinstance(item, p.LinkCut)} == {"nftables"}


def test_one_way_loss_leaves_the_other_direction() -> None:
    assert links(f.OneWay(src="host-98", dst="host-99", networks="A")) == {("A", "host-98", "host-99")}


def test_a_split_leaves_nodes_in_no_group_with_everyone() -> None:
    cut = links(f.Split(groups=(("host-98",), ("host-99",))))
    assert cut == {(n, *pair) for n in "AB" for pair in (("host-98", "host-99"), ("host-99", "host-98"))}


@given(st.lists(st.sampled_from(NODES), min_size=1, unique=True), st.lists(st.sampled_from(NODES), unique=True))
def test_link_sets_hold_no_link_to_itself_and_only_asked_directions(left: list[str], right: list[str]) -> None:
    both = isolate(left, right, ("A",))
    assert all(a != b for _, a, b in both)
    assert {(n, b, a) for n, a, b in both} == both
    assert one_way(left, right, ("A",)) == {("A", a, b) for a in left for b in right if a != b}
    only_right = [node for node in right if node not in left]
    assert split([left, only_right], ("A",)) == {
        ("A", *pair) for a in left for b in only_right for pair in ((a, b), (b, a))
    }


WRONG = [
    (f.Isolate(host="host-9"), "host", "did you mean 'host-99'"),
    (f.Isolate(host="host-98", networks="C"), "networks", "not a network"),
    (f.Isolate(host="host-98", manner="address", keep=("gateway",)), "keep", "use 'silent'"),
    (f.Split(groups=(("host-98",),)), "groups", "two or more"),
    (f.Split(groups=(("host-98",), ("host-98", "host-99"))), "groups", "bridge"),
    (f.Bridge(over="host-98", groups=(("host-98",), ("host-99",))), "over", "belongs to no group"),
    (f.CutPair(a="host-98", b="host-98"), "b", "must differ"),
    (f.OneWay(src="host-98", dst="host-98"), "dst", "no link"),
    (f.Cut(links=()), "links", "no link"),
    (f.Cut(links=(("A", "host-98", "host-98"),)), "links", "to itself"),
    (f.Cut(links=(("C", "host-98", "host-99"),)), "links", "not a network"),
    (f.PowerOff(host="gateway"), "host", "not a host"),
    (f.PowerOff(host=()), "host", "name one"),
    (f.Storage(host="host-98", access="apd", datastore="vmfs-9"), "datastore", "not a datastore"),
    (f.Storage(host="host-98", access="full"), "host", "a datastore is full for all"),
    (f.Storage(host="host-98", access="slow"), "delay_ms", "above 0 and at most 60000"),
    (f.Storage(host="host-98", access="slow", delay_ms=math.nan), "delay_ms", "above 0"),
    (f.Storage(host="host-98", access="stale", delay_ms=5), "delay_ms", "for access = 'slow' alone"),
    (f.Impair(loss=1.5), "loss", "between 0 and 1"),
    (f.Impair(), "loss", "nothing is impaired"),
    (f.Impair(delay_ms=-1), "delay_ms", "not below 0"),
    (f.Impair(corrupt=2), "corrupt", "between 0 and 1"),
    (f.Impair(burst_packets=3), "loss", "nothing is impaired"),
    (f.Impair(loss=0.5, burst_packets=1.5), "burst_packets", "from 2, which is chance alone"),
    (f.Impair(rate_kbit_s=0.01), "rate_kbit_s", "outside"),
    (f.Impair(to={"los": 1.0}, over_s=5), "to", "did you mean 'loss'"),
    (f.Impair(to={"loss": 1.5}, over_s=5), "to", "a share lies between 0 and 1"),
    (f.Impair(to={"loss": 1.0}), "over_s", "a ramp has both"),
    (f.Impair(loss=0.5, over_s=5), "over_s", "a ramp has both"),
    (f.Impair(to={"loss": 0.0}, over_s=5), "loss", "nothing is impaired"),
    (f.Impair(to={"rate_kbit_s": 5.0}, over_s=5), "to", "0 means any number"),
    (
        f.Impair(loss=0.2, burst_packets=3, to={"loss": 0.9}, over_s=5),
        "burst_packets",
        "loss=0.76: from 4.17, which is chance",
    ),
    (f.Impair(flap_period_s=0.1), "flap_period_s", "0.5 to"),
    (f.Impair(flap_period_s=math.nan), "flap_period_s", "0.5 to"),
    (f.Impair(flap_period_s=5, flap_down=1), "flap_down", "above 0 and below 1"),
    (f.Mtu(host="host-98", mtu=1500), "mtu", "nothing is broken"),
    (f.Reconfigure(options={}), "options", "no option"),
    (f.ClockOffset(host="host-98", offset_s=1e300), "offset_s", "a week"),
    (f.ClockOffset(host="host-98", offset_s=math.nan), "offset_s", "a week"),
    (f.SwitchReboot(networks="A", off_s=0), "off_s", "above 0"),
]


@pytest.mark.parametrize(("fault", "field", "says"), WRONG, ids=lambda value: str(value)[:40])
def test_what_the_lab_does_not_have_is_refused_by_name(fault: f.Fault, field: str, says: str) -> None:
    with pytest.raises(f.FaultError, match=says) as refused:
        fault.primitives(LAB)
    assert refused.value.field == field


def test_every_fault_survives_being_written_down() -> None:
    """Histories hold faults as plain tables; reports and replays read them back."""
    samples: dict[str, f.Fault] = {
        f.kind_of(fault): fault
        for fault in (
            f.Isolate(host=("host-98", "host-99")),
            f.Split(groups=(("host-98",), ("host-99",))),
            f.Bridge(over="host-100", groups=(("host-98",), ("host-99",))),
            f.CutPair(a="host-98", b="host-99"),
            f.OneWay(src="host-98", dst="host-99"),
            f.Cut(links=(("A", "host-98", "host-99"),)),
            f.NetworkDown(networks="A"),
            f.SwitchReboot(networks="all", dark_s=50),
            f.PowerOff(host="all"),
            f.Freeze(host="host-98"),
            f.CrashAgent(host="host-98", watchdog=False),
            f.CrashVcenter(),
            f.GatewayDown(),
            f.GatewaySilent(),
            f.Storage(host="host-98", access="pdl"),
            f.Impair(loss=0.2, delay_ms=5),
            f.Block(host="host-98", what="8182"),
            f.Mtu(host="host-98", mtu=1400),
            f.WrongAddress(host="host-98"),
            f.MissingRoute(host="host-98"),
            f.EnterMaintenance(host="host-98"),
            f.Reconfigure(options={"host_monitoring": False}),
            f.ClockOffset(host="host-98", offset_s=3.5),
            f.VmCrash(vm="vm-1"),
            f.VmHang(vm="vm-1"),
            f.VmPower(vm="vm-1", on=False),
        )
    }
    assert set(samples) == set(f.KINDS)
    for fault in samples.values():
        assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(fault)), f.AnyFault) == fault
        assert fault.primitives(LAB)
        assert fault.describe().startswith(f.kind_of(fault))


def test_faults_that_disturb_the_same_thing_claim_the_same() -> None:
    off, again = f.PowerOff(host="host-98").primitives(LAB), f.PowerOff(host="all").primitives(LAB)
    assert claims(off) & claims(again) == {("power", "host-98")}
    assert not claims(f.Isolate(host="host-98").primitives(LAB))
    assert needs_alive(f.Freeze(host="host-98").primitives(LAB)) == {"host-98"}


def test_faults_in_force_add_up() -> None:
    one, two = f.Isolate(host="host-98").primitives(LAB), f.Isolate(host="host-99").primitives(LAB)
    assert p.combined([one, two]) == set(one) | set(two)
    assert p.combined([one, f.VmCrash(vm="x").primitives(LAB)]) == set(one)


def test_a_flapping_cable_takes_both_ways_together_and_other_networks_flap_by_themselves() -> None:
    fault = f.Impair(src="host-98", dst="host-99", both_ways=True, flap_period_s=10, flap_random=True)
    found = [one for one in fault.primitives(LAB) if isinstance(one, p.Impaired)]
    assert {(one.network, one.src, one.dst) for one in found} == {
        (network, *way) for network in ("A", "B") for way in (("host-98", "host-99"), ("host-99", "host-98"))
    }
    assert {(one.network, one.flap_name) for one in found} == {
        ("A", "A host-98 host-99"),
        ("B", "B host-98 host-99"),
    }


def test_a_fault_without_a_ramp_says_nothing_of_one() -> None:
    assert f.Impair(loss=0.5).describe() == "impair loss=0.5"
    assert f.Impair(to={"loss": 0.5}, over_s=5).describe() == "impair to={'loss': 0.5} over_s=5"
