"""Placeholders of a system's texts, filled for one host."""

import msgspec
import pytest

from herzschlag.systems.filling import detection_s, filled, interval_s
from herzschlag.systems.finding import system_named
from herzschlag.systems.model import with_options
from herzschlag.topo.catalog import two_networks
from herzschlag.wrong_input import InputError

LAB = two_networks(3)
KEEPALIVED = system_named("keepalived")


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("{host} {index} {priority}", "host-99 2 140"),
        ("{A} {B}", "198.18.1.2 198.19.1.2"),
        ("{address} {advert_s}", "198.18.9.9 1"),
        ("{each:,|<host>=<A>:80}", "host-98=198.18.1.1:80,host-99=198.18.1.2:80,host-100=198.18.1.3:80"),
        ("{others:\\n|<B>}", "198.19.1.1\n198.19.1.3"),
        ("block {\n  x 1\n}", "block {\n  x 1\n}"),
    ],
)
def test_a_placeholder_is_filled_and_other_braces_stay(text: str, becomes: str) -> None:
    assert filled(text, KEEPALIVED, LAB, "host-99") == becomes


def test_an_option_may_have_placeholders_itself() -> None:
    unicast = with_options(KEEPALIVED, "unicast", {})
    (file,) = unicast.files
    text = filled(file.text, unicast, LAB, "host-99")
    assert "unicast_src_ip 198.18.1.2\n    unicast_peer {\n        198.18.1.1\n        198.18.1.3\n    }" in text
    assert "unicast" not in filled(file.text, KEEPALIVED, LAB, "host-99")


def test_a_placeholder_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'hosts'"):
        filled("{hots}", KEEPALIVED, LAB, "host-99")


def test_the_interval_of_heartbeats_follows_its_option() -> None:
    assert interval_s(KEEPALIVED) == 1
    assert interval_s(with_options(KEEPALIVED, "fast", {})) == 0.1
    assert KEEPALIVED.heartbeats is not None
    for wrong in ("soon", "{nothing}", 0, "-1", "inf"):
        looks = msgspec.structs.replace(KEEPALIVED.heartbeats, interval_s=wrong)
        with pytest.raises(InputError, match="above 0"):
            interval_s(msgspec.structs.replace(KEEPALIVED, heartbeats=looks))


def test_a_loop_can_have_braces() -> None:
    text = filled("{others: |node <(> id: <index> <)>}", KEEPALIVED, LAB, "host-99")
    assert text == "node { id: 1 } node { id: 3 }"


def test_the_detection_time_follows_its_options() -> None:
    bfd = system_named("frr-bfd")
    assert detection_s(bfd) == pytest.approx((0.3, 0.9))
    assert detection_s(with_options(bfd, "fast", {"multiplier": 5})) == pytest.approx((0.05, 0.25))
    with pytest.raises(InputError, match="above 0"):
        detection_s(with_options(bfd, "", {"multiplier": "many"}))
