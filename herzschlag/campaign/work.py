"""What a worker does: one run, in a directory of its own, which it hands back as bytes.

This module decides where a run is played (a simulation in the worker's own process, because starting one would take
longer than the run; a lab in a process of its own, as in a batch, so that it ends with the worker), that a run which
fails is told as such and never raises, and what a worker measures beside it. It knows nothing of Dask.
"""

from __future__ import annotations

import hashlib
import platform
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from herzschlag import failure
from herzschlag.backends.many import expect_labs
from herzschlag.backends.names import BackendName
from herzschlag.campaign.matrix import Campaign, Cell
from herzschlag.campaign.parcel import ParcelError, pack
from herzschlag.errors import HerzschlagError
from herzschlag.history.records import History, HistoryError, read_history, write_whole
from herzschlag.report.summary import times_s
from herzschlag.running.batch import run_batch
from herzschlag.running.run_file import HISTORY_FILE, LOG_FOLDER, RunReport, Status, write_report
from herzschlag.running.runner import RunRequest, run
from herzschlag.running.versions import versions_here
from herzschlag.scenarios.from_toml import loads_family
from herzschlag.terminal.board import Silent
from herzschlag.topo.spec import Captured, Datapath

DELIVERY_FILE = f"{LOG_FOLDER}/delivery.json"
SCENARIO_FILE = "scenario.toml"
MANY = 10
"""How many labs a worker expects: it is not told, but a campaign has more than one."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A run to be played somewhere."""

    name: str
    scenario: str
    source: str
    text: str
    backend: BackendName
    speed: float
    seed: int
    datapath: Datapath
    capture: Captured
    capture_limit_mb: int | None
    versions: dict[str, str]
    """Of the program that gives the order: version and commit."""

    def digest(self) -> str:
        """Of everything that decides what is run."""
        return hashlib.sha256(msgspec.msgpack.encode(self)).hexdigest()


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """`log/delivery.json`: where a run of a campaign was played, and figures of it for the campaign's page."""

    machine: str
    worker: str
    """The worker's address; empty: none, because the run was never played."""
    took_s: float
    detection_s: float | None = None
    failover_s: float | None = None
    history_sha256: str = ""


def order_of(cell: Cell, campaign: Campaign) -> Order:
    return Order(
        name=cell.name,
        scenario=cell.scenario.name,
        source=cell.scenario.source,
        text=cell.scenario.text,
        backend=cell.backend,
        speed=cell.speed,
        seed=cell.seed,
        datapath=campaign.datapath,
        capture=campaign.capture,
        capture_limit_mb=campaign.capture_limit_mb,
        versions=identity(),
    )


def play(order: Order, place: Path, worker: str) -> bytes:
    """Run it in a temporary folder below `place`; the run directory as a parcel. Raises only what ends the worker."""
    began = time.monotonic()
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=place, ignore_cleanup_errors=True) as folder:
        directory = Path(folder) / "run"
        (directory / LOG_FOLDER).mkdir(parents=True)
        report = _played(order, directory)
        detection, failover = times_s(_history(directory))
        delivery = Delivery(
            machine=platform.node(),
            worker=worker,
            took_s=time.monotonic() - began,
            detection_s=detection,
            failover_s=failover,
            history_sha256=_digest(directory / HISTORY_FILE),
        )
        write_delivery(directory, delivery)
        try:
            return pack(directory)
        except ParcelError as error:
            return failed(order, str(error), delivery, Path(folder) / "failed", report)


def failed(order: Order, because: str, delivery: Delivery, directory: Path, report: RunReport | None = None) -> bytes:
    """The parcel of a run of which there is nothing but the reason and the findings of `report`, if any."""
    (directory / LOG_FOLDER).mkdir(parents=True)
    told = _report(order, directory, "failed", because)
    if report is not None and report.findings:
        told = msgspec.structs.replace(report, status="failed", because=because)
    write_report(told, directory)
    write_delivery(directory, delivery)
    return pack(directory)


def write_delivery(directory: Path, delivery: Delivery) -> None:
    write_whole(directory / DELIVERY_FILE, msgspec.json.encode(delivery) + b"\n")


def read_delivery(directory: Path) -> Delivery:
    """Raises OSError and msgspec.MsgspecError."""
    return msgspec.json.decode((directory / DELIVERY_FILE).read_bytes(), type=Delivery)


def _played(order: Order, directory: Path) -> RunReport:
    if because := unlike(order.versions, "the campaign"):
        return write_report(_report(order, directory, "unavailable", because), directory)
    try:
        request = _request(order, directory)
        if order.backend == "simulation":
            (directory / SCENARIO_FILE).write_text(order.text, encoding="utf-8")
            return run(request)
        expect_labs(MANY)
        (report,) = run_batch([request], 1, Silent())
        return report
    except Exception as error:
        because = str(error) if isinstance(error, HerzschlagError) else failure.line(error, directory / LOG_FOLDER)
        return write_report(_report(order, directory, "failed", because), directory)


def _request(order: Order, directory: Path) -> RunRequest:
    members = loads_family(order.text, order.source)
    scenario = next(member for member in members if member.name == order.scenario)
    return RunRequest(
        scenario=msgspec.structs.replace(scenario, source=order.source),
        backend=order.backend,
        speed=order.speed,
        seed=order.seed,
        directory=directory,
        datapath=order.datapath,
        capture=order.capture,
        capture_limit_mb=order.capture_limit_mb,
    )


def _report(order: Order, directory: Path, status: Status, because: str) -> RunReport:
    return RunReport(
        status=status,
        scenario=order.scenario,
        backend=order.backend,
        speed=order.speed,
        seed=order.seed,
        verdict="unknown",
        because=because,
        directory=str(directory),
        started=False,
        scenario_source=order.source,
        scenario_text=order.text,
        versions=versions_here(),
    )


def _history(directory: Path) -> History:
    try:
        return read_history(directory / HISTORY_FILE)
    except (OSError, HistoryError):
        return History()


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def identity() -> dict[str, str]:
    """What must be the same on both sides for results to be comparable."""
    return {name: text for name, text in versions_here().items() if name in ("herzschlag", "commit")}


def unlike(versions: Mapping[str, str], who: str) -> str:
    """Why this machine's results cannot be compared with those of `who`, which has these versions; empty: they can."""
    here = identity()
    if all(here[name] == text for name, text in versions.items() if name in here):
        return ""
    told = ", ".join(f"{name} {text}" for name, text in here.items())
    wanted = ", ".join(f"{name} {text}" for name, text in versions.items())
    return f"{platform.node()} has {told}, {who} {wanted}: install the same there"
