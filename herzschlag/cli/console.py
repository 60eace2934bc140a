"""Terminal output of a run: a live table while it goes on, plain lines in pipes, result tables at the end.

This module decides how records and reports are shown. It leaves judging to the checkers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from herzschlag.backends.names import Backend
from herzschlag.checkers.verdict import Detail, Verdict
from herzschlag.history.records import Record
from herzschlag.history.standing import Standing
from herzschlag.history.words import line
from herzschlag.running.run_file import RunReport
from herzschlag.scenarios.model import Scenario

REFRESH_S = 0.1
STYLES: dict[Verdict, str] = {"holds": "green", "violated": "bold red", "unknown": "yellow"}
ROLE_STYLES = {"master": "bold green", "slave": "green", "election": "yellow", "isolated": "magenta", "off": "red"}
NOTABLE = ("ready", "fault", "role", "host-state", "liveness", "isolation", "restart", "machinery", "vmcp", "guest")
LATEST_LINES = 8


class LinePrinter:
    """Plain lines, for logs and pipes."""

    def __init__(self, console: Console, scenario: Scenario) -> None:
        self._console = console
        self._console.print(f"== {scenario.name}: {scenario.title}", markup=False, highlight=False)

    def __call__(self, record: Record) -> None:
        if record.kind in NOTABLE:
            self._console.print(line(record), markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace


class LiveTable:
    """The cluster at this moment: protocol clock, each host's role and state, its VMs, and what happened last."""

    def __init__(self, console: Console, scenario: Scenario) -> None:
        self._scenario = scenario
        self._hosts = scenario.cluster.topology().moids
        self._standing = Standing()
        self._off: set[str] = set()
        self._faults: dict[str, str] = {}
        self._latest: list[str] = []
        self._clock_s = 0.0
        self._drawn = 0.0
        self._live = Live(self._draw(), console=console, auto_refresh=False, transient=True)

    def __call__(self, record: Record) -> None:
        self._take(record)
        now = time.monotonic()
        if now - self._drawn >= REFRESH_S:
            self._drawn = now
            self._live.update(self._draw(), refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._live.stop()

    def _take(self, record: Record) -> None:
        self._clock_s = max(self._clock_s, record.at_s)
        self._standing.see(record)
        if record.kind == "fault":
            self._take_fault(record)
        if record.kind in NOTABLE:
            self._latest = [*self._latest, line(record)][-LATEST_LINES:]

    def _take_fault(self, record: Record) -> None:
        fields = record.fields
        hosts = fields["value"].get("host", ()) if fields["fault"] == "power-off" else ()
        hosts = {hosts} if isinstance(hosts, str) else set(hosts)
        if fields["phase"] == "begin":
            self._faults[fields["id"]] = fields["about"]
            self._off |= hosts
            self._standing.forget(hosts)
        else:
            self._faults.pop(fields["id"], None)
            self._off -= hosts

    def _draw(self) -> Group:
        faults = ", ".join(self._faults.values()) or "none"
        title = f"{self._scenario.name}   {self._clock_s:8.1f} s protocol time   faults: {faults}"
        table = Table(title=title, box=box.SIMPLE, title_justify="left")
        for column in ("host", "role", "seen by the master as", "VMs"):
            table.add_column(column)
        now = self._standing
        for host in self._hosts:
            role = "off" if host in self._off else now.roles.get(host, "…")
            running = [vm for vm, place in now.running() if place == host]
            vms = " ".join(running[:12]) + (f" and {len(running) - 12} more" if len(running) > 12 else "")
            table.add_row(host, Text(role, style=ROLE_STYLES.get(role, "")), now.seen_as(host, now.masters), vms)
        return Group(table, *(Text(told, no_wrap=True, overflow="ellipsis") for told in self._latest))


def print_report(console: Console, report: RunReport) -> None:
    """The published figures beside the measured ones, then the checks."""
    head = Text(f"{report.scenario} ", style="bold")
    speed = "" if report.backend == Backend.simulation else f", speed {report.speed:g}"  # virtual time has none
    head.append(f"on {report.backend}{speed}: ", style="default")
    head.append(report.verdict, style=STYLES[report.verdict])
    console.print()
    console.print(head)
    console.print(Text(report.title))
    if report.instants:
        console.print(_instants(report.instants))
    for finding in report.findings:
        if finding.verdict == "holds" and not finding.details and finding.checker == "timeline":
            continue
        line = Text("  ")
        line.append(f"{finding.verdict:9}", style=STYLES[finding.verdict])
        line.append(f"{finding.checker}: {finding.because}")
        console.print(line)
    if report.verdict != "holds":
        console.print(Text(f"  because: {report.because}", style=STYLES[report.verdict]))
        console.print(Text(f"  run: {report.directory}   again: {report.repeat}"))


def _instants(instants: Sequence[Detail]) -> Table:
    table = Table(box=box.SIMPLE, padding=(0, 1))
    table.add_column("what happens", no_wrap=True)
    word = " or ".join(dict.fromkeys(item.figure_word for item in instants))
    table.add_column(word, justify="right", no_wrap=True)
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("deviation", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("source")
    for item in instants:
        low, high = item.published_s or (0.0, 0.0)
        published = f"{low:g} s" if low == high else f"{low:g}-{high:g} s"
        measured = "-" if item.measured_s is None else f"{item.measured_s:.2f} s"
        deviation = "-" if item.deviation_s is None else f"{item.deviation_s:+.2f} s"
        verdict = Text(item.verdict, style=STYLES[item.verdict])
        table.add_row(item.name, published, measured, deviation, verdict, item.source)
    return table


def print_summary(console: Console, reports: Sequence[RunReport]) -> None:
    if len(reports) < 2:
        return
    console.print()
    for report in reports:
        line = Text()
        line.append(f"{report.verdict:9}", style=STYLES[report.verdict])
        line.append(f"{report.scenario}  {report.directory}")
        console.print(line)
