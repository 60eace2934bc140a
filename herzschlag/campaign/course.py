"""The course of a campaign: what is missing is asked for, what comes back is stored, until nothing is missing.

This module decides what happens to a run that no worker could play, and what the user is told that the campaign waits
for. It leaves where runs are played to the crew, files to the folder.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Protocol

from herzschlag.campaign.crew import Crew, Result, State
from herzschlag.campaign.folder import Folder, Played
from herzschlag.campaign.matrix import Campaign, Cell
from herzschlag.campaign.parcel import ParcelError, unpack
from herzschlag.campaign.work import Delivery, failed, order_of
from herzschlag.checkers.verdict import Mark
from herzschlag.languages import gettext


class Watching(Protocol):
    """Who is told how the campaign goes on."""

    def was_there(self, runs: int, counts: Counter[Mark]) -> None: ...
    def came(self, run: Played) -> None: ...
    def now(self, state: State, wait: str) -> None: ...


def begin(folder: Folder, watching: Watching) -> dict[str, Played]:
    """The runs of earlier commands that are complete, by name. Raises InputError."""
    there = _complete(folder)
    watching.was_there(len(there), Counter(run.entry.file.verdict for run in there.values()))
    return there


def go_on(campaign: Campaign, folder: Folder, crew: Crew, watching: Watching, played: dict[str, Played]) -> None:
    """Play what is not in `played`, which gets each run when it is in the folder, also where KeyboardInterrupt ends it.
    Raises SchedulerGone, and OSError where the folder cannot be written."""
    cells = {cell.name: cell for cell in campaign.cells if cell.name not in played}
    crew.ask(order_of(cell, campaign) for cell in cells.values())
    on_packets = any(cell.backend == "mininet" for cell in cells.values())
    try:
        for result in crew.results():
            if result is None:
                state = crew.state()
                watching.now(state, _waits_for(state, on_packets))
            elif (run := _arrived(cells[result.order.name], result, folder, crew)) is not None:
                played[run.cell.name] = run
                watching.came(run)
    except KeyboardInterrupt:  # maybe just after a run had its place in the folder: the pages count it
        played |= _complete(folder)
        raise


def _complete(folder: Folder) -> dict[str, Played]:
    return {run.cell.name: run for run in folder.there() if run.complete}


def _arrived(cell: Cell, result: Result, folder: Folder, crew: Crew) -> Played | None:
    """The run in the folder; None: another worker has been asked, because the one that had it cannot play it."""
    if not result.trouble:
        try:
            run = folder.store(cell, unpack(result.parcel))
        except ParcelError as error:
            return _lost(cell, result, str(error), folder)
        if run.entry.file.status == "unavailable" and crew.elsewhere(result.order, run.delivery.worker):
            return None
        return run
    return _lost(cell, result, result.trouble, folder)


def _lost(cell: Cell, result: Result, because: str, folder: Folder) -> Played:
    """A run of which nothing came back: it failed, and the next call plays it again."""
    delivery = Delivery(machine="", worker="", took_s=0.0)
    with tempfile.TemporaryDirectory(prefix="herzschlag-campaign-") as place:
        return folder.store(cell, unpack(failed(result.order, because, delivery, Path(place) / "run")))


def _waits_for(state: State, on_packets: bool) -> str:
    if not state.workers:
        return gettext("the scheduler has no worker; one is started with: dask worker ADDRESS --resources lab=1")
    if on_packets and not state.labs and not state.under_way:
        return gettext("no worker offers a lab for real packets; one that does is started with --resources lab=1")
    return ""
