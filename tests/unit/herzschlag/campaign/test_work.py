"""What a worker does with an order: a run directory as bytes, whatever happens to the run."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.campaign import parcel, work
from herzschlag.campaign.parcel import lay_out, unpack
from herzschlag.campaign.work import Delivery, Order, order_of, play, read_delivery
from herzschlag.running.run_file import HISTORY_FILE, RunReport, read_report
from tests.unit.herzschlag.campaign.campaigns import campaign, cell


def order(seed: int = 0) -> Order:
    one = cell(seed)
    return order_of(one, campaign(one))


def result(of: Order, folder: Path) -> tuple[RunReport, Delivery]:
    lay_out(unpack(play(of, folder / "place", "tcp://w:1")), folder / "run")
    assert list((folder / "place").iterdir()) == [], "nothing is left on the worker"
    return read_report(folder / "run"), read_delivery(folder / "run")


def test_a_simulation_comes_back_whole(tmp_path: Path) -> None:
    report, delivery = result(order(), tmp_path)
    assert (report.status, report.verdict, report.scenario) == ("finished", "holds", "normal")
    assert {p.name for p in (tmp_path / "run").iterdir()} >= {HISTORY_FILE, "run.json", "scenario.toml", "log"}
    assert delivery.worker == "tcp://w:1" and len(delivery.history_sha256) == 64


def test_two_plays_of_one_order_have_one_history(tmp_path: Path) -> None:
    found = {result(order(), tmp_path / name)[1].history_sha256 for name in "ab"}
    assert len(found) == 1


def test_the_digest_depends_on_what_is_run() -> None:
    assert order(0).digest() == order(0).digest() != order(1).digest()


def test_another_version_plays_nothing(tmp_path: Path) -> None:
    """Its results could not be compared with the others."""
    other = msgspec.structs.replace(order(), versions={"herzschlag": "0.0.0"})
    report, _ = result(other, tmp_path)
    assert (report.status, report.started) == ("unavailable", False)
    assert "the campaign herzschlag 0.0.0: install the same there" in report.because


def test_a_failure_of_ours_is_a_failed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(request: object) -> RunReport:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(work, "run", broken)
    report, _ = result(order(), tmp_path)
    assert (report.status, report.verdict) == ("failed", "unknown")
    assert "RuntimeError: no such thing" in report.because


def test_a_run_too_large_to_travel_keeps_its_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "BYTES_MAX", 56_000)
    report, _ = result(order(), tmp_path)
    assert report.status == "failed" and "at most travel from a worker" in report.because
    assert report.findings
