"""The console that a user sees while a run goes on."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from herzschlag.cli import console
from herzschlag.cli.console import LinePrinter, LiveTable
from herzschlag.faults import PowerOff
from herzschlag.history.records import SECOND, Record
from herzschlag.scenarios.from_toml import load

SCENARIO = load("slave-failure")
FAULT = {
    "fault": "power-off",
    "id": "slave dies",
    "about": PowerOff(host="host-98").describe(),
    "value": {"fault": "power-off", "host": "host-98"},
}


def test_lines_show_what_matters_and_no_more() -> None:
    text = io.StringIO()
    printer = LinePrinter(Console(file=text, width=200), SCENARIO)
    printer(Record(1, 0, "host-98", "role", {"from": "slave", "to": "election", "because": "x"}))
    printer(Record(2, 1, "host-98", "lock", {"path": "p", "to": "held"}))
    assert "slave to election" in text.getvalue()
    assert "held" not in text.getvalue()


def shown(monkeypatch: pytest.MonkeyPatch, *records: Record) -> str:
    """What is on the terminal after the last record: the table is drawn anew over the one before."""
    monkeypatch.setattr(console, "REFRESH_S", 0.0)
    text = io.StringIO()
    terminal = Console(file=text, width=160, force_terminal=True, color_system=None, legacy_windows=False)
    with LiveTable(terminal, SCENARIO) as table:
        for item in records:
            text.seek(0)
            text.truncate()
            table(item)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.getvalue())


def test_the_live_table_shows_roles_states_and_vms(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(
        monkeypatch,
        Record(1, 0, "host-99", "role", {"from": "election", "to": "master", "because": "won"}),
        Record(2, 1, "host-99", "host-state", {"host": "host-98", "to": "connectedToMaster", "because": "x"}),
        Record(3 * SECOND, 2, "host-98", "vm", {"vm": "vm-98-1", "to": "on", "because": "x"}),
    )
    assert "3.0 s protocol time" in text
    row = next(line for line in text.splitlines() if line.strip().startswith("host-98"))
    assert "connectedToMaster" in row
    assert "vm-98-1" in row


def test_a_host_without_power_is_shown_off_and_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(
        monkeypatch,
        Record(1, 0, "host-98", "vm", {"vm": "vm-98-1", "to": "on", "because": "x"}),
        Record(2, 1, "herzschlag", "fault", {"phase": "begin", **FAULT}),
    )
    row = next(line for line in text.splitlines() if line.strip().startswith("host-98"))
    assert "off" in row
    assert "vm-98-1" not in row
    assert "power-off host=host-98" in text
