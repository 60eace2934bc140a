"""The course of a campaign with a crew that answers at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest

from herzschlag.campaign.course import begin, go_on
from herzschlag.campaign.crew import Result, State
from herzschlag.campaign.folder import Folder, Played
from herzschlag.campaign.matrix import Campaign, Cell
from herzschlag.campaign.parcel import Files
from herzschlag.campaign.work import Delivery, Order, failed, order_of, play
from herzschlag.checkers.verdict import Mark
from tests.unit.herzschlag.campaign.campaigns import campaign, cell


class Crew:
    """Plays each order at once, unless it is to answer something else."""

    def __init__(self, place: Path, *others: Result | None, state: State | None = None) -> None:
        self.asked: list[str] = []
        self.moved: list[str] = []
        self._orders: list[Order] = []
        self._place = place
        self._others = others
        self._state = state or State(workers=1, labs=1)

    def ask(self, orders: Iterable[Order]) -> None:
        self._orders = list(orders)
        self.asked = [order.name for order in self._orders]

    def results(self) -> Iterator[Result | None]:
        yield from self._others
        told = {other.order.name for other in self._others if other is not None}
        for order in self._orders:
            if order.name not in told or order.name in self.moved:
                yield Result(order, parcel=play(order, self._place, "tcp://w:1"))

    def elsewhere(self, order: Order, worker: str) -> bool:
        self.moved.append(order.name)
        return len(self.moved) == 1

    def state(self) -> State:
        return self._state


class Noted:
    def __init__(self) -> None:
        self.came_in: list[str] = []
        self.waits: list[str] = []
        self.there = 0

    def was_there(self, runs: int, counts: Counter[Mark]) -> None:
        assert sum(counts.values()) == runs
        self.there = runs

    def came(self, run: Played) -> None:
        self.came_in.append(run.cell.name)

    def now(self, state: State, wait: str) -> None:
        self.waits.append(wait)


def conducted(of: Campaign, folder: Path, crew: Crew) -> tuple[dict[str, Played], Noted]:
    kept, noted = Folder(folder, of), Noted()
    played = begin(kept, noted)
    go_on(of, kept, crew, noted, played)  # type: ignore[arg-type]
    return played, noted


def order_of_first(of: Campaign, **versions: str) -> Order:
    order = order_of(of.cells[0], of)
    return msgspec.structs.replace(order, versions=versions) if versions else order


def test_only_what_is_missing_is_played(tmp_path: Path) -> None:
    first = campaign(cell(0))
    conducted(first, tmp_path / "c", Crew(tmp_path / "w"))
    both = campaign(cell(0), cell(1))
    crew = Crew(tmp_path / "w")
    played, noted = conducted(both, tmp_path / "c", crew)
    assert crew.asked == noted.came_in == [both.cells[1].name]
    assert noted.there == 1 and set(played) == {one.name for one in both.cells}


class InterruptedFolder(Folder):
    """Ctrl-C comes when the run has just been given its place."""

    def store(self, cell: Cell, files: Files) -> Played:
        super().store(cell, files)
        raise KeyboardInterrupt


def test_a_run_that_is_in_the_folder_when_the_user_interrupts_counts_as_played(tmp_path: Path) -> None:
    """The pages that an interrupted campaign leaves say how many runs are missing: this one is not."""
    of = campaign(cell(0), cell(1))
    folder, noted = InterruptedFolder(tmp_path / "c", of), Noted()
    played = begin(folder, noted)
    with pytest.raises(KeyboardInterrupt):
        go_on(of, folder, Crew(tmp_path / "w"), noted, played)  # type: ignore[arg-type]
    assert set(played) == {of.cells[0].name}


def test_a_run_that_is_lost_is_kept_as_failed_and_played_by_the_next_call(tmp_path: Path) -> None:
    of = campaign(cell(0))
    lost = Result(order_of_first(of), trouble="4 workers died")
    played, _ = conducted(of, tmp_path / "c", Crew(tmp_path / "w", lost))
    (run,) = played.values()
    assert (run.complete, run.entry.file.status, run.entry.file.because) == (False, "failed", "4 workers died")
    crew = Crew(tmp_path / "w")
    played, _ = conducted(of, tmp_path / "c", crew)
    assert crew.asked == [of.cells[0].name] and next(iter(played.values())).complete


def test_bytes_that_are_no_run_are_a_failed_run(tmp_path: Path) -> None:
    of = campaign(cell(0))
    played, _ = conducted(of, tmp_path / "c", Crew(tmp_path / "w", Result(order_of_first(of), parcel=b"nonsense")))
    assert "what arrived is not a run" in next(iter(played.values())).entry.file.because


def test_a_worker_that_cannot_play_it_passes_it_on(tmp_path: Path) -> None:
    of = campaign(cell(0))
    wrong = order_of_first(of, herzschlag="0.0.0")
    refused = Result(wrong, parcel=play(wrong, tmp_path / "w", "tcp://w:0"))
    crew = Crew(tmp_path / "w", refused)
    played, noted = conducted(of, tmp_path / "c", crew)
    assert crew.moved == [of.cells[0].name] == noted.came_in
    assert next(iter(played.values())).complete


def test_the_user_is_told_what_it_waits_for(tmp_path: Path) -> None:
    packets = campaign(cell(0, backend="mininet"))
    delivery = Delivery(machine="", worker="", took_s=0.0)
    order = order_of_first(packets)
    answer = Result(order, parcel=failed(order, "x", delivery, tmp_path / "f"))
    for state, says in (
        (State(), "no worker"),
        (State(workers=2), "offers a lab"),
        (State(workers=2, labs=1), ""),
    ):
        _, noted = conducted(packets, tmp_path / "c", Crew(tmp_path / "w", None, answer, state=state))
        assert says in noted.waits[0] and bool(says) == bool(noted.waits[0])
