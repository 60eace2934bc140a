"""What an agent remembers of another host: which datagrams it accepted, and when it last heard it, per network.

This module decides whether a datagram is new or a replay. It leaves to `master/liveness.py` what silence means.
"""

from __future__ import annotations

from typing import Literal

from herzschlag.agents.protocol.messages import Election, Heartbeat
from herzschlag.agents.states import DatastoreAccess, Role

REPLAY_WINDOW = 64
"""Datagrams this far behind the newest may still arrive out of order, once each (as in RFC 4303, section 3.4.3)."""

_HALF = REPLAY_WINDOW // 2
_BITS = (1 << _HALF) - 1

Freshness = Literal["new", "replayed", "old-life"]


class _Window:
    """Sequence numbers seen, each once, not too far behind the newest.

    Two halves of 32 bits each, the newer numbers in `near`: compiled code computes such numbers without making objects.
    """

    __slots__ = ("far", "near", "newest")

    def __init__(self) -> None:
        self.newest = -1
        self.near = 0
        self.far = 0

    def forget(self) -> None:
        self.newest = -1
        self.near = 0
        self.far = 0

    def add(self, sequence: int) -> bool:
        """Whether the number is new."""
        ahead = sequence - self.newest
        if ahead > 0:
            if ahead < _HALF:
                self.far = (self.far << ahead | self.near >> (_HALF - ahead)) & _BITS
                self.near = (self.near << ahead | 1) & _BITS
            else:
                self.far = self.near << (ahead - _HALF) & _BITS if ahead < REPLAY_WINDOW else 0
                self.near = 1
            self.newest = sequence
            return True
        behind = -ahead
        if behind >= REPLAY_WINDOW:
            return False
        if behind < _HALF:
            new = not self.near >> behind & 1
            self.near |= 1 << behind
        else:
            new = not self.far >> (behind - _HALF) & 1
            self.far |= 1 << (behind - _HALF)
        return new


class _Path(_Window):
    """One peer on one network, and the datagrams that came by it: one object, for there are many."""

    __slots__ = ("last_heard_ns", "silent")

    def __init__(self) -> None:
        super().__init__()
        self.last_heard_ns: int | None = None
        self.silent = False


class Peer:
    """Another host of the cluster, as far as its datagrams tell."""

    __slots__ = (
        "bit",
        "boot",
        "datastores",
        "handled",
        "hears_us",
        "inventory",
        "joined",
        "knows_us",
        "last_heard_ns",
        "master",
        "moid",
        "offer",
        "offer_ns",
        "paths",
        "reign",
        "role",
        "vms_of_old_boot",
    )

    def __init__(self, moid: str, networks: tuple[str, ...]) -> None:
        self.moid = moid
        self.bit = 1
        """Its place in the list of hosts, as a number with that bit set."""
        self.paths = {network: _Path() for network in networks}
        self.boot = 0
        self.handled = _Window()
        """Messages of this boot that were acted on, whichever network brought them first."""
        self.last_heard_ns: int | None = None
        self.role: Role = "uninitialized"
        self.master = ""
        self.reign = 0
        """A master's: which of its reigns in this boot."""
        self.hears_us = False
        self.knows_us = False
        """It named our life in a datagram, and does so in every later one of its life."""
        self.offer: tuple[int, str] = (0, "")
        """Election offer: goodness, MOID."""
        self.offer_ns: int | None = None
        self.joined = False
        """Connected: it asked this master to take it in, and was welcomed."""
        self.vms_of_old_boot = False
        """It was restarted since its last inventory: VMs missing from the next one went down with the old boot."""
        self.inventory = -1
        self.datastores: dict[str, DatastoreAccess] = {}

    def accept(self, network: str, boot: int, sequence: int, now_ns: int) -> Freshness:
        """Judge a datagram and remember it. With a new boot, everything known of the old one is forgotten."""
        if boot != self.boot:
            if boot < self.boot:
                return "old-life"
            self.meets(boot)
        path = self.paths[network]
        if not path.add(sequence):
            return "replayed"
        path.last_heard_ns = self.last_heard_ns = now_ns
        return "new"

    def meets(self, boot: int) -> None:
        """Nothing but the boot is known of its new life. One that is not newer is not believed."""
        if boot <= self.boot:
            return
        self.vms_of_old_boot = self.boot != 0
        self.boot = boot
        self.handled.forget()
        for path in self.paths.values():
            path.forget()
        self.joined = False
        self.hears_us = self.knows_us = False
        self.offer_ns = None
        self.inventory = -1
        self.role = "uninitialized"
        self.master = ""
        self.reign = 0

    def heartbeat(self, message: Heartbeat, own_bit: int, now_ns: int) -> None:
        """Note what the host says of itself; `own_bit` is our place in the list of hosts that it hears."""
        self.hears_us = bool(message.heard & own_bit)
        self.role, self.master, self.reign = message.role, message.master, message.reign
        if message.role == "master":
            self.offer, self.offer_ns = (message.goodness, self.moid), now_ns

    def offered(self, message: Election, own_bit: int, now_ns: int) -> None:
        self.hears_us = bool(message.heard & own_bit)
        self.role = "election"
        self.offer, self.offer_ns = (message.goodness, self.moid), now_ns

    def heard_within(self, now_ns: int, span_ns: int) -> bool:
        """Whether any datagram of this host came in the last `span_ns`."""
        return self.last_heard_ns is not None and now_ns - self.last_heard_ns <= span_ns
