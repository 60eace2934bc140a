"""The hearts on the page, which are heartbeats that were sent; those that left no port are lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from herzschlag.agents.protocol.messages import Heartbeat
from herzschlag.faults import Isolate
from herzschlag.history.capture_facts import CAPTURE_FILE
from herzschlag.live.beats import BEATS_MAX, GRACE_S, SAME_WAY_S, CapturedBeats, Sampler, SimulatedBeats
from herzschlag.live.messages import Beat
from herzschlag.topo.capture import pcapng
from tests.support.captures import HandMade
from tests.support.cluster import begin, started
from tests.support.wire_examples import every_message

SAMPLE = next(message for message in every_message() if isinstance(message, Heartbeat))


def a_capture() -> tuple[HandMade, bytes]:
    """Two heartbeats of host-98: both networks, then A alone."""
    made = HandMade()
    for at_s, lost in ((1.0, ()), (2.0, ("B",))):
        heartbeat = msgspec.structs.replace(SAMPLE, **made.head("host-98", at_s))
        made.say(at_s, heartbeat, "host-99", lost=lost)
    made.ping(2.5, "host-98", "gateway", "A", 1, lost=True)
    return made, b"".join(pcapng.encode(made.capture()))


def test_a_heartbeat_that_no_port_let_out_is_lost(tmp_path: Path) -> None:
    made, data = a_capture()
    (tmp_path / CAPTURE_FILE).write_bytes(data)
    beats = CapturedBeats(tmp_path, made.lab)
    arrived = beats.take(100.0)
    assert Counter(arrived) == Counter(
        [Beat("A", "host-98", "host-99", False)] * 2 + [Beat("B", "host-98", "host-99", False)]
    )
    assert beats.take(100.0 + GRACE_S / 2) == []
    assert beats.take(100.0 + GRACE_S * 1.01) == [Beat("B", "host-98", "host-99", True)]
    assert beats.take(200.0) == []


@pytest.mark.parametrize("size", [1, 7, 64, 333])
def test_a_capture_that_grows_in_any_pieces_gives_the_same_hearts(size: int, tmp_path: Path) -> None:
    made, data = a_capture()
    beats = CapturedBeats(tmp_path, made.lab)
    assert beats.take(100.0) == []  # there is no file yet
    found: list[Beat] = []
    with (tmp_path / CAPTURE_FILE).open("wb") as file:
        for at in range(0, len(data), size):
            file.write(data[at : at + size])
            file.flush()
            found += beats.take(100.0)
    found += beats.take(200.0)
    assert sorted((beat.network, beat.lost) for beat in found) == [
        ("A", False),
        ("A", False),
        ("B", False),
        ("B", True),
    ]


def test_simulated_hearts_are_lost_in_a_cut_and_by_the_dead() -> None:
    cluster = started(until_s=20.0)
    beats = SimulatedBeats(cluster)
    cluster.run_until(round(21.5e9))
    before = beats.take(0.0)
    assert before
    assert not any(beat.lost for beat in before)
    begin(cluster, "cut", Isolate(host="host-98", networks="A"))
    cluster.run_until(round(23.5e9))
    after = beats.take(0.0)
    assert {(beat.network, beat.lost) for beat in after if "host-98" in (beat.source, beat.destination)} == {
        ("A", True),
        ("B", False),
    }
    beats.close()
    cluster.run_until(round(25e9))
    assert beats.take(0.0) == []


def test_an_eye_is_shown_one_heart_a_way_and_the_lost_ones_first() -> None:
    sampler = Sampler()
    same = [Beat("A", "host-98", "host-99", False)] * 10
    assert len(sampler.sample(same, 1.0)) == 1
    assert sampler.sample(same, 1.0 + SAME_WAY_S / 2) == []
    assert len(sampler.sample(same, 1.0 + SAME_WAY_S)) == 1
    many = [Beat("A", f"host-{n}", "host-99", n % 100 == 0) for n in range(1000)]
    shown = Sampler().sample(many, 1.0)
    assert len(shown) == BEATS_MAX
    assert sum(beat.lost for beat in shown) == 10


def test_among_many_hosts_every_sender_has_its_heart_each_second() -> None:
    hosts = [f"host-{n}" for n in range(64)]
    second = [
        beat
        for host in hosts[1:]
        for net in "AB"
        for beat in (Beat(net, host, hosts[0], False), Beat(net, hosts[0], host, False))
    ]
    sampler = Sampler(by_sender=True)
    for now_s in (1.0, 2.0, 3.0):
        assert {beat.source for beat in sampler.sample(second, now_s)} == set(hosts)
