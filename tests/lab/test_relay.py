"""The relay of bad lines: what passes it unchanged, which packets it loses, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from herzschlag.backends.mininet.stage.priorities import make_urgent
from herzschlag.topo.errors import LabError
from herzschlag.topo.impairments.fate import fate, line_key
from herzschlag.topo.impairments.values import Course, Flap, Impairment, Quality, Stage
from tests.support.ordinary_user import run_as_ordinary_user
from tests.support.sandboxed import BODIES, DEADLINE_S, delivered, impair, inside, run_body, switched_lab

pytestmark = pytest.mark.packets

END_S = 1.0
"""How long the end may be under way on a line that is not dead."""
SLIGHT = Quality(delay_ns=1, burst_packets=2, loss=1e-9)
"""The relay serves it on every kernel, and it does nothing."""
COUNTED = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 8182)); s.settimeout(30)
print("ready", flush=True)
while (data := s.recv(2000)) != b"end": print(int(data))
"""
COUNTING = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(int(sys.argv[2])):
    s.sendto(b"%d" % number, (sys.argv[1], 8182))
    time.sleep(0.001)
for _ in range(20): s.sendto(b"end", (sys.argv[1], 8182))
"""
ENDING = """
import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"end", (sys.argv[1], 8182))
"""
TIMED = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 8182)); s.settimeout(30)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
print("ready", flush=True)
while (data := s.recv(2000)) != b"end":
    number, sent_ns = data.split(); print(int(number), time.monotonic_ns() - int(sent_ns))
"""
TIMING = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(int(sys.argv[2])):
    s.sendto(b"%d %d" % (number, time.monotonic_ns()), (sys.argv[1], 8182))
    time.sleep(0.001)
time.sleep(0.2)
for _ in range(20): s.sendto(b"end", (sys.argv[1], 8182))
"""
GIVEN = """
import hashlib, socket, sys
s = socket.create_server((sys.argv[1], 9000)); print("ready", flush=True)
end, _ = s.accept(); print(hashlib.sha256(end.makefile("rb").read()).hexdigest())
"""
GIVING = """
import hashlib, random, socket, sys
data = random.Random(1).randbytes(5_000_000); print(hashlib.sha256(data).hexdigest())
socket.create_connection((sys.argv[1], 9000)).sendall(data)
"""


def arrived(lab: Any, many: int) -> list[int]:
    """The numbers of the datagrams of host-98 that reach host-99 on A."""
    address = lab.spec.address("host-99", "A")
    receiver = lab.popen("host-99", [sys.executable, "-c", COUNTED, address], text=True)
    assert receiver.stdout.readline() == "ready\n"
    lab.popen("host-98", [sys.executable, "-c", COUNTING, address, str(many)]).communicate(timeout=DEADLINE_S)
    try:
        said, _ = receiver.communicate(timeout=END_S)
    except subprocess.TimeoutExpired:  # the line is dead by now, and lost the end as well: its own host tells it
        lab.popen("host-99", [sys.executable, "-c", ENDING, address]).communicate(timeout=DEADLINE_S)
        said, _ = receiver.communicate(timeout=DEADLINE_S)
    return [int(line) for line in said.split()]


@inside
def test_the_seed_decides_which_packets_are_lost() -> None:
    """A repeat must lose the same packets, and the simulation the same as both."""
    quality = Quality(loss=0.3, burst_packets=4)
    key = line_key(7, ("A", "host-98", "host-99"))
    with switched_lab(2, seed=7) as lab:
        impair(lab, "host-98", links={("A", "host-99"): quality})
        expected = [number for number in range(300) if fate(key, number, quality).delays_ns]
        assert arrived(lab, 300) == expected


@inside
def test_both_ends_of_a_line_measure_what_was_asked_for_within_a_twentieth() -> None:
    """By the sender's numbers and clock and the receiver's, over 1,500 packets, beside what the relay counts itself."""
    quality = Quality(loss=0.3, delay_ns=60_000_000, jitter_ns=30_000_000, duplicate=0.1, corrupt=1e-9)
    with switched_lab(2, seed=5) as lab:
        impair(lab, "host-98", links={("A", "host-99"): quality})
        address = lab.spec.address("host-99", "A")
        receiver = lab.popen("host-99", [sys.executable, "-c", TIMED, address], text=True)
        assert receiver.stdout.readline() == "ready\n"
        lab.popen("host-98", [sys.executable, "-c", TIMING, address, "1500"]).communicate(timeout=DEADLINE_S)
        said = [line.split() for line in receiver.communicate(timeout=DEADLINE_S)[0].splitlines()]
        numbers, delays_ms = [int(number) for number, _ in said], sorted(int(delay) / 1e6 for _, delay in said)
        (line,) = lab.impairments.lines("host-98").values()
        assert abs((1500 - len(set(numbers))) / 1500 - 0.3) < 0.05
        assert abs((len(numbers) - len(set(numbers))) / len(set(numbers)) - 0.1) < 0.05
        assert abs(sum(delays_ms) / len(delays_ms) - 60) < 3 + line.late_max_ns / 1e6
        for share in (0.1, 0.5, 0.9):  # even from 30 to 90 ms
            assert abs(delays_ms[int(share * len(delays_ms))] - (30 + 60 * share)) < 3 + line.late_max_ns / 1e6
        assert abs(line.lost / line.sent - 0.3) < 0.05 and line.sent >= 1500


@inside
def test_a_ramp_rises_and_a_flapping_line_is_down_when_the_seed_says() -> None:
    """The relay follows the course by the clock, as the simulation does."""
    ramp = Course((Stage(0, Quality()), Stage(2_000_000_000, Quality(loss=1.0))))
    flapping = Course((Stage(0, Quality()),), Flap(400_000_000, 0.5))
    with switched_lab(2) as lab:
        lab.impairments.start_relay()
        for course in (ramp, flapping):
            change = Impairment(courses={("A", "host-99"): course})
            lab.impairments.apply(lab.impairments.prepare({"host-98": change}))
            found = arrived(lab, 2200)  # they take more than two seconds
            (line,) = lab.impairments.lines("host-98").values()
            assert 0 < len(found) < 2200 and line.lost > 0
            assert (line.down == line.lost) == (course is flapping)
            assert (found == list(range(len(found)))) == (course is ramp)
            impair(lab, "host-98")


@inside
def test_a_relay_that_stood_still_says_so() -> None:
    """What waits at its TAP meanwhile is late, and no line counts that."""
    started: list[int] = []
    with switched_lab(2) as lab:
        lab.impairments.on_relay = started.append
        assert lab.impairments.take_relay_late_ns() is None
        impair(lab, "host-98", links={("A", "host-99"): SLIGHT})
        lab.impairments.take_relay_late_ns()
        os.kill(started[0], signal.SIGSTOP)
        time.sleep(0.2)
        os.kill(started[0], signal.SIGCONT)
        late_ns = lab.impairments.take_relay_late_ns()
        assert late_ns is not None and late_ns > 150_000_000


def a_line_that_loses_most() -> None:
    with switched_lab(2) as lab:
        impair(lab, "host-98", links={("A", "host-99"): Quality(loss=0.9, burst_packets=20)})
        assert delivered(lab, "host-98", "host-99", "A", 200) < 100
        impair(lab, "host-98", links={("A", "host-99"): SLIGHT})
        assert delivered(lab, "host-98", "host-99", "A", 50) == 50


BODIES["a line"] = a_line_that_loses_most


def test_an_ordinary_user_has_bad_lines(tmp_path: Path) -> None:
    """The length of a queue is set over netlink: the call that is older needs a right over the whole machine."""
    output = tmp_path / "output"
    assert run_as_ordinary_user(__file__, "a line", output) == 0, output.read_text()


@inside
def test_what_passes_a_line_that_does_nothing_is_what_was_sent_and_takes_less_than_a_millisecond() -> None:
    with switched_lab(2) as lab:
        lab.impairments.on_relay = lambda pid: make_urgent([pid])  # as in every run
        for node in ("host-98", "host-99"):
            links = {("A", other): SLIGHT for other in lab.spec.nodes if other != node}
            impair(lab, node, links=links)
        address = lab.spec.address("host-99", "A")
        assert delivered(lab, "host-98", "host-99", "A", 200) == 200
        said = lab.popen("host-98", ["ping", "-c", "3", "-i", "0.01", "-s", "8000", address], text=True)
        assert " 3 received" in said.communicate(timeout=DEADLINE_S)[0], "fragments"
        said = lab.popen("host-98", ["ping", "-c", "3", "-i", "0.01", "-s", "1472", "-M", "do", address], text=True)
        assert " 3 received" in said.communicate(timeout=DEADLINE_S)[0], "full packets"
        taker = lab.popen("host-99", [sys.executable, "-c", GIVEN, address], text=True)
        assert taker.stdout.readline() == "ready\n"
        giver = lab.popen("host-98", [sys.executable, "-c", GIVING, address], text=True)
        assert giver.communicate(timeout=DEADLINE_S)[0] == taker.communicate(timeout=DEADLINE_S)[0] != ""
        impair(lab, "host-98", links={("A", "host-99"): Quality(corrupt=1e-9)})
        assert delivered(lab, "host-98", "host-99", "A", 1000) == 1000
        (line,) = lab.impairments.lines("host-98").values()
        assert line.left >= 1000 and line.delay_sum_ns / line.left < 1_000_000, line


@inside
def test_damaged_packets_arrive_and_are_dropped_by_their_receiver() -> None:
    with switched_lab(2) as lab:
        impair(lab, "host-98", links={("A", "host-99"): Quality(corrupt=1)})
        assert delivered(lab, "host-98", "host-99", "A", 50) == 0
        (line,) = lab.impairments.lines("host-98").values()
        assert line.damaged == line.left == line.sent >= 50
        seen = lab.net["host-99"].cmd("grep '^Udp:' /proc/net/snmp").split("\n")
        counted = dict(zip(seen[0].split(), seen[1].split(), strict=True))
        # A flipped length or port is dropped before the checksum is looked at.
        assert int(counted["InCsumErrors"]) >= 25 and int(counted["InDatagrams"]) == 0, counted


@inside
def test_a_rate_is_kept() -> None:
    with switched_lab(2) as lab:
        impair(lab, "host-98", links={("A", "host-99"): Quality(rate_bit_s=928 * 8 * 50)})  # 50 of them a second
        began_ns = time.monotonic_ns()
        assert delivered(lab, "host-98", "host-99", "A", 60) == 60
        # They arrive at that rate at most, however long the sender takes to send them: 30 to 60 ms where it may.
        assert time.monotonic_ns() - began_ns > 59 * 20_000_000
        (line,) = lab.impairments.lines("host-98").values()
        # The last one waits for those before it, and ends of the stream and ARP come along.
        assert line.sent < 70 and line.delay_max_ns < line.sent * 20_000_000 + line.late_max_ns, line


@inside
def test_without_the_relay_a_bad_line_is_refused_and_its_end_is_told() -> None:
    """A line that silently became perfect, or carried nothing, would be blamed on the protocol."""
    started: list[int] = []
    with switched_lab(2) as lab:
        lab.impairments.on_relay = started.append
        impair(lab, "host-98", links={("A", "host-99"): SLIGHT})
        os.kill(started[0], signal.SIGKILL)
        with pytest.raises(LabError, match="the relay of bad lines ended with status -9"):
            impair(lab, "host-98", links={("A", "host-99"): Quality(corrupt=0.5)})


if __name__ == "__main__":
    run_body()
