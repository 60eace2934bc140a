"""Runs of a campaign as values, for the tests beside this file."""

from __future__ import annotations

from pathlib import Path

from herzschlag.campaign.folder import Played
from herzschlag.campaign.matrix import Campaign, Cell
from herzschlag.campaign.work import Delivery
from herzschlag.checkers.verdict import Verdict
from herzschlag.report.summary import Entry
from herzschlag.running.run_file import RunReport, Status
from herzschlag.scenarios.from_toml import load

NORMAL = load("normal")


def cell(seed: int = 0, *, name: str = "", backend: str = "simulation", speed: float = 10.0) -> Cell:
    return Cell(
        name=name or f"normal-{backend}-x{speed:g}-seed{seed}",
        scenario=NORMAL,
        backend="mininet" if backend == "mininet" else "simulation",
        speed=speed,
        seed=seed,
    )


def campaign(*cells: Cell, text: str = "name = 'c'\n") -> Campaign:
    return Campaign(name="c", text=text, datapath="auto", capture="off", capture_limit_mb=None, cells=cells)


def played(
    of: Cell,
    verdict: Verdict = "holds",
    *,
    status: Status = "finished",
    because: str = "",
    detection_s: float | None = None,
    history: str = "h",
    place: Path = Path("nowhere"),
) -> Played:
    file = RunReport(
        scenario="normal", status=status, verdict=verdict, because=because, seed=of.seed, repeat="herzschlag run normal"
    )
    entry = Entry(
        directory=place / of.name, file=file, detection_s=detection_s, failover_s=None, length_s=0.0, case=of.case
    )
    delivery = Delivery(
        machine="m1",
        worker="tcp://10.0.0.1:1",
        took_s=2.0,
        detection_s=detection_s,
        history_sha256=history,
    )
    return Played(cell=of, entry=entry, delivery=delivery)
