"""Cuts become rules, and changes of cuts the smallest change of rules."""

import pytest

from herzschlag.controller.links import (
    Change,
    NetworkCuts,
    Rule,
    SwitchState,
    check_configuration,
    cut_cookie,
    desired_state,
    difference,
    forward_cookie,
    miss_cookie,
    recognise_cuts,
    split_cuts,
)
from herzschlag.controller.messages import ControlError, ErrorCode, Network, Port

MAC_98, MAC_99 = "02:00:00:00:00:98", "02:00:00:00:00:99"
NETWORK = Network(10, {"host-98": Port(1, MAC_98), "host-99": Port(2, MAC_99)})
CUT = NetworkCuts(silent=frozenset({("host-98", "host-99")}))


def test_without_cuts_every_node_is_reached_and_the_rest_is_dropped_and_counted() -> None:
    assert desired_state(NETWORK, NetworkCuts()).rules == {
        Rule(100, None, MAC_98, (1,), forward_cookie(NETWORK, "host-98")),
        Rule(100, None, MAC_99, (2,), forward_cookie(NETWORK, "host-99")),
        Rule(0, None, None, (), miss_cookie()),
    }


def test_a_cut_is_one_drop_rule_above_forwarding_with_a_cookie_of_its_own() -> None:
    cut = desired_state(NETWORK, CUT).rules - desired_state(NETWORK, NetworkCuts()).rules
    assert cut == {Rule(200, 1, MAC_99, (), cut_cookie(NETWORK, "host-98", "host-99"))}


def test_cookies_tell_all_rules_apart() -> None:
    both = NetworkCuts(silent=frozenset({("host-98", "host-99"), ("host-99", "host-98")}))
    rules = desired_state(NETWORK, both).rules
    assert len({rule.cookie for rule in rules}) == len(rules) == 5


def test_a_heal_removes_the_drop_rule_alone() -> None:
    cut, healed = desired_state(NETWORK, CUT), desired_state(NETWORK, NetworkCuts())
    (rule,) = cut.rules - healed.rules
    assert difference(cut, healed) == Change(remove=(rule,))


def test_no_change_is_no_change() -> None:
    state = desired_state(NETWORK, CUT)
    assert not difference(state, state)


def test_a_rule_with_another_output_is_replaced_not_removed_and_added() -> None:
    """If it were removed first, packets would be lost between the two changes."""
    (old,) = {Rule(100, None, MAC_98, (7,), 0)}
    new = Rule(100, None, MAC_98, (1,), forward_cookie(NETWORK, "host-98"))
    change = difference(SwitchState(frozenset({old})), SwitchState(frozenset({new})))
    assert change == Change(add=(new,))


def test_ports_go_down_and_up() -> None:
    down_98 = desired_state(NETWORK, NetworkCuts(ports_down=frozenset({"host-98"})))
    down_99 = desired_state(NETWORK, NetworkCuts(ports_down=frozenset({"host-99"})))
    assert difference(down_98, down_99) == Change(ports_down=(2,), ports_up=(1,))


def test_cuts_are_recognised_from_what_a_switch_holds() -> None:
    """A restarted controller must not lift what it does not know of."""
    cuts = NetworkCuts(frozenset({("host-98", "host-99")}), frozenset({"host-99"}))
    assert recognise_cuts(NETWORK, desired_state(NETWORK, cuts)) == cuts


def test_cuts_of_nodes_that_are_gone_are_not_recognised() -> None:
    held = desired_state(NETWORK, NetworkCuts(frozenset({("host-98", "host-99")}), frozenset({"host-99"})))
    assert recognise_cuts(Network(10, {"host-98": Port(1, MAC_98)}), held) == NetworkCuts()


@pytest.mark.parametrize(
    ("silent", "ports_down", "code", "complaint"),
    [
        ([("C", "host-98", "host-99")], [], ErrorCode.UNKNOWN_NETWORK, "'C'.*there are: A"),
        ([("A", "host-98", "host-1")], [], ErrorCode.UNKNOWN_NODE, "'host-1'.*there are: host-98, host-99"),
        ([("A", "host-1", "host-98")], [], ErrorCode.UNKNOWN_NODE, "host-1"),
        ([], [("A", "host-1")], ErrorCode.UNKNOWN_NODE, "host-1"),
        ([], [("C", "host-98")], ErrorCode.UNKNOWN_NETWORK, "'C'"),
        ([("A", "host-98", "host-98")], [], ErrorCode.MALFORMED, "two different nodes"),
    ],
)
def test_links_that_do_not_exist_are_refused(
    silent: list[tuple[str, str, str]], ports_down: list[tuple[str, str]], code: ErrorCode, complaint: str
) -> None:
    with pytest.raises(ControlError, match=complaint) as refused:
        split_cuts({"A": NETWORK}, silent, ports_down)
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("networks", "complaint"),
    [
        ({}, "at least one"),
        ({"A": Network(0, {})}, "dpid 0"),
        ({"A": Network(2**64, {})}, "dpid"),
        ({"A": Network(1, {}), "B": Network(1, {})}, "A and B share dpid 1"),
        ({"A": Network(1, {"x": Port(0, MAC_98)})}, "port 0 of x"),
        ({"A": Network(1, {"x": Port(0xFFFE, MAC_98)})}, "port 65534 of x"),
        ({"A": Network(1, {"x": Port(1, "02-00-00-00-00-98")})}, "not a unicast MAC"),
        ({"A": Network(1, {"x": Port(1, "FF:FF:FF:FF:FF:FF".lower())})}, "not a unicast MAC"),
        ({"A": Network(1, {"x": Port(1, MAC_98), "y": Port(1, MAC_99)})}, "x and y share port 1"),
        ({"A": Network(1, {"x": Port(1, MAC_98), "y": Port(2, MAC_98)})}, "x and y share MAC"),
    ],
)
def test_configurations_no_switch_could_hold_are_refused(networks: dict[str, Network], complaint: str) -> None:
    with pytest.raises(ControlError, match=complaint) as refused:
        check_configuration(networks)
    assert refused.value.code is ErrorCode.MALFORMED
