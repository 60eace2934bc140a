"""The sweeps: what is made worse, from which value to which, and the scenario of each value. Pure.

A sweep is one picture: its x axis is what is made worse, and each of its series is one curve. What a run of it shows is
left to `outcome.py`, the words around the picture to `page.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from bench.lines.steps import BAD_S, BEGIN_S, flapping, stuttering
from herzschlag.faults import ClockOffset, Fault, Freeze, Impair, Isolate, NetworkDown, SwitchReboot
from herzschlag.scenarios.model import Cluster, Scenario, Step

ONE, TWO = ("A",), ("A", "B")
MASTER, SLAVE = "host-99", "host-98"
"""The highest MOID as text wins the election, so in three healthy hosts these are their roles."""
AFTER_S = 40.0
"""How long a run goes on after its last change: an election, and what a new master does about a host it misses."""
AWAKE_S = 2.0
"""A host that stutters works for this long between two stops."""
FLAPPING_PERIOD_S = 20.0
JITTER_MS_MAX = 2000.0

Maker = Callable[[float, int], Scenario]
"""A value of the sweep and a seed to the run."""


class Points(NamedTuple):
    """Where real packets are asked as well."""

    series: str
    values: tuple[float, ...]
    seeds: int = 5


class Sweep(NamedTuple):
    axis: str
    """Title of the x axis, with the unit."""
    values: tuple[float, ...]
    series: dict[str, Maker]
    """Title of each curve to its scenarios."""
    part: float = 1.0
    """Of the runs a value: less where a run is dear, or the seed decides little."""
    points: Points | None = None
    drawn: bool = True
    """As a picture; else its results are a table alone."""


def scenario_of(steps: tuple[Step, ...], networks: tuple[str, ...], settle_s: float) -> Scenario:
    cluster = Cluster(networks=networks, vms_per_host=1, isolation_response="powerOff")
    return Scenario(name="lines", title="bad lines", cluster=cluster, steps=steps, settle_s=settle_s)


def impaired(networks: tuple[str, ...], *faults: Fault) -> Scenario:
    """Lines are bad from the first step to the end."""
    steps = tuple(Step(at_s=BEGIN_S, fault=fault, id=f"bad-{number}") for number, fault in enumerate(faults))
    return scenario_of(steps, networks, BAD_S)


def once(networks: tuple[str, ...], fault: Fault, for_s: float | None) -> Scenario:
    """The fault comes once, and ends."""
    return scenario_of((Step(at_s=BEGIN_S, fault=fault, id="bad", for_s=for_s),), networks, 2 * AFTER_S)


def lossy(networks: tuple[str, ...], src: str = "all", dst: str = "all") -> Maker:
    return lambda loss, seed: impaired(networks, Impair(src=src, dst=dst, loss=loss))


def in_bursts(networks: tuple[str, ...]) -> Maker:
    return lambda packets, seed: impaired(networks, Impair(loss=0.5, burst_packets=packets))


def slow(networks: tuple[str, ...], host: str | None = None) -> Maker:
    """Delays whose mean is the value, in seconds, and which differ by up to JITTER_MS_MAX either way."""

    def make(mean_s: float, seed: int) -> Scenario:
        delay_ms = mean_s * 1000
        jitter_ms = min(delay_ms, JITTER_MS_MAX)
        if host is None:
            return impaired(networks, Impair(delay_ms=delay_ms, jitter_ms=jitter_ms))
        return impaired(
            networks,
            Impair(src=host, delay_ms=delay_ms, jitter_ms=jitter_ms),
            Impair(dst=host, delay_ms=delay_ms, jitter_ms=jitter_ms),
        )

    return make


def flaps(networks: tuple[str, ...], host: str | None, timing: Callable[[float], tuple[float, float]]) -> Maker:
    """Each network flaps by itself: all of it, or one host's line. `timing` makes (period in seconds, share of it that
    is dark) of the value; where in its period each network begins is drawn."""

    def make(value: float, seed: int) -> Scenario:
        draw = random.Random(f"{seed}/flapping")
        period_s, share = timing(value)
        steps: list[Step] = []
        for network in networks:
            fault: Fault = NetworkDown(networks=network) if host is None else Isolate(host=host, networks=network)
            steps += flapping(fault, network, period_s, share, draw.random())
        return scenario_of(tuple(steps), networks, AFTER_S)

    return make


def failing_switch(networks: tuple[str, ...], together: bool) -> Maker:
    """In each second, a line loses everything with the probability of the value. `together`: the lines of the networks
    from one node to another share their fate, as on one switch; else each has its own."""

    def make(loss: float, seed: int) -> Scenario:
        topology = Cluster(networks=networks).topology()
        pairs = [(src, dst) for src in topology.nodes for dst in topology.nodes if src != dst]
        groups = [[(network, src, dst) for network in networks] for src, dst in pairs]
        if not together:
            groups = [[link] for group in groups for link in group]
        return scenario_of(stuttering(groups, loss, random.Random(f"{seed}/switch")), networks, AFTER_S)

    return make


def beyond_loss(name: str) -> Maker:
    """Lines of one network that lose nothing and are bad in another way, as far as the value says (0 to 1)."""

    def make(value: float, seed: int) -> Scenario:
        return impaired(
            ONE,
            {
                "jitter": Impair(delay_ms=JITTER_MS_MAX, jitter_ms=JITTER_MS_MAX * value),
                "reorder": Impair(delay_ms=JITTER_MS_MAX, reorder=value),
                "duplicate": Impair(duplicate=value),
            }[name],
        )

    return make


def leaps(host: str) -> Maker:
    return lambda offset_s, seed: impaired(TWO, ClockOffset(host=host, offset_s=offset_s))


def stutters(host: str) -> Maker:
    """The host does nothing for the value, in seconds, then works for AWAKE_S, and so on."""

    def make(stop_s: float, seed: int) -> Scenario:
        period_s = stop_s + AWAKE_S
        phase = random.Random(f"{seed}/stutter").random()
        return scenario_of(flapping(Freeze(host=host), "stop", period_s, stop_s / period_s, phase), TWO, AFTER_S)

    return make


def paused(host: str) -> Maker:
    return lambda pause_s, seed: once(TWO, Freeze(host=host), pause_s)


def dark(networks: tuple[str, ...], switches: str) -> Maker:
    """A switch restarts: 2 s without carrier, then for the value, in seconds, it forwards nothing."""
    return lambda dark_s, seed: once(networks, SwitchReboot(networks=switches, dark_s=dark_s), None)


def _half(period_s: float) -> tuple[float, float]:
    return period_s, 0.5


def _of_period(share: float) -> tuple[float, float]:
    return FLAPPING_PERIOD_S, share


def _flapping(timing: Callable[[float], tuple[float, float]]) -> dict[str, Maker]:
    return {
        "one network, all of it": flaps(ONE, None, timing),
        "one network, the master's line": flaps(ONE, MASTER, timing),
        "one network, a slave's line": flaps(ONE, SLAVE, timing),
        "two networks, each by itself": flaps(TWO, None, timing),
    }


def _steps(first: float, last: float, step: float) -> tuple[float, ...]:
    return tuple(round(first + k * step, 3) for k in range(round((last - first) / step) + 1))


SWEEPS: dict[str, Sweep] = {
    "loss": Sweep(
        "share of packets lost",
        (0.1, 0.2, *_steps(0.3, 0.9, 0.05)),
        {"one network": lossy(ONE), "two networks": lossy(TWO)},
        points=Points("one network", (0.3, 0.4, 0.5, 0.6, 0.7, 0.9)),
    ),
    "one-way": Sweep(
        "share of packets lost in one direction, one network",
        (*_steps(0.4, 0.6, 0.1), *_steps(0.65, 0.8, 0.05), 0.9, 1.0),
        {
            "from a slave": lossy(ONE, src=SLAVE),
            "to a slave": lossy(ONE, dst=SLAVE),
            "from the master": lossy(ONE, src=MASTER),
            "to the master": lossy(ONE, dst=MASTER),
        },
        part=0.5,
    ),
    "bursts": Sweep(
        "mean length of a burst, packets (half of all packets are lost)",
        (2, 3, 4, 5, 6, 8, 10, 12, 16, 20),
        {"one network": in_bursts(ONE), "two networks": in_bursts(TWO)},
        part=0.4,
    ),
    "delay": Sweep(
        "mean delay of every line, seconds (each packet up to 2 s less or more)",
        (0.5, 1, 2, 3, 4, 5, 6, 7, 8, 10),
        {"one network": slow(ONE), "two networks": slow(TWO)},
        part=0.25,
        points=Points("one network", (3, 5, 6, 8)),
    ),
    "flapping-period": Sweep(
        "period of the flapping, seconds (half of it dark)",
        (2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 30, 40),
        _flapping(_half),
        part=0.1,
    ),
    "flapping-share": Sweep(
        f"dark share of each {FLAPPING_PERIOD_S:g} s",
        _steps(0.1, 0.9, 0.1),
        _flapping(_of_period),
        part=0.1,
    ),
    "one-switch": Sweep(
        "share of seconds in which a line loses everything",
        _steps(0.2, 0.9, 0.1),
        {
            "one network": failing_switch(ONE, together=True),
            "two networks on one switch": failing_switch(TWO, together=True),
            "two networks, each on its own": failing_switch(TWO, together=False),
        },
        part=0.25,
    ),
    "slow-host": Sweep(
        "mean delay of one host's lines, seconds (each packet up to 2 s less or more)",
        (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20),
        {"a slave, one network": slow(ONE, SLAVE), "the master, one network": slow(ONE, MASTER)}
        | {"a slave, two networks": slow(TWO, SLAVE), "the master, two networks": slow(TWO, MASTER)},
        part=0.05,
    ),
    "stutter": Sweep(
        f"length of each stop, seconds ({AWAKE_S:g} s of work between two)",
        (2, 4, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 25, 30),
        {"a slave": stutters(SLAVE), "the master": stutters(MASTER)},
        part=0.05,
    ),
    "pause": Sweep(
        "length of the pause, seconds",
        (1, 5, 8, 9, 10, 12, 15, 17, 18, 20, 24, 25, 28, 30, 34, 35, 40, 50, 60),
        {"a slave": paused(SLAVE), "the master": paused(MASTER)},
        part=0.05,
        points=Points("the master", (5, 20, 40)),
    ),
    "dark": Sweep(
        "seconds of carrier without forwarding (after 2 s without carrier)",
        (0, 1, 2, 3, 4, 5, 8, 10, 15, 20, 25, 30, 35, 40, 50, 60),
        {
            "one network": dark(ONE, "A"),
            "one of two networks": dark(TWO, "A"),
            "two networks on one switch": dark(TWO, "all"),
        },
        part=0.05,
    ),
    "beyond-loss": Sweep(
        "how far",
        (0.25, 0.5, 0.75, 1.0),
        {
            "delays from 0 to 4 s, evenly spread": beyond_loss("jitter"),
            "packets that overtake all others by 2 s": beyond_loss("reorder"),
            "packets doubled": beyond_loss("duplicate"),
        },
        part=0.15,
        drawn=False,
    ),
    "clock": Sweep(
        "seconds by which the clock leaps",
        (-3600, -60, -20, -10, -5, -2, 2, 5, 10, 60, 3600),
        {"a slave": leaps(SLAVE), "the master": leaps(MASTER)},
        part=0.05,
        drawn=False,
    ),
}
