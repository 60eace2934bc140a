"""Captures of real labs: everything that crossed a switch, both ways, to the last packet, read by name. And the five
situations on both backends, since their runs are here.

A body runs as the first process of a sandbox and is handed the line to the recorder, which is outside.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from herzschlag.compare import compare
from herzschlag.history.capture_facts import CAPTURE_FILE, from_comments
from herzschlag.history.records import read_history
from herzschlag.packets.confirm import TOLERANCE_NS, confirm_run
from herzschlag.packets.passages import Passage
from herzschlag.packets.run import PacketRun, read_packet_run
from herzschlag.packets.traffic import summary
from herzschlag.report import write_report
from herzschlag.running.run_file import HISTORY_FILE, RunReport, read_report
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load, loads
from herzschlag.topo.capture import capture, pcapng
from herzschlag.topo.sandbox.sandbox import Sandbox
from tests.support.reports import SITUATIONS
from tests.support.tshark import TROUBLE, fields
from tests.support.waiting import until

pytestmark = pytest.mark.packets

CHECKOUT = Path(__file__).resolve().parents[2]
SPEED = 10.0
BUSY_MS = 25.0
GOOD_TAG = "1"


# --- a lab without agents: which packets are kept, from where ---------------------------------------------------------

SENDER = """
import socket, sys
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for size, port in ((100, 8182), (5000, 8182), (100, 8183)):
    end.sendto(b"x" * size, (sys.argv[1], port))
"""


def body(line: int, mode: str) -> None:
    """Datagrams from host-98 to host-99 on A, a ping on B; then host-98 is cut off on A and sends again."""
    from herzschlag.topo.catalog import two_networks  # noqa: PLC0415
    from herzschlag.topo.lab.lab import Lab  # noqa: PLC0415 (Mininet: inside the sandbox only)

    with Lab(two_networks(3)) as lab:
        for network in lab.spec.networks:
            lab.switches.flows(network, "add-flow", "actions=NORMAL")
        kept = capture.begin(lab.spec, line, mode)  # type: ignore[arg-type]
        target = lab.spec.address("host-99", "A")
        lab.popen("host-98", [sys.executable, "-c", SENDER, target]).wait()
        lab.popen("host-98", ["ping", "-c", "1", lab.spec.address("host-99", "B")]).wait()
        lab.switches.flows("A", "add-flow", f"priority=40000,in_port={lab.spec.port('host-98')},actions=drop")
        lab.popen("host-98", [sys.executable, "-c", SENDER, target]).wait()
        kept.close()
    os._exit(0)


def captured(mode: str, directory: Path) -> pcapng.Capture:
    file, output = directory / "capture.pcapng", directory / "output"
    with file.open("wb", buffering=0) as out, output.open("wb") as log:
        apart_ns = time.time_ns() - time.monotonic_ns()
        recorder = capture.Recorder.start(out, apart_ns, log)
        sandbox = Sandbox.start(
            [sys.executable, __file__, str(recorder.line), mode],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            pass_fds=[recorder.line],
            stdout=log,
            stderr=log,
            keep=[CHECKOUT],
        )
        recorder.passed()
        assert sandbox.wait(120) == 0, output.read_text()
        assert recorder.wait() == 0, output.read_text()
    return pcapng.read(file)


def sights(found: pcapng.Capture, node: str, network: str, direction: str) -> list[pcapng.Packet]:
    number = [one.name for one in found.interfaces].index(capture.interface_name(node, network))
    return [p for p in found.packets if p.interface == number and p.direction == direction]


def udp_ports(packets: list[pcapng.Packet]) -> Counter[int]:
    """Destination ports; 0 for later fragments."""
    udp = [p.data[14:] for p in packets if p.data[23] == 17]
    later = (int.from_bytes(ip[6:8], "big") & 0x1FFF for ip in udp)
    return Counter(0 if offset else int.from_bytes(ip[22:24], "big") for ip, offset in zip(udp, later, strict=True))


def test_heartbeats_fragments_and_pings_are_kept_where_they_enter_and_where_they_leave(tmp_path: Path) -> None:
    found = captured("heartbeats", tmp_path)
    names = {one.name for one in found.interfaces}
    assert names == {
        f"{node} {network}" for node in ("host-98", "host-99", "host-100", "gateway", "vcenter") for network in "AB"
    }
    whole = {8182: 2, 0: 3}  # the datagram of 5,000 bytes has a first fragment and three others
    assert udp_ports(sights(found, "host-98", "A", "in")) == {port: 2 * count for port, count in whole.items()}
    assert udp_ports(sights(found, "host-99", "A", "out")) == whole  # the second time the switch dropped it all
    for node, direction in (("host-98", "in"), ("host-99", "out"), ("host-99", "in"), ("host-98", "out")):
        pings = [p for p in sights(found, node, "B", direction) if p.data[23] == 1]
        assert len(pings) == 1, (node, direction)
    assert found.received == len(found.packets)
    assert found.dropped == 0
    assert not found.cut


def test_all_means_all(tmp_path: Path) -> None:
    found = captured("all", tmp_path)
    assert udp_ports(sights(found, "host-98", "A", "in"))[8183] == 2
    assert udp_ports(sights(found, "host-99", "A", "out"))[8183] == 1


# --- the five situations ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=SITUATIONS)
def played(request: pytest.FixtureRequest, packet_run: Callable[[str], Path]) -> PacketRun:
    return whole(packet_run(request.param))


def play(name: str, speed: float, directory: Path) -> PacketRun:
    run(RunRequest(scenario=load(name), backend="mininet", speed=speed, seed=1, directory=directory))
    return whole(directory)


def whole(directory: Path) -> PacketRun:
    report = read_report(directory)
    assert report.status == "finished", report.because
    assert not [found for found in report.findings if found.checker == "machinery" and not found.fine], report
    return read_packet_run(directory)


def test_a_run_leaves_one_whole_capture(played: PacketRun) -> None:
    assert played.passages.ended
    assert played.passages.dropped == 0
    assert played.passages.unsent == 0
    assert [p for p in played.passages.packets if p.kind == "Refused"] == []
    report = read_report(played.directory)
    assert report.capture == played.passages.facts


def test_every_datagram_decodes_and_verifies(played: PacketRun) -> None:
    file = played.directory / CAPTURE_FILE
    wanted = ("herzschlag.tag.status", *TROUBLE)
    rows = fields(file, *wanted, filtered="herzschlag && !icmp", key=played.passages.facts.key)
    assert len(rows) > 500
    assert [row for row in rows if row != [GOOD_TAG, *[""] * len(TROUBLE)]] == []


def test_the_timeline_is_confirmed_by_packets_alone(played: PacketRun) -> None:
    """At speed 10 a busy machine is slow: a difference below half of what a checker allows a timer is accepted."""
    found = confirm_run(played)
    assert [one for one in found if one.agreement == "missing"] == []
    assert [one for one in found if abs(one.difference_ms or 0.0) > BUSY_MS] == []


def test_faults_and_roles_are_comments(played: PacketRun) -> None:
    found = pcapng.read(played.directory / CAPTURE_FILE)
    assert from_comments(found.comments) == played.passages.facts
    told = [text for packet in found.packets for text in packet.comments]
    for kind in ("fault", "role"):
        expected = len(played.history.of_kind(kind))
        assert sum(f"  {kind}: " in text for text in told) == expected, kind
    assert [p.at_ns for p in found.packets] == sorted(p.at_ns for p in found.packets)


def test_packets_are_lost_exactly_while_links_are_cut(played: PacketRun) -> None:
    """On the isolated host's links: nothing before, everything after."""
    cut = [record for record in played.history.of_kind("fault") if record.get("fault") == "isolate"]
    if not cut:
        pytest.skip("no link is cut at the switch in this situation")
    host, since_ns = cut[0].get("value")["host"], cut[0].get("effective_ns")

    def concerned(packet: Passage) -> bool:
        return host in (packet.source, packet.destination) and packet.kind == "Heartbeat"

    beats = [packet for packet in played.passages.packets if concerned(packet)]
    before = [packet for packet in beats if packet.entered_ns < since_ns - 20_000_000]
    after = [packet for packet in beats if packet.entered_ns > since_ns]
    assert len(before) > 10 and all(packet.left_ns is not None for packet in before)
    assert len(after) > 10 and all(packet.left_ns is None for packet in after)


def test_the_summary_is_of_the_whole_run(played: PacketRun) -> None:
    found = summary(played)
    assert found.remarks == ()
    assert sum(found.packets.values()) == len(played.passages.packets)
    assert {stream.network for stream in found.streams} == {"A", "B"}
    assert found.delay_ms is not None and 0 < found.delay_ms.median < 100
    if played.scenario.name == "normal":
        assert found.lost == ()


def test_both_backends_tell_the_same_story(played: PacketRun, tmp_path: Path) -> None:
    """The same scenario in virtual time: the same changes in the same order, the same verdict. `make cases` does it
    for every shipped scenario."""
    virtual = run(
        RunRequest(scenario=played.scenario, backend="simulation", speed=SPEED, seed=1, directory=tmp_path / "virtual")
    )
    assert virtual.verdict == "holds", virtual.because
    real = read_report(played.directory)
    assert real.verdict == "holds", real.because
    assert compare(read_history(tmp_path / "virtual" / HISTORY_FILE), played.history).because == ""


@pytest.mark.takes(66)
def test_at_speed_1_packets_and_records_agree_within_5_ms(tmp_path: Path) -> None:
    """Or within as much more as the machine itself says that its timers were late."""
    played = play("slave-failure", 1.0, tmp_path / "run")
    late_ns = max(record.get("max_ns") for record in played.history.of_kind("lateness"))
    found = {one.name: one for one in confirm_run(played) if one.difference_ms is not None}
    assert found.keys() == {"slave unreachable", "slave declared dead", "restarts begin"}
    room_ms = (TOLERANCE_NS + late_ns) / 1e6
    assert [one for one in found.values() if abs(one.difference_ms or 0.0) > room_ms] == []
    detection_s = found["slave declared dead"].detection_s
    assert detection_s is not None and abs(detection_s - 18.0) < 0.15


# --- killed -----------------------------------------------------------------------------------------------------------


def test_the_capture_of_a_killed_run_is_complete_to_the_last_packet(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "herzschlag", "run", "normal", "--speed", "10", "--out", str(tmp_path / "runs")]
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=CHECKOUT)
        try:
            (file,) = until(partial(_captures, tmp_path), "a capture")
            until(lambda: len(_read(file).packets) > 200, "two hundred packets")
        finally:
            killed_ns = time.time_ns()
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    until(lambda: _read(file).received is not None, "the recorder's last word")
    found = _read(file)
    assert not found.cut
    assert found.received == len(found.packets)
    interval_ns = 10**9 / SPEED
    assert found.packets[-1].at_ns > killed_ns - 1.5 * interval_ns
    listing = subprocess.run(
        [sys.executable, "-m", "herzschlag", "packets", str(file.parent)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert listing.returncode == 0, listing.stderr
    assert "the run was killed before it wrote its history" in listing.stdout


def _captures(directory: Path) -> list[Path]:
    return list(directory.glob(f"runs/[0-9]*/*/{CAPTURE_FILE}"))


def _read(file: Path) -> pcapng.Capture:
    try:
        return pcapng.read(file)
    except pcapng.PcapngError:
        return pcapng.Capture((), ())  # nothing of it is written yet


def test_without_capture_a_run_leaves_none(tmp_path: Path) -> None:
    request = RunRequest(
        scenario=load("normal"), backend="mininet", speed=SPEED, seed=1, directory=tmp_path / "run", capture="off"
    )
    report: RunReport = run(request)
    assert report.status == "finished", report.because
    assert report.capture is None
    assert not (tmp_path / "run" / CAPTURE_FILE).exists()


if __name__ == "__main__":
    body(int(sys.argv[1]), sys.argv[2])


def test_a_capture_that_reaches_its_limit_ends_there_and_every_reader_says_so(tmp_path: Path) -> None:
    """The run goes on to its end, and its verdict is that of the records."""
    scenario = loads('name = "much"\ntitle = "Much traffic"\nsettle_s = 60\n[cluster]\nhosts = 8\n', "much.toml")
    request = RunRequest(
        scenario=scenario, backend="mininet", speed=SPEED, seed=1, directory=tmp_path / "run", capture_limit_mb=1
    )
    report = run(request)
    assert report.status == "finished", report.because
    assert "capture.pcapng reached its limit of 1 MB: later packets are missing" in report.because
    history = read_history(tmp_path / "run" / HISTORY_FILE)
    (full,) = history.of_kind("capture-full")
    assert full.fields["limit_bytes"] == 1_000_000
    assert full.at_ns < history.of_kind("end")[0].at_ns
    file = tmp_path / "run/capture.pcapng"
    found = pcapng.read(file)
    events = sum(len(text) + 8 for packet in found.packets for text in packet.comments)
    assert file.stat().st_size - events <= 1_000_000 + 300
    assert found.full_ns is not None and max(packet.at_ns for packet in found.packets) <= found.full_ns
    assert found.received is not None and found.received > len(found.packets), "the recorder counted to the end"
    passed = read_packet_run(tmp_path / "run")
    assert passed.passages.full_ns == pytest.approx(full.at_ns, abs=1_000_000)
    told = summary(passed)
    assert any("reached the limit of its size" in remark for remark in told.remarks)
    assert told.lost == (), "a packet whose end was cut off is not a lost one"
    assert "reached its limit of 1 MB" in write_report(tmp_path / "run").read_text()
