"""The words of docs/bad-lines.md around its tables and pictures: what was done, and what follows for a reader."""

from __future__ import annotations

from textwrap import fill

WIDTH = 120


def _wrapped(paragraph: str) -> str:
    return fill(" ".join(paragraph.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def intro(bad_s: float) -> str:
    return _wrapped(f"""
        Three healthy hosts with a VM each, one or two networks, heartbeats each second, datastore heartbeats, isolation
        response "power off". Then lines are bad for {bad_s:.0f} s, or hosts slow, paused or with a wrong clock. No host
        dies, so whatever the cluster does about it is a false failover. From which value on does it begin, and with
        what?""")


READING = (
    _wrapped("""
        Each curve is the share of runs in which any host lost its role, was isolated, or was taken for
        partitioned or dead, or in which a VM was stopped or restarted. The band around a curve is where the
        share lies with 95 % confidence (Wilson's interval). A run is given by its seed, so virtual time
        repeats exactly; what the seed decides is which packets are lost or late and in which moment of its
        period a line goes dark. Diamonds are real packets, the same seeds and the same fates of packets,
        lost by the relay of decision""")
    + "\n[0023](decisions/0023-a-relay-for-bad-lines.md).\n\n"
    + _wrapped("""
        The tables say for each kind of false failover where it begins: the lowest value at which any run
        showed it, and the lowest at which half of them did. What each kind means: **a role changed**: a
        slave missed its master for 10 s and called an election, or a master gave up; users of VMs notice
        nothing. **Isolated**: a host reached neither the others nor its isolation address, a master after 5
        s, a slave after 30 s. **Taken for partitioned**: a master hears nothing of a host, but sees that it
        still writes to its datastores. **Taken for dead**: no network and no datastore heartbeat. Only the
        last two kinds concern VMs: **stopped**, because the host thinks itself isolated or lost its locks,
        and **restarted elsewhere**.""")
)

KINDS = "The curve of one network taken apart, a curve for each kind:"

TITLES = {
    "loss": "Loss, packet by packet",
    "one-way": "Loss in one direction",
    "bursts": "Loss in bursts",
    "delay": "Delay",
    "beyond-loss": "Jitter, reordering, duplicates",
    "flapping-period": "Flapping: how fast",
    "flapping-share": "Flapping: how much of the time",
    "one-switch": "Both networks on one failing switch",
    "dark": "A switch that is dark for 50 s",
    "slow-host": "A slow host: its lines delay everything",
    "stutter": "A slow host: it works, stops, works",
    "pause": "A paused master that wakes",
    "clock": "A clock that leaps",
}
"""Sweep to the title of its section."""

BEFORE = {
    "loss": _wrapped("""
        Every line of every network loses this share of its packets, each packet by itself: heartbeats,
        election messages and the pings of isolation addresses alike."""),
    "one-way": _wrapped("""
        The lines of one host, and of these one direction alone, as with a damaged fibre or a broken
        transmitter. At 1 nothing passes in that direction."""),
    "bursts": _wrapped("""
        Half of all packets are lost, as at 0.5 above, but in a row: the line is bad for this many packets
        on average, then good for as many (Gilbert and Elliott)."""),
    "delay": _wrapped("""
        Every line delays every packet by this much on average, and each by up to 2 s less or more."""),
    "beyond-loss": _wrapped("""
        Lines of one network on which no packet is lost. Each series has the values 0.25, 0.5, 0.75 and 1:
        delays of 2 s that differ by up to this share of 2 s either way; this share of packets that overtake
        the others, which are 2 s late; this share of packets that arrive twice."""),
    "flapping-period": _wrapped("""
        A line that goes and comes: dark for half of each period. All lines of a network, as when a switch
        flaps, or one host's, as with a bad plug. On two networks each flaps with the same period, from a
        moment of its own."""),
    "flapping-share": _wrapped("""
        The same with a fixed period of 20 s, of which this share is dark."""),
    "one-switch": _wrapped("""
        In each second, each line loses everything with this probability. Two networks that share a switch
        lose what one node sends to another on both in the same second; on switches of their own each
        network has seconds of its own."""),
    "dark": _wrapped("""
        A switch restarts: 2 s without carrier. Then its ports have carrier but forward nothing, as with
        spanning tree and without PortFast, where that takes 30 to 50 s. The table says what comes when, in
        seconds after the switch went down."""),
    "slow-host": _wrapped("""
        One host alone is slow: all its lines delay every packet by this much on average, in both
        directions, and each by up to 2 s less or more."""),
    "stutter": _wrapped("""
        One host stops altogether for this long, as when its hypervisor starves or swaps, then works for 2
        s, and so on. Its writes to datastores stop with it."""),
    "pause": _wrapped("""
        The host of the master stops once, with its VM, and goes on later as if nothing had happened.
        Seconds of the first four columns count from the stop, those of the last two from the waking;
        diamonds in the picture, and rows of the table, are real packets."""),
    "clock": _wrapped("""
        The clock by which a host's programs measure time leaps ahead, or back. In brackets when each kind
        was seen first."""),
}

AFTER = dict.fromkeys(TITLES, "x")
