"""What a kernel's messages say of addresses."""

import struct

from herzschlag.topo.kernel.addresses import AddressChange, changes
from herzschlag.topo.kernel.netlink import address_message


def test_messages_of_our_own_making_are_understood() -> None:
    come, gone = (address_message(2, "198.18.9.9", 16, present=present) for present in (True, False))
    assert changes(come + gone) == [AddressChange("198.18.9.9", True), AddressChange("198.18.9.9", False)]


def test_others_and_broken_ones_say_nothing() -> None:
    message = address_message(2, "198.18.9.9", 16, present=True)
    assert changes(message[:4] + struct.pack("=H", 16) + message[6:]) == []
    assert changes(message[:10]) == changes(bytes(32)) == []
    for length in range(len(message)):
        changes(message[:length])
