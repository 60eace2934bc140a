"""A finished run with its packets: the input of everything that reads captures.

This module decides how a run directory becomes values; the files themselves are described in docs/results.md.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from herzschlag.history.records import History, HistoryError, read_history
from herzschlag.packets.passages import CaptureError, Passages, read_passages
from herzschlag.scenarios.from_toml import ScenarioError, loads_family
from herzschlag.scenarios.model import Scenario

RUN_FILE, HISTORY_FILE = "run.json", "history.jsonl"


class _RunFile(msgspec.Struct, frozen=True):
    scenario: str
    scenario_text: str
    status: str = "finished"


class PacketRun(msgspec.Struct, frozen=True, kw_only=True):
    directory: Path
    scenario: Scenario
    history: History
    """Empty for a run that was killed: its packets are there nevertheless."""
    passages: Passages


def read_packet_run(directory: Path) -> PacketRun:
    """Raises CaptureError, with the way out."""
    try:
        file = msgspec.json.decode((directory / RUN_FILE).read_bytes(), type=_RunFile)
        _, _, variant = file.scenario.partition("@")
        (scenario,) = loads_family(file.scenario_text, file.scenario.partition("@")[0], variant)
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
