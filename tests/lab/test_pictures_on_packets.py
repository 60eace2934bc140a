"""Pictures of a run on real packets: hearts at whole seconds too, where a heartbeat has only just left or is due."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.pictures.instant import instant
from herzschlag.report.model import Model
from herzschlag.report.reading import read_run
from herzschlag.running.run_file import read_report
from tests.support.pictures import layer, said, troubles

pytestmark = pytest.mark.packets
SLAVES = {"host-98", "host-100"}


def test_hearts_are_there_at_whole_seconds_and_between(packet_run: Callable[[str], Path]) -> None:
    directory = packet_run("normal")
    report = read_report(directory)
    assert report.verdict == "holds", report.because
    made = Model(read_run(directory))
    zero_s = made.seconds(0)
    for tenth in range(100):
        for whole in (zero_s + int(-zero_s) + tenth / 10, tenth / 10):  # seconds of the run, and after it was ready
            now = instant(made, whole)
            ways = {(one.source, one.destination, one.network) for one in now.packets if one.kind == "Heartbeat"}
            expected = {(a, b, net) for one in SLAVES for a, b in ((one, "host-99"), ("host-99", one)) for net in "AB"}
            assert ways == expected, f"{len(ways)} of 8 at {whole:.2f} s"


def test_the_command_draws_a_run_on_real_packets(tmp_path: Path, packet_run: Callable[[str], Path]) -> None:
    directory = packet_run("isolation")
    assert read_report(directory).status == "finished"
    out = tmp_path / "x.svg"
    ended = CliRunner().invoke(app, ["picture", str(directory), "--at", "45", "--lang", "de", "--out", str(out)])
    assert ended.exit_code == 0, ended.stderr
    picture = ElementTree.parse(out).getroot()
    assert said(layer(picture, "clock")) == ["T+45,0 s"]
    words = set(said(picture))
    assert {"echte Pakete", "isoliert", "Heartbeat", "Heartbeat, verloren"} <= words
    assert {"Ping an die Isolationsadresse, verloren", "Wahlangebot, verloren"} <= words
    assert troubles(picture) == []
