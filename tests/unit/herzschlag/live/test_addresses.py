"""At which addresses a server is reached."""

from __future__ import annotations

import ipaddress

import pytest

from herzschlag.live.addresses import is_loopback, reached_at


@pytest.mark.parametrize("host", ["127.0.0.1", "198.51.100.7", "lab.example"])
def test_one_address_is_itself(host: str) -> None:
    assert reached_at(host) == [host]


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_for_all_addresses_those_of_this_machine_are_named_and_loopback_last(host: str) -> None:
    found = reached_at(host)
    assert len(set(found)) == len(found)
    assert found[-1] == "127.0.0.1"
    assert not any(ipaddress.ip_address(one).is_unspecified for one in found)
    assert not any(is_loopback(one) for one in found[:-1])
