"""A finished run with its packets: the input of everything that reads captures.

This module decides how a run directory becomes values; the files themselves are described in docs/results.md.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from herzschlag.history.records import History, HistoryError, read_history
from herzschlag.packets.passages import CaptureError, Passages, read_passages
from herzschlag.running.run_file import HISTORY_FILE, read_report, scenario_of
from herzschlag.scenarios.from_toml import ScenarioError
from herzschlag.scenarios.model import Scenario


class PacketRun(msgspec.Struct, frozen=True, kw_only=True):
    directory: Path
    scenario: Scenario
    history: History
    """Empty for a run that was killed: its packets are there nevertheless."""
    passages: Passages


def read_packet_run(directory: Path) -> PacketRun:
    """Raises CaptureError, with the way out."""
    try:
        scenario = scenario_of(read_report(directory))
    except (OSError, msgspec.MsgspecError, ScenarioError) as error:
        raise CaptureError(
            f"{directory}: {error}: name the directory of a run, as `herzschlag run` prints it"
        ) from None
    try:
        history = read_history(directory / HISTORY_FILE)
    except FileNotFoundError:
        history = History()
    except (OSError, HistoryError) as error:
        raise CaptureError(f"{directory}: {error}") from None
    return PacketRun(
        directory=directory,
        scenario=scenario,
        history=history,
        passages=read_passages(directory),
    )
