"""A run in virtual time is played again for its packets, which count only if it repeats."""

from __future__ import annotations

from pathlib import Path

import msgspec

from herzschlag.history.records import SECOND, History
from herzschlag.pictures.again import DIFFERS, played, watched, with_packets
from herzschlag.report.reading import read_run
from herzschlag.scenarios.from_toml import load
from tests.support.reports import simulated


def test_every_packet_of_a_run_is_found_again(tmp_path: Path) -> None:
    run = with_packets(read_run(simulated("lost-heartbeat", tmp_path / "run")))
    assert run.traffic.missing == ""
    lost = [d for d in run.traffic.of_kind("Heartbeat") if d.arrived_ns is None]
    assert {(d.source, d.destination, d.network) for d in lost} >= {
        ("host-98", "host-99", "A"),
        ("host-98", "host-99", "B"),
    }
    assert len({d.sent_ns for d in lost}) == 1  # one lost heartbeat, by both networks


def test_a_run_that_does_not_repeat_has_no_packets(tmp_path: Path) -> None:
    run = read_run(simulated("normal", tmp_path / "run"))
    other = msgspec.structs.replace(run, history=History(list(run.history)[:-1]))
    assert with_packets(other).traffic.missing == DIFFERS


def test_a_run_on_real_packets_keeps_what_its_capture_has(tmp_path: Path) -> None:
    run = read_run(simulated("normal", tmp_path / "run"))
    real = msgspec.structs.replace(run, file=msgspec.structs.replace(run.file, backend="mininet"))
    assert with_packets(real) is real


def test_pings_and_their_answers_are_seen() -> None:
    history, traffic = watched(load("isolation"))
    (probing,) = history.where("isolation", phase="probing")
    pings = [d for d in traffic.of_kind("Ping") if d.source == "host-98" and d.destination == "gateway"]
    assert pings
    assert all(d.arrived_ns is None for d in pings if d.sent_ns < probing.at_ns + 60 * SECOND)
    assert played(load("normal")).traffic.of_kind("Pong") == []
