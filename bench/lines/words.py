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


SHORT = _wrapped("""
        **In short.** A false failover begins when nothing gets through for long enough, on all networks at
        once: 5 s isolate a master, 10 s make a slave call an election. Single packets that are lost, late,
        doubled or out of order do not matter. VMs are touched only where a host also stops writing to its
        datastores, for 18 s, or hears nothing for so many seconds that it stays isolated while another host
        leads.""")

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

AFTER = {
    "loss": _wrapped("""
        Loss that hits packets by chance must be heavy before it matters: a slave calls an election only
        when ten heartbeats in a row are lost, on two networks twenty. A second network moves the beginning
        far to the right, but not beyond all loss. What comes first is an election, which no VM notices; no
        VM was stopped or restarted in any of these runs, because hosts still write their heartbeats to
        datastores."""),
    "one-way": _wrapped("""
        One bad direction is enough for an election. A host to which nothing comes isolates itself although
        the others hear it, and at 1 that costs its VM: the host stops it by its isolation response, and
        within the run no master starts it again, because it hears the host's election messages and so does
        not take it for isolated; the checker `vms-run` calls such a run violated. Watch the errors of both
        ends of a line; with isolation response "none" the VM goes on."""),
    "bursts": _wrapped("""
        What counts is how long nothing gets through, not how much is lost: half of the packets lost in
        bursts of three is far worse than half of them lost singly, and long bursts on one network are the
        only losses in both directions here that reached VMs: a host was isolated for so many seconds that
        it stopped its own. A mean loss says little; measure the longest silence."""),
    "delay": _wrapped("""
        Delay as such breaks nothing. It is the gap when it sets in that does: longer than 5 s, and the
        master hears no slave and no isolation address, so it isolates itself. Once late packets arrive at
        the rate at which they are sent, the cluster is whole again. A second network that is as slow does
        not help."""),
    "beyond-loss": _wrapped("""
        Packets that come out of order, at uneven intervals or twice bring no false failover."""),
    "flapping-period": _wrapped("""
        The length of one dark stretch decides, not how often it comes: below 5 s nothing happens even if
        the line flaps all day, from 5 s on a master without network isolates itself, from 10 s on a slave
        calls an election. A port that flaps more slowly than that is better switched off for good, by the
        switch's own damping, as far as another network carries on."""),
    "flapping-share": _wrapped("""
        The same boundaries: 5 s of 20 are a quarter, 10 s a half. Two networks help as far as their dark
        stretches do not overlap for that long; when each is dark for half of the time, they often do."""),
    "one-switch": _wrapped("""
        Two networks on one switch are one network: their curve is that of a single one. Two switches, and
        no common power, uplink or firmware update, are what makes the second network worth having."""),
    "dark": _wrapped("""
        One of two networks may be dark for any time. If all are, the hosts isolate themselves, the master
        after 5 s and the slaves some 25 s later, and the first thing lost is the leader: it takes an
        election of 15 s after the switch is back until the cluster is whole. No VM is stopped, because a
        host stops VMs only while some master owns them, and none does here. Switch on PortFast on ports to
        hosts, and restart one switch at a time."""),
    "slow-host": _wrapped("""
        The cluster waits longer for a slow slave than for a slow master: a slave has 10 s, a master that
        hears nothing for 5 s gives up by itself. Both networks are slow together here, so a second one does
        not help, unless only one of the host's lines is slow."""),
    "stutter": _wrapped("""
        A host that works a little between its stops is kept as long as no single stop reaches the limits of
        a pause, below: for the master 10 s, for a slave 18 s. From then on slaves call an election, or its
        VMs are restarted, in each stop anew."""),
    "pause": _wrapped("""
        Up to 9 s nothing happens. From 10 s on slaves elect, but a master that wakes before 25 s simply
        goes on leading. Later there is another master; when the old one wakes, the two meet within a
        heartbeat and one gives in. VMs of a paused slave are restarted after 18 s, those of a paused master
        after 35 s: an election, then the new master's own watch. The woken host finds the locks of its VMs
        taken and stops its copies. Backups, snapshots and live migrations of virtual hosts should pause a
        host for less than 10 s."""),
    "clock": _wrapped("""
        A clock that leaps ahead lets timers run out that had time left: the host calls an election, or
        gives up leading, and is back within seconds. One that is set back stops the host's timers until
        time has caught up: a master is replaced as in a pause, a slave causes no failover. Programs should
        measure time by a clock that cannot be set; where the clock of a hypervisor must be corrected, slew
        it."""),
}
"""Sweep to what its section ends with."""
